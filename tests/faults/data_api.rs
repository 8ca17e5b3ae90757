//! A data API that speaks Data API builder's HTTP for the procedure, and fails in every way that
//! one can.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};

use crate::journal::{Event, Journal, Order, Resultado};
use crate::sam::Sam;
use crate::server;
use crate::upstream::{self, Act, Asked};

/// How long the component waits for it.
pub const TIMEOUT_MS: u64 = 300;

const PATH: &str = "/api/ActualizarEjecucionDesdeCallback";

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
    Truncated,
    ReplyLost,
    StallBefore,
    StallAfter,
    WrittenLate,
}

const FAULTS: [Fault; 11] = [
    Fault::Slow,
    Fault::ResetBefore,
    Fault::Unavailable,
    Fault::Failed,
    Fault::Misconfigured,
    Fault::HtmlPage,
    Fault::Truncated,
    Fault::ReplyLost,
    Fault::StallBefore,
    Fault::StallAfter,
    Fault::WrittenLate,
];

pub struct DataApi {
    address: SocketAddr,
    service: Arc<Service>,
    door: Mutex<Option<JoinHandle<()>>>,
}

struct Service {
    sam: Arc<Sam>,
    journal: Arc<Journal>,
    state: Mutex<(Weather, Rng)>,
    closing: AtomicBool,
    /// Requests that are being answered.
    busy: AtomicUsize,
}

impl DataApi {
    pub fn start(sam: Arc<Sam>, journal: Arc<Journal>, random: Rng) -> Self {
        let it = Self {
            // Not a port that the system gives to clients: it has to be there after each pause.
            address: server::free_address(),
            service: Arc::new(Service {
                sam,
                journal,
                state: Mutex::new((Weather::Fine, random)),
                closing: AtomicBool::new(false),
                busy: AtomicUsize::new(0),
            }),
            door: Mutex::default(),
        };
        it.open();
        it
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
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
        while self.service.busy.load(Ordering::SeqCst) > 0 {
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn set(&self, weather: Weather) {
        self.service.state.lock().expect("no panic").0 = weather;
        match weather {
            Weather::Down => self.close(),
            _ => self.open(),
        }
    }

    fn open(&self) {
        let mut door = self.door.lock().expect("no panic");
        if door.is_none() {
            let listener = TcpListener::bind(self.address).expect("our own port");
            let service = Arc::clone(&self.service);
            *door = Some(thread::spawn(move || service.serve(&listener)));
        }
    }

    fn close(&self) {
        if let Some(door) = self.door.lock().expect("no panic").take() {
            self.service.closing.store(true, Ordering::SeqCst);
            // It looks up only when a connection comes. An error means that one has come already.
            let _ = TcpStream::connect(self.address);
            door.join().expect("no panic");
            self.service.closing.store(false, Ordering::SeqCst);
        }
    }
}

impl Service {
    fn serve(self: Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.closing.load(Ordering::SeqCst) {
                return;
            }
            let service = Arc::clone(&self);
            self.busy.fetch_add(1, Ordering::SeqCst);
            thread::spawn(move || {
                service.answer(stream);
                service.busy.fetch_sub(1, Ordering::SeqCst);
            });
        }
    }

    fn answer(&self, stream: io::Result<TcpStream>) {
        let Some((asked, stream)) = stream.ok().and_then(upstream::receive) else {
            return;
        };
        let act = match read(&asked) {
            Some(order) => self.act(order),
            None => {
                self.journal.note(Event::Strange(format!("{asked:?}")));
                error(400, "BadRequest")
            }
        };
        upstream::act(stream, act);
    }

    fn act(&self, order: Order) -> Act {
        let (fault, wait) = self.draw();
        let Some(fault) = fault else {
            return self.execute(order);
        };
        let what = fault.name();
        self.journal.note(Event::Fault(order.clone(), what));
        match fault {
            Fault::Slow => {
                thread::sleep(wait / 2);
                self.execute(order)
            }
            Fault::ResetBefore => Act::Reset(Vec::new()),
            Fault::Unavailable => error(503, "ServiceUnavailable"),
            Fault::Failed => error(500, "DatabaseOperationFailed"),
            Fault::Misconfigured => error(400, "BadRequest"),
            Fault::HtmlPage => Act::Reply(200, "text/html", b"<html>Mantenimiento".to_vec()),
            Fault::Truncated => {
                self.execute(order);
                Act::Reset(truncated())
            }
            Fault::ReplyLost => {
                self.execute(order);
                Act::Reset(Vec::new())
            }
            Fault::StallBefore => Act::Stall(Vec::new()),
            Fault::StallAfter => {
                self.execute(order);
                Act::Stall(truncated())
            }
            // Who asked has given up, and what comes meanwhile is overtaken.
            Fault::WrittenLate => {
                thread::sleep(Duration::from_millis(TIMEOUT_MS) + wait * 4);
                self.execute(order)
            }
        }
    }

    fn execute(&self, order: Order) -> Act {
        let word = match self.sam.execute(order) {
            Resultado::Updated => "UPDATED",
            Resultado::AlreadyProcessed => "ALREADY_PROCESSED",
            Resultado::NotFound => "NOT_FOUND",
        };
        upstream::json(201, &json!({"value": [{"Resultado": word}]}))
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

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::Slow => "is slow",
            Self::ResetBefore => "resets the connection",
            Self::Unavailable => "answers 503",
            Self::Failed => "answers 500",
            Self::Misconfigured => "answers 400",
            Self::HtmlPage => "answers with a page",
            Self::Truncated => "cuts its reply off",
            Self::ReplyLost => "loses its reply",
            Self::StallBefore => "stalls",
            Self::StallAfter => "stalls in its reply",
            Self::WrittenLate => "writes when nobody waits any more",
        }
    }
}

/// The procedure's arguments.
fn read(asked: &Asked) -> Option<Order> {
    let arguments: Value = serde_json::from_slice(&asked.body).ok()?;
    let text = |name: &str| Some(arguments.get(name)?.as_str()?.to_owned());
    let is_ours = asked.method == "POST" && asked.target == PATH;
    let order = Order {
        deployment: text("DeploymentId")?,
        estado: text("Estado")?,
        callback_info: text("CallbackInfo")?,
    };
    is_ours.then_some(order)
}

fn error(status: u16, code: &str) -> Act {
    let error = json!({"error": {"code": code, "message": "…", "status": status}});
    upstream::json(status, &error)
}

/// A reply that promises more than comes.
fn truncated() -> Vec<u8> {
    let head = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 100\r\n";
    format!("{head}\r\n{{\"value\":[{{\"Res").into_bytes()
}
