//! What happened, in order: what callers sent and were told, what came to the data API and what it
//! wrote, what BlizWork's API said of call tokens, and what was done to the host meanwhile.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::notices::{Came, Notice, Replied, Verdict, Write};

/// A callback. Callers may send the same one more than once.
#[derive(Debug, PartialEq, Eq)]
pub struct Callback {
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
    Sent(Arc<Callback>),
    /// The answer to what was sent at this place of the journal.
    Answered(usize, Arc<Callback>, Answer),
    Executed(Order, Resultado),
    /// A message or a call was sent, at this moment.
    Notified(Arc<Notice>, u64),
    /// The answer to one.
    Replied(Arc<Notice>, Replied),
    /// Others have made a row.
    Made(String),
    /// A row was shown with this moment in it.
    Looked(String, Option<u64>),
    Wrote(Write, Came),
    /// BlizWork's API was asked about the token of this row.
    Checked(String, Verdict),
    /// What the data API did instead of answering well, when it was asked this of a row.
    Fault(String, String, &'static str),
    /// The component asked the data API for something that was not foreseen.
    Strange(String),
    /// A dead letter that no refusal of the data API's own has made: somebody's hand is needed.
    Dead(String),
    /// From here on it is not certain what the key-value store takes and gives.
    StoreInDoubt,
    /// From here on it takes no write.
    StoreFails(&'static str),
    /// From here on it may.
    StoreHeals,
    /// From here on it takes and gives everything.
    StoreIsSound,
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
    /// The deployment or the row it is about; `None`: all of them.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::Inserted(subject)
            | Self::Made(subject)
            | Self::Looked(subject, _)
            | Self::Checked(subject, _)
            | Self::Fault(subject, ..) => Some(subject),
            Self::Sent(callback) | Self::Answered(_, callback, _) => Some(&callback.deployment),
            Self::Executed(order, _) => Some(&order.deployment),
            Self::Notified(notice, _) | Self::Replied(notice, _) => Some(&notice.row),
            Self::Wrote(write, _) => Some(&write.row),
            Self::Strange(_)
            | Self::Dead(_)
            | Self::StoreInDoubt
            | Self::StoreFails(_)
            | Self::StoreHeals
            | Self::StoreIsSound
            | Self::Host(_) => None,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inserted(_) | Self::Made(_) => write!(f, "row      made by others"),
            Self::Sent(callback) => {
                let payload = Brief(&callback.payload);
                write!(f, "caller   sends {} {payload}", callback.status)
            }
            Self::Answered(at, callback, answer) => {
                let payload = Brief(&callback.payload);
                write!(
                    f,
                    "caller   is told {answer:?} for {payload}, sent at #{at}"
                )
            }
            Self::Executed(order, resultado) => {
                let info = Brief(&order.callback_info);
                write!(f, "data API {resultado:?}: {} {info}", order.estado)
            }
            Self::Notified(notice, at) => {
                write!(f, "caller   sends, at {at}, {}", Brief(&notice.body))
            }
            Self::Replied(_, Replied { sent, answer, .. }) => {
                write!(
                    f,
                    "caller   is told {answer:?} for what was sent at #{sent}"
                )
            }
            Self::Looked(_, moment) => write!(f, "data API shows the row with {moment:?}"),
            Self::Wrote(write, came) => write!(f, "data API {came:?}: {:?}", write.columns),
            Self::Checked(_, verdict) => write!(f, "BlizWork says {verdict:?}"),
            Self::Fault(_, asked, what) => write!(f, "data API {what}: {}", Brief(asked)),
            Self::Strange(what) => write!(f, "somebody does not understand {what}"),
            Self::Dead(entry) => write!(f, "outbox   has a dead letter: {}", Brief(entry)),
            Self::StoreInDoubt => write!(f, "store    is about to fail"),
            Self::StoreFails(how) => write!(f, "store    {how}"),
            Self::StoreHeals => write!(f, "store    heals"),
            Self::StoreIsSound => write!(f, "store    is sound"),
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
