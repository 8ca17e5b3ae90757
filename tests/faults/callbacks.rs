//! A360: what it sends, and how it is answered.
//!
//! Some deployments end as A360 lets them end, with one callback that is never sent again: nothing
//! makes up for it if it is lost. Others have many: duplicates, states that are not final before
//! and after one that is, and final states that contradict each other, from several callers at
//! once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::json;
use support::server::SIGNED;

use crate::journal::{Callback, Event, Journal};
use crate::lanzador::{Lanzador, Row, RowTiming};
use crate::sam::FINAL;
use crate::sender;

const NOT_FINAL: [&str; 4] = ["RUNNING", "UNKNOWN", "UPDATE", "RUN_PAUSED"];

/// How many deployments have callbacks from all callers at a time.
const BUSY: u64 = 12;

/// How many callbacks each of those has, more or less.
const CALLBACKS: u64 = 8;

/// What all callers share.
pub struct Callbacks {
    pub address: SocketAddr,
    pub seed: u64,
    pub journal: Arc<Journal>,
    lanzador: Arc<Lanzador>,
    /// Deployments with one callback, so far.
    single: AtomicU64,
    /// Callbacks to the others, so far.
    shared: AtomicU64,
}

/// A deployment, the same for each number and seed.
struct Deployment {
    id: String,
    statuses: Vec<&'static str>,
    timing: RowTiming,
    random: Rng,
}

impl Callbacks {
    pub fn new(
        address: SocketAddr,
        seed: u64,
        journal: Arc<Journal>,
        lanzador: Arc<Lanzador>,
    ) -> Self {
        Self {
            address,
            seed,
            journal,
            lanzador,
            single: AtomicU64::new(0),
            shared: AtomicU64::new(0),
        }
    }

    /// One caller, who sends until then.
    pub fn call(&self, random: &mut Rng, until: Instant) {
        let agent = sender::agent();
        while Instant::now() < until {
            let callback = Arc::new(self.next(random));
            let at = self.journal.note(Event::Sent(Arc::clone(&callback)));
            let (path, payload) = ("/api/callback", &callback.payload);
            let (answer, _) = sender::post(&agent, self.address, path, &[SIGNED], payload);
            self.journal.note(Event::Answered(at, callback, answer));
            let longest = sender::longest_pause(answer);
            thread::sleep(Duration::from_millis(random.u64(..longest)));
        }
    }

    fn next(&self, random: &mut Rng) -> Callback {
        let deployment = match random.u8(..10) < 4 {
            true => {
                let number = self.single.fetch_add(1, Ordering::Relaxed);
                Deployment::with_one_callback(self.seed, number)
            }
            false => {
                let first = self.shared.fetch_add(1, Ordering::Relaxed) / CALLBACKS;
                Deployment::with_many(self.seed, first + random.u64(..BUSY))
            }
        };
        let row = Row::Deployment(deployment.id.clone());
        self.lanzador.expect(row, deployment.timing);
        let status = random.choice(deployment.statuses).expect("one at least");
        callback(deployment.id, status, random.u64(..3))
    }
}

impl Deployment {
    fn with_one_callback(seed: u64, number: u64) -> Self {
        let mut it = Self::new(format!("single-{seed}-{number}"), seed, number);
        it.statuses = vec![one_of(&FINAL, &mut it.random)];
        it
    }

    fn with_many(seed: u64, number: u64) -> Self {
        let mut it = Self::new(format!("ñ/{seed} {number}"), !seed, number);
        let random = &mut it.random;
        let last = one_of(&FINAL, random);
        let other = one_of(&FINAL, random);
        it.statuses = match random.u8(..10) {
            0..4 => [&[last][..], &NOT_FINAL].concat(),
            4..6 => vec![last],
            6..8 => vec![last, other, "RUNNING"],
            _ => NOT_FINAL.to_vec(),
        };
        it
    }

    fn new(id: String, seed: u64, number: u64) -> Self {
        // Any odd number does: it keeps the deployments of neighbouring seeds apart.
        let mut random = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
        let timing = RowTiming::drawn(&mut random);
        Self {
            id,
            statuses: Vec::new(),
            timing,
            random,
        }
    }
}

/// The callback of a deployment with this status; there are some variants of it.
fn callback(deployment: String, status: &'static str, variant: u64) -> Callback {
    let payload = match variant {
        0 => json!({"status": status, "deploymentId": deployment}).to_string(),
        // Another writer of JSON: what it writes is to be kept to the byte.
        1 => format!(
            "{{ \"status\" : \"{status}\",\r\n\t\"deploymentId\": {} , \"n\": 1.50, \"a\\u00f1o\":1}}\n",
            json!(deployment)
        ),
        _ => json!({
            "status": status, "deploymentId": deployment, "botOutput": {"text": "ñ".repeat(2000)}
        })
        .to_string(),
    };
    Callback {
        deployment,
        status,
        payload,
    }
}

fn one_of(statuses: &[&'static str], random: &mut Rng) -> &'static str {
    statuses[random.usize(..statuses.len())]
}
