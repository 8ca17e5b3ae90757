//! Whoever looks after the outbox: looks into it, drains it, and puts dead letters back; and the page that
//! shows the overview all the time.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::Value;
use ureq::Agent;

use crate::dialect::FINAL_CODES;
use crate::ledger::{self, Ledger, OutboxRows};
use crate::sender;

pub const TOKEN: &str = "un-token-de-operador";

/// How long the outbox may have nothing delivered while everything is well.
const PATIENCE: Duration = Duration::from_secs(90);

/// How often a page asks for the overview.
const WATCHED_EVERY: Duration = Duration::from_millis(100);

pub struct Operator {
    address: SocketAddr,
    agent: Agent,
}

/// What came of draining.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    pub delivered: u64,
    /// Dead letters that were put back.
    pub requeued: u64,
}

impl Operator {
    pub fn of(address: SocketAddr) -> Self {
        Self {
            address,
            agent: sender::agent(),
        }
    }

    /// Does what operators do, also at the wrong time. Returns the dead letters that the data API has
    /// not refused itself.
    pub fn interfere(&self, random: &mut Rng, until: Instant) -> Vec<String> {
        let mut unexpected = Vec::new();
        while Instant::now() < until {
            thread::sleep(Duration::from_millis(random.u64(..150)));
            // Whether it is answered does not matter here.
            let _ = match random.u8(..4) {
                0 => self.post("drain"),
                1 => self.post("drain?all=true"),
                2 => {
                    unexpected.extend(self.dead_by_others().unwrap_or_default());
                    self.post("requeue")
                }
                _ => self.stats(),
            };
        }
        unexpected
    }

    /// Asks for the overview as a page does. Returns how often it was answered, and what contradicted
    /// itself in it.
    pub fn watch(&self, until: Instant) -> (usize, Vec<String>) {
        let (mut answered, mut wrong) = (0, Vec::new());
        while Instant::now() < until {
            thread::sleep(WATCHED_EVERY);
            // While the host or its store is away there is none.
            if let Ok(overview) = self.overview() {
                answered += 1;
                wrong.extend(ledger::contradiction(&overview));
            }
        }
        (answered, wrong)
    }

    /// Compares the overview with the journal, now that nothing new comes. What waits is still delivered
    /// meanwhile, so it is done again until it fits.
    ///
    /// # Errors
    /// What does not fit.
    pub fn compare(&self, ledger: impl Fn() -> Ledger) -> Result<(), String> {
        let began = Instant::now();
        loop {
            let (rows, overview) = (self.rows()?, self.overview()?);
            let Some(mismatch) = ledger().mismatch(&overview, &rows) else {
                return Ok(());
            };
            if began.elapsed() > PATIENCE {
                return Err(format!("the overview: {mismatch}"));
            }
            thread::sleep(WATCHED_EVERY);
        }
    }

    fn overview(&self) -> Result<Value, String> {
        let url = format!("http://{}/admin/overview", self.address);
        read(self.agent.get(url).header("authorization", bearer()).call())
    }

    /// The rows of the outbox, page by page.
    fn rows(&self) -> Result<OutboxRows, String> {
        let mut rows = OutboxRows::default();
        for (state, found) in [("waiting", &mut rows.waiting), ("dead", &mut rows.dead)] {
            let mut before = String::new();
            loop {
                let path = format!("/admin/outbox?state={state}&limit=200{before}");
                let url = format!("http://{}{path}", self.address);
                let page = read(self.agent.get(url).header("authorization", bearer()).call())?;
                let entries = page["entries"].as_array().ok_or("no entries")?;
                found.extend(entries.iter().filter_map(row_of));
                match page["next"].as_str() {
                    Some(next) => before = format!("&before={next}"),
                    None => break,
                }
            }
        }
        Ok(rows)
    }

    /// The dead letters that the data API itself has not finally refused.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn dead_by_others(&self) -> Result<Vec<String>, String> {
        let url = format!("http://{}/admin/outbox?state=dead&limit=100", self.address);
        let reply = read(self.agent.get(url).header("authorization", bearer()).call())?;
        let entries = reply["entries"].as_array().ok_or("no entries")?;
        let is_by_others = |entry: &&Value| {
            let failure = entry["failure"].as_str().unwrap_or_default();
            !FINAL_CODES.iter().any(|code| failure.ends_with(code))
        };
        Ok(entries
            .iter()
            .filter(is_by_others)
            .map(Value::to_string)
            .collect())
    }

    /// Drains the outbox to its end, dead letters too.
    ///
    /// # Errors
    /// What is in the way of that.
    pub fn drain(&self) -> Result<Drained, String> {
        let mut drained = Drained::default();
        let mut last = Instant::now();
        loop {
            let reply = self.post("drain?all=true")?;
            let delivered = number(&reply, "delivered")? + number(&reply, "alreadyFinal")?;
            if delivered > 0 {
                drained.delivered += delivered;
                last = Instant::now();
            }
            let stats = self.stats()?;
            let (waiting, dead) = (number(&stats, "waiting")?, number(&stats, "dead")?);
            if (waiting, dead) == (0, 0) {
                return Ok(drained);
            }
            if last.elapsed() > PATIENCE {
                return Err(format!(
                    "the outbox does not become empty: {reply} and then {stats}"
                ));
            }
            if dead > 0 {
                drained.requeued += number(&self.post("requeue")?, "entries")?;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whether there is an outbox to look after.
    pub fn is_needed(&self) -> bool {
        let asked = self.agent.get(self.url("stats")).call();
        !asked.is_ok_and(|reply| reply.status() == 404)
    }

    fn stats(&self) -> Result<Value, String> {
        let request = self.agent.get(self.url("stats"));
        read(request.header("authorization", bearer()).call())
    }

    fn post(&self, what: &str) -> Result<Value, String> {
        let request = self.agent.post(self.url(what));
        read(request.header("authorization", bearer()).send_empty())
    }

    fn url(&self, what: &str) -> String {
        format!("http://{}/admin/outbox/{what}", self.address)
    }
}

/// The row of an entry, as the journal names it.
fn row_of(entry: &Value) -> Option<String> {
    let (entity, key) = (entry["entity"].as_str()?, entry["key"].as_str()?);
    Some(match entity {
        "Ejecuciones" => key.to_owned(),
        entity => format!("{entity}/{key}"),
    })
}

fn bearer() -> String {
    format!("Bearer {TOKEN}")
}

pub fn read(reply: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, String> {
    let (head, mut body) = reply.map_err(|error| error.to_string())?.into_parts();
    let text = body.read_to_string().map_err(|error| error.to_string())?;
    match serde_json::from_str(&text) {
        Ok(json) if head.status == 200 => Ok(json),
        _ => Err(format!("{}: {text}", head.status)),
    }
}

fn number(reply: &Value, name: &str) -> Result<u64, String> {
    let number = reply.get(name).and_then(Value::as_u64);
    number.ok_or_else(|| format!("no number `{name}` in {reply}"))
}
