//! A data API that speaks the HTTP of Data API builder or of PostgREST, and fails in every way that
//! one can.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use support::upstream::{Act, RecordedRequest};

use crate::dialect::{Dialect, Request};
use crate::journal::{Event, Journal};
use crate::listener::Listener;
use crate::sam::Sam;
use crate::tables::Tables;

/// How long the component waits for it.
pub const TIMEOUT_MS: u64 = 300;

/// How often it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    /// No fault at all.
    Good,
    /// A fault now and then.
    Fair,
    /// As many faults as replies.
    Bad,
    /// It refuses everything, as if misconfigured: what waits becomes dead letters.
    Misconfigured,
    /// Nobody listens.
    Down,
}

/// A fault of one request.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Slow,
    ResetBefore,
    Unavailable,
    Failed,
    Misconfigured,
    HtmlPage,
    Proxy(u16),
    Truncated,
    ReplyLost,
    StallBefore,
    StallAfter,
    WrittenLate,
}

const FAULTS: [Fault; 14] = [
    Fault::Slow,
    Fault::ResetBefore,
    Fault::Unavailable,
    Fault::Failed,
    Fault::Misconfigured,
    Fault::HtmlPage,
    Fault::Proxy(403),
    Fault::Proxy(404),
    Fault::Proxy(502),
    Fault::Truncated,
    Fault::ReplyLost,
    Fault::StallBefore,
    Fault::StallAfter,
    Fault::WrittenLate,
];

pub struct DataApi {
    listener: Listener,
    service: Arc<Service>,
}

struct Service {
    dialect: Dialect,
    sam: Arc<Sam>,
    tables: Arc<Tables>,
    journal: Arc<Journal>,
    state: Mutex<(Health, Rng)>,
}

impl DataApi {
    pub fn start(
        dialect: Dialect,
        sam: Arc<Sam>,
        tables: Arc<Tables>,
        journal: Arc<Journal>,
        random: Rng,
    ) -> Self {
        let service = Arc::new(Service {
            dialect,
            sam,
            tables,
            journal,
            state: Mutex::new((Health::Good, random)),
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

    /// Changes its health until then, when it is good again.
    pub fn change(&self, random: &mut Rng, until: Instant) {
        while Instant::now() < until {
            let health = match random.u8(..10) {
                0..4 => Health::Fair,
                4..7 => Health::Bad,
                7 => Health::Misconfigured,
                _ => Health::Down,
            };
            self.set(health);
            thread::sleep(Duration::from_millis(random.u64(100..800)));
        }
        self.set(Health::Good);
    }

    /// Returns once it has nothing under way: what it writes late is written by then.
    pub fn wait_until_quiet(&self) {
        self.listener.wait_until_quiet();
    }

    fn set(&self, health: Health) {
        self.service.state.lock().expect("no panic").0 = health;
        match health {
            Health::Down => self.listener.close(),
            _ => self.listener.open(),
        }
    }
}

impl Service {
    fn answer(&self, asked: &RecordedRequest) -> Act {
        match self.dialect.read(asked) {
            Some(request) => self.act(request),
            None => {
                self.journal.note(Event::Unexpected(format!("{asked:?}")));
                self.dialect.refusal()
            }
        }
    }

    fn act(&self, request: Request) -> Act {
        if let Request::Keep(row) = &request {
            self.journal.note(Event::ActivityAsked(row.clone()));
        }
        let (fault, wait) = self.draw();
        let Some(fault) = fault else {
            return self.execute(request);
        };
        let what = fault.name();
        let subject = request.subject().to_owned();
        let asked = format!("{request:?}");
        self.journal.note(Event::Fault(subject, asked, what));
        match fault {
            Fault::Slow => {
                thread::sleep(wait / 2);
                self.execute(request)
            }
            Fault::ResetBefore => Act::Reset(Vec::new()),
            Fault::Unavailable => self.dialect.error(503, "ServiceUnavailable"),
            Fault::Failed => self.dialect.error(500, "DatabaseOperationFailed"),
            Fault::Misconfigured => self.dialect.refusal(),
            Fault::HtmlPage => Act::Reply(200, "text/html", b"<html>Mantenimiento".to_vec()),
            // A proxy whose back end is being deployed answers in its place.
            Fault::Proxy(404) => Act::Reply(404, "text/plain", b"404 page not found\n".to_vec()),
            Fault::Proxy(status) => {
                Act::Reply(status, "text/html", b"<html><h1>nginx</h1></html>".to_vec())
            }
            Fault::Truncated => {
                self.execute(request);
                Act::Reset(truncated())
            }
            Fault::ReplyLost => {
                self.execute(request);
                Act::Reset(Vec::new())
            }
            Fault::StallBefore => Act::Stall(Vec::new()),
            Fault::StallAfter => {
                self.execute(request);
                Act::Stall(truncated())
            }
            // The component has given up by then, and what it has sent since is overwritten.
            Fault::WrittenLate => {
                thread::sleep(Duration::from_millis(TIMEOUT_MS) + wait * 4);
                self.execute(request)
            }
        }
    }

    fn execute(&self, request: Request) -> Act {
        let (dialect, tables) = (self.dialect, &self.tables);
        match request {
            Request::Execute(order) => dialect.procedure_reply(self.sam.execute(order)),
            Request::Read { row, column } => dialect.row_reply(tables.read(&row).as_ref(), &column),
            Request::Update {
                row,
                guard,
                columns,
            } => {
                let outcome = tables.update(row.clone(), guard, columns);
                dialect.write_reply(&row, outcome, false)
            }
            Request::Insert { row, columns } => {
                let outcome = tables.insert(row.clone(), columns);
                dialect.write_reply(&row, outcome, true)
            }
            Request::Keep(row) => dialect.kept_reply(&row),
        }
    }

    /// What is to go wrong, if anything, and a time that is less than the component waits.
    fn draw(&self) -> (Option<Fault>, Duration) {
        let mut state = self.state.lock().expect("no panic");
        let (health, random) = &mut *state;
        let any = FAULTS[random.usize(..FAULTS.len())];
        let percent = random.u8(..100);
        let wait = Duration::from_millis(random.u64(..TIMEOUT_MS));
        let fault = match health {
            Health::Good => None,
            Health::Fair => (percent < 5).then_some(any),
            Health::Bad | Health::Down => (percent < 50).then_some(any),
            Health::Misconfigured => Some(Fault::Misconfigured),
        };
        (fault, wait)
    }
}

/// The data API's final refusal of a change.
pub const REFUSES: &str = "answers 400";

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::Slow => "is slow",
            Self::ResetBefore => "resets the connection",
            Self::Unavailable => "answers 503",
            Self::Failed => "answers 500",
            Self::Misconfigured => REFUSES,
            Self::HtmlPage => "answers with a page",
            Self::Proxy(_) => "sits behind a proxy that answers",
            Self::Truncated => "cuts its reply off",
            Self::ReplyLost => "loses its reply",
            Self::StallBefore => "stalls",
            Self::StallAfter => "stalls in its reply",
            Self::WrittenLate => "writes after the deadline",
        }
    }
}

/// A reply that promises more than comes.
fn truncated() -> Vec<u8> {
    let head = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 100\r\n";
    format!("{head}\r\n{{\"value\":[{{\"Res").into_bytes()
}
