//! Cal.com: events of bookings, repeated and in any order. Their `createdAt` is one of a few, so that
//! some are equal, and each booking has events from several callers at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::json;
use support::signatures::hex_by;
use ureq::Agent;

use crate::journal::{Answer, Journal};
use crate::recent::Recent;
use crate::sender;
use crate::submissions::{Columns, Kind, NULL, Submission, hash, parse_timestamp, slot};

pub const SECRET: &str = "s3creto-de-cal.com";

const PATH: &str = "/webhook/cal";

/// How many bookings have events from all callers at a time, and how many events each has.
const BUSY: u64 = 4;
const EVENTS: u64 = 6;

/// How many events may be sent again, and how many are once everything is well again.
const RECENT: usize = 32;
const REPEATED: usize = 12;

/// What all callers share.
pub struct Bookings {
    address: SocketAddr,
    seed: u64,
    journal: Arc<Journal>,
    /// Events, so far.
    number: AtomicU64,
    recent: Recent<Arc<Submission>>,
}

impl Bookings {
    pub fn new(address: SocketAddr, seed: u64, journal: Arc<Journal>) -> Self {
        Self {
            address,
            seed,
            journal,
            number: AtomicU64::new(0),
            recent: Recent::new(RECENT),
        }
    }

    /// One caller, who sends until then.
    pub fn call(&self, random: &mut Rng, until: Instant) {
        let agent = sender::agent();
        while Instant::now() < until {
            let again = self.recent.any(random).filter(|_| random.u8(..4) == 0);
            let event = again.unwrap_or_else(|| self.next(random));
            let answer = self.send(&agent, &event);
            let longest = sender::longest_pause(answer);
            thread::sleep(Duration::from_millis(random.u64(..longest)));
        }
    }

    /// Sends once more what was sent lately.
    pub fn repeat(&self) {
        let agent = sender::agent();
        for event in self.recent.last(REPEATED) {
            self.send(&agent, &event);
        }
    }

    fn next(&self, random: &mut Rng) -> Arc<Submission> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let booking = number / EVENTS + random.u64(..BUSY);
        let event = Arc::new(event(
            &format!("u{}-{booking} ñ", self.seed),
            number,
            random,
        ));
        self.recent.keep(Arc::clone(&event));
        event
    }

    fn send(&self, agent: &Agent, event: &Arc<Submission>) -> Answer {
        let signature = hex_by(SECRET, event.body.as_bytes());
        let headers = [("x-cal-signature-256", signature.as_str())];
        let to = (PATH, &headers[..]);
        sender::submit(agent, self.address, &self.journal, to, event)
    }
}

/// An event of this booking, with a content that no other has.
fn event(uid: &str, number: u64, random: &mut Rng) -> Submission {
    let (created_at, timestamp) = random_time(random);
    let events = ["BOOKING_CREATED", "BOOKING_CANCELLED", "MEETING_ENDED"];
    let trigger = events[random.usize(..events.len())];
    let replaced = random.bool().then(|| format!("u-{number}"));
    let notes = "ñ\n".repeat(if random.u8(..10) == 0 { 2000 } else { 1 });
    let of_reschedule = replaced.as_ref();
    let of_reschedule = of_reschedule.map(|uid| format!(",\"rescheduleUid\":{}", json!(uid)));
    // Another writer of JSON: what it writes is to be kept to the byte.
    let body = format!(
        "{{ \"triggerEvent\":\"{trigger}\",\"createdAt\": \"{created_at}\",\"payload\":{{\"uid\":{},\
         \"bookingId\":{number},\"title\":\"T\\u00ed\",\"startTime\":\"2026-05-01T09:30:00-05:00\"{},\
         \"additionalNotes\":{}}}}}\n",
        json!(uid),
        of_reschedule.unwrap_or_default(),
        json!(notes)
    );
    let id = hash(&body);
    let columns = [
        ("booking_id", number.to_string()),
        ("trigger_event", trigger.to_owned()),
        ("status", NULL.to_owned()),
        ("title", "Tí".to_owned()),
        ("start_time", "2026-05-01T14:30:00.000000Z".to_owned()),
        ("end_time", NULL.to_owned()),
        ("reschedule_uid", replaced.unwrap_or(NULL.to_owned())),
        ("payload", body.clone()),
    ];
    let columns = columns.map(|(name, text)| (name.to_owned(), text));
    Submission {
        kind: Kind::Booking,
        row: format!("reservas_cal/{uid}"),
        slots: vec![slot("cal", "bytes", &id)],
        id,
        timestamp,
        columns: Columns::from(columns),
        body,
    }
}

/// One of a few times: as Cal.com writes it or as others do, and in microseconds.
fn random_time(random: &mut Rng) -> (String, Option<u64>) {
    let rest = format!("30:0{}.250", random.u8(..6));
    let text = match random.bool() {
        true => format!("2026-04-01T12:{rest}Z"),
        false => format!("2026-04-01T09:{rest}-03:00"),
    };
    (text, parse_timestamp(&format!("2026-04-01T12:{rest}Z")))
}
