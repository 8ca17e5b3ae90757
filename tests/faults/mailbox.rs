//! The instance behind a mailbox: it has the data API, and collects all the time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};
use support::server::Server;
use ureq::Agent;

use crate::faults::{self, Place};
use crate::journal::Journal;
use crate::operator;
use crate::sender;
use crate::store::Store;

/// The token of the mailbox.
pub const TOKEN: &str = "un-token-de-buzon";

/// How long the mailbox may have nothing collected while everything is well.
const PATIENCE: Duration = Duration::from_secs(90);

/// Requests that collect at a time: two of them are what a mailbox without a lock has to bear.
pub const COLLECTORS: usize = 2;

/// The instance that collects.
pub struct Inner {
    pub server: Server,
    pub store: Store,
    /// The mailbox it collects from.
    pub mailbox: SocketAddr,
}

/// Whoever calls it each minute, and does so all the time here.
pub struct Collector {
    inner: SocketAddr,
    mailbox: SocketAddr,
    agent: Agent,
}

impl Inner {
    /// Injects faults until then, when all are over.
    pub fn inject(mut self, journal: &Arc<Journal>, random: &mut Rng, until: Instant) -> Self {
        let place = (Place::Behind, journal);
        self.server = faults::inject(self.server, &self.store, place, random, until);
        self
    }

    pub fn collector(&self) -> Collector {
        Collector {
            inner: self.server.address,
            mailbox: self.mailbox,
            agent: sender::agent(),
        }
    }
}

impl Collector {
    /// Collects until then; also by hand, as one that ends before it acknowledges.
    pub fn work(&self, random: &mut Rng, until: Instant) {
        while Instant::now() < until {
            match random.u8(..8) {
                0 => drop(self.look()),
                1 => thread::sleep(Duration::from_millis(random.u64(..300))),
                // Whether it is answered does not matter here.
                _ => drop(self.collect(random.u64(1..4))),
            }
        }
    }

    /// Collects until nothing is left.
    ///
    /// # Errors
    /// What is in the way of that.
    pub fn finish(&self) -> Result<(), String> {
        let started = Instant::now();
        loop {
            let collected = self.collect(1);
            if self.look()? == json!([]) {
                return Ok(());
            }
            if started.elapsed() > PATIENCE {
                return Err(format!("the mailbox does not become empty: {collected:?}"));
            }
        }
    }

    fn collect(&self, seconds: u64) -> Result<Value, String> {
        let url = format!("http://{}/admin/collect?seconds={seconds}", self.inner);
        let request = self.agent.post(url);
        let bearer = format!("Bearer {}", operator::TOKEN);
        operator::read(request.header("authorization", bearer).send_empty())
    }

    /// What waits in the mailbox.
    fn look(&self) -> Result<Value, String> {
        let url = format!("http://{}/mailbox?wait=0", self.mailbox);
        let bearer = format!("Bearer {TOKEN}");
        let page = operator::read(self.agent.get(url).header("authorization", bearer).call())?;
        Ok(page["entries"].clone())
    }
}
