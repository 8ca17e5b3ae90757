//! The company's other systems, which send signed messages: repeated, and in any order.
//!
//! Some rows have one message. Others have many from several callers at once: with a few timestamps,
//! so that some are equal, or with the time of receipt. All kinds of identity occur: the bytes,
//! `metadata.id`, and `webhook-id`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::json;
use support::signatures;
use ureq::Agent;

use crate::journal::{Answer, Journal};
use crate::lanzador::{Lanzador, Row, RowTiming};
use crate::recent::Recent;
use crate::sender;
use crate::submissions::{self, Columns, Kind, NULL, Submission, hash, slot};

/// How many rows have messages from all callers at a time.
const BUSY: u64 = 6;

/// How many messages each of those has, more or less.
const MESSAGES: u64 = 8;

/// How many messages may be sent again.
const RECENT: usize = 48;

/// How many of them are, once everything is well again.
const REPEATED: usize = 12;

const PATH: &str = "/webhook/receive";

/// What all callers share.
pub struct Messages {
    address: SocketAddr,
    seed: u64,
    journal: Arc<Journal>,
    lanzador: Arc<Lanzador>,
    /// Rows with one message, so far.
    single: AtomicU64,
    /// Messages to the others, so far.
    shared: AtomicU64,
    /// Messages, so far.
    number: AtomicU64,
    recent: Recent<Arc<Submission>>,
}

/// A row, the same for each number and seed.
struct Target {
    of_type: &'static str,
    key: String,
    timing: RowTiming,
    /// Whether its messages have a timestamp of their own.
    is_timed: bool,
}

impl Messages {
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
            number: AtomicU64::new(0),
            recent: Recent::new(RECENT),
        }
    }

    /// One caller, who sends until then.
    pub fn call(&self, random: &mut Rng, until: Instant) {
        let agent = sender::agent();
        while Instant::now() < until {
            let again = self.recent.any(random).filter(|_| random.u8(..4) == 0);
            let message = again.unwrap_or_else(|| Arc::new(self.next(random)));
            let answer = self.send(&agent, &message);
            if !self.recent.contains(&message) && random.bool() {
                self.recent.keep(message);
            }
            let longest = sender::longest_pause(answer);
            thread::sleep(Duration::from_millis(random.u64(..longest)));
        }
    }

    /// Sends once more what was sent lately.
    pub fn repeat(&self) {
        let agent = sender::agent();
        for message in self.recent.last(REPEATED) {
            self.send(&agent, &message);
        }
    }

    fn send(&self, agent: &Agent, message: &Arc<Submission>) -> Answer {
        let send = |headers: &[(&str, &str)]| {
            let to = (PATH, headers);
            sender::submit(agent, self.address, &self.journal, to, message)
        };
        if message.id.starts_with("msg_") {
            let (sent, signature) = signatures::standard(&message.id, 0, &message.body);
            send(&[
                ("webhook-id", &message.id),
                ("webhook-timestamp", &sent),
                ("webhook-signature", &signature),
            ])
        } else {
            let signature = signatures::hex(message.body.as_bytes());
            send(&[("x-webhook-signature", &signature)])
        }
    }

    fn next(&self, random: &mut Rng) -> Submission {
        let target = match random.u8(..10) < 4 {
            true => {
                let number = self.single.fetch_add(1, Ordering::Relaxed);
                Target::new("single", self.seed, number)
            }
            false => {
                let first = self.shared.fetch_add(1, Ordering::Relaxed) / MESSAGES;
                Target::new("ñ busy", !self.seed, first + random.u64(..BUSY))
            }
        };
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let message = message(&target, number, random);
        if target.of_type == "reservation_update" {
            let row = Row::Reservation(message.row.clone());
            self.lanzador.expect(row, target.timing);
        }
        message
    }
}

impl Target {
    fn new(name: &str, seed: u64, number: u64) -> Self {
        // Any odd number does: it keeps the rows of neighbouring seeds apart.
        let mut random = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
        let types = ["reservation_update", "promo", "user_info"];
        Self {
            of_type: types[random.usize(..types.len())],
            key: format!("{name} {number}"),
            timing: RowTiming::drawn(&mut random),
            is_timed: random.u8(..10) < 7,
        }
    }
}

/// A message for this row, with a content that no other has.
fn message(target: &Target, number: u64, random: &mut Rng) -> Submission {
    let (by, id) = match random.u8(..3) {
        0 => ("bytes", String::new()),
        1 => ("metadata.id", format!("m-{number}")),
        _ => ("webhook-id", format!("msg_{number}")),
    };
    let content = match random.u8(..5) {
        0 => format!("{number} {}", "ñ\n\"".repeat(1000)),
        _ => format!("n.º {number}"),
    };
    let (timestamp_field, timestamp) = match target.is_timed && random.u8(..10) > 0 {
        true => random_timestamp(random),
        false => (String::new(), None),
    };
    let mut columns = Columns::new();
    let mut set = |name: &str, text: &str| columns.insert(name.to_owned(), text.to_owned());
    // Another writer of JSON: what it writes of metadata is to be kept to the byte.
    let mut metadata = "{ \"n\" : 1.50".to_owned();
    if by == "metadata.id" {
        metadata.push_str(&format!(",\"id\":{}", json!(id)));
    }
    let (key, status) = (json!(target.key), format!("s-{number}"));
    let user = random.bool().then(|| format!("u-{number}"));
    let mut user_id = String::new();
    if target.of_type != "user_info" {
        set("user_id", user.as_deref().unwrap_or(NULL));
        user_id.extend(user.map(|user| format!(",\"user_id\":\"{user}\"")));
    }
    let (table, own) = match target.of_type {
        "reservation_update" => {
            metadata.push_str(&format!(
                ",\"reservation_id\":{key},\"status\":\"{status}\""
            ));
            set("status", &status);
            ("reservas", String::new())
        }
        "promo" => {
            metadata.push_str(&format!(",\"promo_id\":{key}, \"discount\": {number}"));
            set("discount", &number.to_string());
            set("valid_until", "2026-12-31");
            ("promos", ",\"valid_until\":\"2026-12-31\"".to_owned())
        }
        _ => ("usuarios", format!(",\"user_id\":{key}")),
    };
    metadata.push('}');
    set("metadata", &metadata);
    set("content", &content);
    let body = format!(
        "{{\"type\":\"{}\",\"content\":{}{timestamp_field}{user_id}{own},\"metadata\":{metadata}}}",
        target.of_type,
        json!(content)
    );
    let bytes = hash(&body);
    let mut slots = Vec::new();
    if by != "bytes" {
        slots.push(slot("messages", by, &id));
    }
    // What has no id in its body is remembered by that too.
    if by != "metadata.id" {
        slots.push(slot("messages", "bytes", &bytes));
    }
    let id = if by == "bytes" { bytes } else { id };
    set("message_id", &id);
    Submission {
        kind: Kind::Message,
        row: format!("{table}/{}", target.key),
        slots,
        id,
        timestamp,
        columns,
        body,
    }
}

/// One of a few timestamps: the field as senders write it, and in microseconds.
fn random_timestamp(random: &mut Rng) -> (String, Option<u64>) {
    let rest = format!("00:0{}.5", random.u8(..6));
    let text = match random.u8(..3) {
        0 => format!("2026-03-01T12:{rest}Z"),
        1 => format!("2026-03-01T07:{rest}00-05:00"),
        _ => format!("2026-03-02T01:{rest}00000+13:00"),
    };
    let timestamp = submissions::parse_timestamp(&format!("2026-03-01T12:{rest}Z"));
    (format!(",\"timestamp\":\"{text}\""), timestamp)
}
