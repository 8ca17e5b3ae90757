//! The callers: what they send, and what they are told.
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
use ureq::Agent;

use crate::journal::{Answer, Event, Journal, Message};
use crate::lanzador::{Lanzador, Made};
use crate::sam::FINAL;
use crate::server::SIGNED;

const NOT_FINAL: [&str; 4] = ["RUNNING", "UNKNOWN", "UPDATE", "RUN_PAUSED"];

/// How many deployments have callbacks from all callers at a time.
const BUSY: u64 = 12;

/// How many callbacks each of those has, more or less.
const CALLBACKS: u64 = 8;

/// Longer than any server takes, even one whose store is locked.
const PATIENCE: Duration = Duration::from_secs(120);

/// What all callers share.
pub struct Traffic {
    pub address: SocketAddr,
    pub seed: u64,
    pub journal: Arc<Journal>,
    pub lanzador: Lanzador,
    /// Deployments with one callback, so far.
    single: AtomicU64,
    /// Callbacks to the others, so far.
    shared: AtomicU64,
}

/// A deployment, the same for each number and seed.
struct Deployment {
    id: String,
    statuses: Vec<&'static str>,
    made: Made,
    random: Rng,
}

impl Traffic {
    pub fn new(address: SocketAddr, seed: u64, journal: Arc<Journal>, lanzador: Lanzador) -> Self {
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
        let agent = agent();
        while Instant::now() < until {
            let message = Arc::new(self.next(random));
            let at = self.journal.note(Event::Sent(Arc::clone(&message)));
            let answer = send(&agent, self.address, &message.payload);
            self.journal.note(Event::Answered(at, message, answer));
            // Where nobody answers, the server is being started again.
            let longest = if answer == Answer::Nothing { 60 } else { 20 };
            thread::sleep(Duration::from_millis(random.u64(..longest)));
        }
    }

    fn next(&self, random: &mut Rng) -> Message {
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
        self.lanzador.deploy(&deployment.id, deployment.made);
        let status = random.choice(deployment.statuses).expect("one at least");
        message(deployment.id, status, random.u64(..3))
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
        let made = match random.u8(..10) {
            0..5 => Made::Before,
            5..8 => Made::After(Duration::from_millis(random.u64(50..2500))),
            _ => Made::Last,
        };
        Self {
            id,
            statuses: Vec::new(),
            made,
            random,
        }
    }
}

/// The callback of a deployment with this status; there are some variants of it.
fn message(deployment: String, status: &'static str, variant: u64) -> Message {
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
    Message {
        deployment,
        status,
        payload,
    }
}

fn one_of(statuses: &[&'static str], random: &mut Rng) -> &'static str {
    statuses[random.usize(..statuses.len())]
}

/// A client that opens a connection for each request, and takes no status for an error.
pub fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_idle_connections(0)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

fn send(agent: &Agent, address: SocketAddr, payload: &str) -> Answer {
    let sent = agent
        .post(format!("http://{address}/api/callback"))
        .header(SIGNED.0, SIGNED.1)
        .header("content-type", "application/json")
        .send(payload);
    // The status alone counts: who has read it may rely on it, whatever becomes of the body.
    match sent.map(|response| response.status().as_u16()) {
        Ok(200) => Answer::Done,
        Ok(202) => Answer::Queued,
        Ok(other) => Answer::Refused(other),
        Err(_) => Answer::Nothing,
    }
}
