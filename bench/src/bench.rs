//! What every measurement needs: servers, load, the data API, and a place for figures.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, ensure};

use crate::data_api::DataApi;
use crate::exchange::exchange_timed;
use crate::figure::{Better, Figures, Unit};
use crate::keys::{Signer, Tokens};
use crate::plan::{Cell, Plan};
use crate::request::{Body, Credential, requests};
use crate::scenario::{Scenario, Served};
use crate::server::{Server, Servers};
use crate::wrk::{Load, Run, Wrk};

/// One run of everything.
pub struct Bench {
    pub plan: Plan,
    pub servers: Servers,
    pub wrk: Wrk,
    pub data_api: DataApi,
    pub signer: Signer,
    pub tokens: Tokens,
    pub figures: Figures,
    /// What could not be measured, and why.
    pub failures: Vec<String>,
    /// What was measured and is no good, and why.
    pub remarks: Vec<String>,
    running: BTreeMap<Served, Server>,
    series: u32,
}

impl Bench {
    pub fn new(plan: Plan, servers: Servers, wrk: Wrk) -> Result<Self> {
        let signer = Signer::load(&servers.root)?;
        Ok(Self {
            tokens: signer.tokens()?,
            signer,
            plan,
            servers,
            wrk,
            data_api: DataApi::start()?,
            figures: Figures::default(),
            failures: Vec::new(),
            remarks: Vec::new(),
            running: BTreeMap::new(),
            series: 0,
        })
    }

    /// Starts a server of its own.
    pub fn start(&self, served: Served) -> Result<Server> {
        let key = self.signer.jwks(1)?;
        let application = served.application(&self.data_api.origin(), &key);
        self.servers
            .start(&application)
            .with_context(|| format!("{served:?}"))
    }

    /// Does something with the server that all scenarios of this kind share, and starts it where
    /// it is not there yet.
    pub fn with_server<T>(
        &mut self,
        served: Served,
        act: impl FnOnce(&mut Self, &Server) -> Result<T>,
    ) -> Result<T> {
        let server = match self.running.remove(&served) {
            Some(server) => server,
            None => self.start(served)?,
        };
        let done = act(self, &server).map_err(|error| match server.last_stderr() {
            said if said.is_empty() => error,
            said => anyhow!("{error:#}; the server said: {said}"),
        });
        self.running.insert(served, server);
        done
    }

    /// Makes load for one round, and checks that all replies are what they should be.
    pub fn load(
        &mut self,
        server: &Server,
        scenario: &Scenario,
        cell: Cell,
        seconds: u32,
    ) -> Result<Run> {
        let series = self.next_series();
        let Cell {
            connections,
            kept_alive,
            body,
        } = cell;
        let requests = requests(scenario.credential, body, kept_alive, &self.tokens, series);
        let load = Load {
            connections,
            seconds,
        };
        let before = self.data_api.answered();
        let run = self.wrk.run(server.address, &requests, load)?;
        let posted = self.data_api.answered() - before;
        run.expect_status(scenario.status)?;
        ensure!(
            !scenario.served_by.posts() || posted >= run.requests,
            "{} requests were answered, and only {posted} came to the data API",
            run.requests
        );
        Ok(run)
    }

    /// Sends one request, whose reply must have the scenario's status, and says how many
    /// milliseconds it took.
    pub fn ask_once(&mut self, server: &Server, scenario: &Scenario, cell: Cell) -> Result<f64> {
        let series = self.next_series();
        let requests = requests(scenario.credential, cell.body, false, &self.tokens, series);
        let (reply, took) = exchange_timed(server.address, &requests[0])?;
        ensure!(
            reply.status == scenario.status,
            "answered {} where {} was to be expected: {}",
            reply.status,
            scenario.status,
            reply.body
        );
        Ok(took.as_secs_f64() * 1000.0)
    }

    /// Notes what a round of load has shown.
    pub fn note(&mut self, name: &str, run: &Run) {
        let latency = |percent| run.latencies.percentile(percent);
        let (p50, p99) = (latency(50.0), latency(99.0));
        let figures = &mut self.figures;
        let rps = format!("{name}/rps");
        figures.add(&rps, Unit::PerSecond, Better::More, run.per_second);
        for (measure, value) in [("p50", p50), ("p99", p99)] {
            let name = format!("{name}/{measure}");
            figures.add(&name, Unit::Milliseconds, Better::Less, value);
        }
    }

    /// Compares what [`note`](Self::note) has noted under both names.
    pub fn compare(&mut self, name: &str, floor: &str) {
        for measure in ["rps", "p50", "p99"] {
            let (own, floor) = (format!("{name}/{measure}"), format!("{floor}/{measure}"));
            self.figures.add_ratio(&own, &floor);
        }
    }

    /// Notes that something could not be measured. The rest still can.
    pub fn failed(&mut self, what: &str, error: &anyhow::Error) {
        let failure = format!("{what}: {error:#}");
        crate::say::warning(&failure);
        self.failures.push(failure);
    }

    /// Notes what a figure does not say by itself.
    pub fn remark(&mut self, what: &str, text: &str) {
        let remark = format!("{what}: {text}");
        crate::say::warning(&remark);
        // Another round's may be the same.
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Small requests of this kind on kept connections, which no other part of the run has sent.
    pub fn requests(&mut self, credential: Credential) -> Vec<Vec<u8>> {
        let series = self.next_series();
        requests(credential, Body::Small, true, &self.tokens, series)
    }

    fn next_series(&mut self) -> u32 {
        self.series += 1;
        self.series
    }
}
