//! BlizWork's API, which says whether a call token is valid, and fails in every way that it can.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};
use support::upstream::{self, Act, RecordedRequest};

use crate::journal::{Event, Journal};
use crate::listener::Listener;
use crate::submissions::{TokenCheck, hash};

pub const API_TOKEN: &str = "una-clave-de-API";

/// Where BlizWork calls.
pub const ENDPOINT: &str = "https://sam.example/blizwork";

/// For how long a token is valid.
const LIFETIME: Duration = Duration::from_secs(60);

const FAULTS: [&str; 8] = [
    "is slow",
    "refuses a valid token",
    "resets the connection",
    "answers 500",
    "answers with a page",
    "answers another code",
    "cuts its reply off",
    "stalls",
];

pub struct BlizWork {
    listener: Listener,
    service: Arc<Service>,
}

struct Service {
    journal: Arc<Journal>,
    /// Tokens, and when they were made.
    made: Mutex<BTreeMap<String, Instant>>,
    /// How many of a hundred answers fail.
    state: Mutex<(u8, Rng)>,
}

impl BlizWork {
    pub fn start(journal: Arc<Journal>, random: Rng) -> Self {
        let service = Arc::new(Service {
            journal,
            made: Mutex::default(),
            state: Mutex::new((0, random)),
        });
        let own = Arc::clone(&service);
        Self {
            listener: Listener::new(move |asked| own.answer(asked)),
            service,
        }
    }

    pub fn origin(&self) -> String {
        self.listener.origin()
    }

    /// Makes a token.
    pub fn makes(&self, token: &str) {
        self.made(token, Instant::now());
    }

    /// Has made a token that is not valid any more.
    pub fn makes_expired(&self, token: &str) {
        let made = Instant::now().checked_sub(LIFETIME);
        self.made(token, made.expect("the machine runs"));
    }

    /// Changes how often it fails until then, when it does not any more.
    pub fn change(&self, random: &mut Rng, until: Instant) {
        while Instant::now() < until {
            match random.u8(..10) {
                0..6 => self.set(5),
                6..8 => self.set(50),
                _ => self.listener.close(),
            }
            thread::sleep(Duration::from_millis(random.u64(100..800)));
            self.listener.open();
        }
        self.set(0);
    }

    fn set(&self, failing: u8) {
        self.service.state.lock().expect("no panic").0 = failing;
    }

    fn made(&self, token: &str, at: Instant) {
        let mut made = self.service.made.lock().expect("no panic");
        made.insert(token.to_owned(), at);
    }
}

impl Service {
    fn answer(&self, asked: &RecordedRequest) -> Act {
        let Some(token) = question(asked) else {
            self.journal.note(Event::Unexpected(format!("{asked:?}")));
            return upstream::json(400, &json!({}));
        };
        let made = self.made.lock().expect("no panic").get(&token).copied();
        let is_valid = made.is_some_and(|made| made.elapsed() < LIFETIME);
        let code = |code: i8| json!({"resultCode": code, "resultMessage": "…"});
        let fault = self.draw();
        let (check, act) = match fault {
            Some("refuses a valid token") => (TokenCheck::Invalid, upstream::json(200, &code(1))),
            None | Some("is slow") => match is_valid {
                true => (TokenCheck::Valid, upstream::json(200, &code(0))),
                false => (TokenCheck::Invalid, upstream::json(200, &code(1))),
            },
            Some(what) => (TokenCheck::Fault(what), failing(what)),
        };
        // Before the reply, so that all its consequences come later in the journal.
        let row = format!("eventos_blizwork/{}", hash(&token));
        self.journal.note(Event::TokenChecked(row, check));
        act
    }

    /// What is to go wrong, if anything.
    fn draw(&self) -> Option<&'static str> {
        let mut state = self.state.lock().expect("no panic");
        let (failing, random) = &mut *state;
        let is_failing = random.u8(..100) < *failing;
        let any = FAULTS[random.usize(..FAULTS.len())];
        // Callers wait five seconds then: once in a while that does.
        let is_rare = any == "stalls" && random.u8(..4) > 0;
        let slow = Duration::from_millis(random.u64(..300));
        drop(state);
        let any = if is_rare { "is slow" } else { any };
        if is_failing && any == "is slow" {
            thread::sleep(slow);
        }
        is_failing.then_some(any)
    }
}

/// Answers from which nobody may take that a token is valid.
fn failing(what: &str) -> Act {
    let valid = json!({"resultCode": 0, "resultMessage": "Ok"});
    match what {
        "resets the connection" => Act::Reset(Vec::new()),
        "answers 500" => upstream::json(500, &valid),
        "answers with a page" => Act::Reply(200, "text/html", b"<html>0".to_vec()),
        "answers another code" => upstream::json(200, &json!({"resultCode": 2})),
        "cuts its reply off" => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99";
            Act::Reset(format!("{head}\r\n\r\n{{\"resultCode\":0").into_bytes())
        }
        _ => Act::Stall(Vec::new()),
    }
}

/// The token that is asked about, where the question is as documented.
fn question(asked: &RecordedRequest) -> Option<String> {
    let is_ours = asked.method == "POST"
        && asked
            .target
            .strip_prefix("/utils/validatecall/")?
            .replace("%2D", "-")
            == API_TOKEN;
    let body: Value = serde_json::from_slice(&asked.body).ok()?;
    let is_here = body.get("endpoint")? == ENDPOINT;
    let token = body.get("token")?.as_str()?.to_owned();
    (is_ours && is_here).then_some(token)
}
