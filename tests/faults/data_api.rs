//! A data API that speaks the HTTP of Data API builder or of PostgREST, and fails in every way that
//! one can.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use support::upstream::{Act, Asked};

use crate::dialect::{Dialect, Request};
use crate::door::Door;
use crate::journal::{Event, Journal};
use crate::sam::Sam;
use crate::tables::Tables;

/// How long the component waits for it.
pub const TIMEOUT_MS: u64 = 300;

/// How it is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    /// No fault at all.
    Fine,
    /// A fault now and then.
    Fair,
    /// As many faults as replies.
    Bad,
    /// It refuses everything, as if its own settings were wrong: what waits becomes dead letters.
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
    door: Door,
    service: Arc<Service>,
}

struct Service {
    dialect: Dialect,
    sam: Arc<Sam>,
    tables: Arc<Tables>,
    journal: Arc<Journal>,
    state: Mutex<(Weather, Rng)>,
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
            state: Mutex::new((Weather::Fine, random)),
        });
        let own = Arc::clone(&service);
        Self {
            door: Door::new(move |asked| own.answer(asked)),
            service,
        }
    }

    pub fn origin(&self) -> String {
        self.door.origin()
    }

    /// Changes how it is doing until then, when it is well again.
    pub fn change(&self, random: &mut Rng, until: Instant) {
        while Instant::now() < until {
            let weather = match random.u8(..10) {
                0..4 => Weather::Fair,
                4..7 => Weather::Bad,
                7 => Weather::Misconfigured,
                _ => Weather::Down,
            };
            self.set(weather);
            thread::sleep(Duration::from_millis(random.u64(100..800)));
        }
        self.set(Weather::Fine);
    }

    /// Returns once it has nothing under way: what it writes late is written by then.
    pub fn wait_until_quiet(&self) {
        self.door.wait_until_quiet();
    }

    fn set(&self, weather: Weather) {
        self.service.state.lock().expect("no panic").0 = weather;
        match weather {
            Weather::Down => self.door.close(),
            _ => self.door.open(),
        }
    }
}

impl Service {
    fn answer(&self, asked: &Asked) -> Act {
        match self.dialect.read(asked) {
            Some(request) => self.act(request),
            None => {
                self.journal.note(Event::Strange(format!("{asked:?}")));
                self.dialect.refusal()
            }
        }
    }

    fn act(&self, request: Request) -> Act {
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
            // Who asked has given up, and what comes meanwhile is overtaken.
            Fault::WrittenLate => {
                thread::sleep(Duration::from_millis(TIMEOUT_MS) + wait * 4);
                self.execute(request)
            }
        }
    }

    fn execute(&self, request: Request) -> Act {
        let (dialect, tables) = (self.dialect, &self.tables);
        match request {
            Request::Execute(order) => dialect.executed(self.sam.execute(order)),
            Request::Look { row, column } => dialect.looked(tables.look(&row).as_ref(), &column),
            Request::Update {
                row,
                guard,
                columns,
            } => {
                let came = tables.update(row.clone(), guard, columns);
                dialect.wrote(&row, came, false)
            }
            Request::Insert { row, columns } => {
                let came = tables.insert(row.clone(), columns);
                dialect.wrote(&row, came, true)
            }
        }
    }

    /// What is to go wrong, if anything, and a time that is less than the component waits.
    fn draw(&self) -> (Option<Fault>, Duration) {
        let mut state = self.state.lock().expect("no panic");
        let (weather, random) = &mut *state;
        let any = FAULTS[random.usize(..FAULTS.len())];
        let percent = random.u8(..100);
        let wait = Duration::from_millis(random.u64(..TIMEOUT_MS));
        let fault = match weather {
            Weather::Fine => None,
            Weather::Fair => (percent < 5).then_some(any),
            Weather::Bad | Weather::Down => (percent < 50).then_some(any),
            Weather::Misconfigured => Some(Fault::Misconfigured),
        };
        (fault, wait)
    }
}

/// A refusal that is the data API's last word on a change.
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
            Self::Proxy(_) => "is answered for by a proxy",
            Self::Truncated => "cuts its reply off",
            Self::ReplyLost => "loses its reply",
            Self::StallBefore => "stalls",
            Self::StallAfter => "stalls in its reply",
            Self::WrittenLate => "writes when nobody waits any more",
        }
    }
}

/// A reply that promises more than comes.
fn truncated() -> Vec<u8> {
    let head = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 100\r\n";
    format!("{head}\r\n{{\"value\":[{{\"Res").into_bytes()
}
