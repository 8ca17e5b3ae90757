//! What happened, in order: what callers sent and were told, what came to the data API and what it
//! wrote, and what was done to the host meanwhile.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// A callback. Callers may send the same one more than once.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    pub deployment: String,
    pub status: &'static str,
    /// The body, which is to be the row's `CallbackInfo` to the byte.
    pub payload: String,
}

/// What a caller was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 200: in the database, or final already.
    Done,
    /// 202: kept.
    Queued,
    /// Any other status.
    Refused(u16),
    /// No reply came.
    Nothing,
}

/// What the data API was asked to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub deployment: String,
    pub estado: String,
    pub callback_info: String,
}

/// The procedure's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resultado {
    Updated,
    AlreadyProcessed,
    NotFound,
}

#[derive(Debug)]
pub enum Event {
    /// The Lanzador has made the row.
    Inserted(String),
    Sent(Arc<Message>),
    /// The answer to what was sent at this place of the journal.
    Answered(usize, Arc<Message>, Answer),
    /// What the data API did instead of answering well.
    Fault(Order, &'static str),
    Executed(Order, Resultado),
    /// The component asked the data API for something that was not foreseen.
    Strange(String),
    /// From here on the key-value store takes no write.
    StoreFails(&'static str),
    /// From here on it may.
    StoreHeals,
    /// What else happened to the host.
    Host(&'static str),
}

/// The journal. It is only ever added to.
pub struct Journal {
    start: Instant,
    events: Mutex<Vec<(Duration, Event)>>,
}

impl Journal {
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            events: Mutex::default(),
        }
    }

    /// Adds an event, and returns its place.
    pub fn note(&self, event: Event) -> usize {
        let mut events = self.events();
        events.push((self.start.elapsed(), event));
        events.len() - 1
    }

    /// All there is so far. Nothing is added while this is held.
    pub fn events(&self) -> MutexGuard<'_, Vec<(Duration, Event)>> {
        self.events.lock().expect("no panic")
    }
}

impl Event {
    /// The deployment it is about; `None`: all of them.
    pub fn deployment(&self) -> Option<&str> {
        match self {
            Self::Inserted(deployment) => Some(deployment),
            Self::Sent(message) | Self::Answered(_, message, _) => Some(&message.deployment),
            Self::Fault(order, _) | Self::Executed(order, _) => Some(&order.deployment),
            Self::Strange(_) | Self::StoreFails(_) | Self::StoreHeals | Self::Host(_) => None,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inserted(_) => write!(f, "row      inserted"),
            Self::Sent(message) => {
                let payload = Brief(&message.payload);
                write!(f, "caller   sends {} {payload}", message.status)
            }
            Self::Answered(at, message, answer) => {
                let payload = Brief(&message.payload);
                write!(
                    f,
                    "caller   is told {answer:?} for {payload}, sent at #{at}"
                )
            }
            Self::Fault(order, what) => {
                let info = Brief(&order.callback_info);
                write!(f, "data API {what}: {} {info}", order.estado)
            }
            Self::Executed(order, resultado) => {
                let info = Brief(&order.callback_info);
                write!(f, "data API {resultado:?}: {} {info}", order.estado)
            }
            Self::Strange(what) => write!(f, "data API does not understand {what}"),
            Self::StoreFails(how) => write!(f, "store    {how}"),
            Self::StoreHeals => write!(f, "store    heals"),
            Self::Host(what) => write!(f, "host     {what}"),
        }
    }
}

/// As much of a payload as tells it from others.
struct Brief<'a>(&'a str);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().take(100).collect();
        let more = if shown.len() < self.0.len() {
            "…"
        } else {
            ""
        };
        write!(f, "{}{more}", shown.escape_debug())
    }
}
