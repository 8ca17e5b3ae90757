//! What happened, in order: what callers sent and how they were answered, what the data API was asked
//! and wrote, how BlizWork's API judged call tokens, and the host's faults.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::submissions::{Reply, Submission, TokenCheck, Write, WriteOutcome};

/// A callback. Callers may send the same one more than once.
#[derive(Debug, PartialEq, Eq)]
pub struct Callback {
    pub deployment: String,
    pub status: &'static str,
    /// The body, which is to be the row's `CallbackInfo` to the byte.
    pub payload: String,
}

/// How a caller was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 200: in the database, or final already.
    Done,
    /// 202: in the outbox.
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

/// A row of the history of activity, as the data API was asked to make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityRow {
    pub request_id: String,
    pub source: String,
    pub status: u16,
    pub row_key: Option<String>,
}

#[derive(Debug)]
pub enum Event {
    /// The Lanzador has made the row.
    DeploymentCreated(String),
    Sent(Arc<Callback>),
    /// The answer to what was sent at this place of the journal.
    Answered(usize, Arc<Callback>, Answer),
    Executed(Order, Resultado),
    /// A message or a call was sent, at this time.
    Submitted(Arc<Submission>, u64),
    /// The answer to one.
    Replied(Arc<Submission>, Reply),
    /// Others have made a row.
    RowCreated(String),
    /// A row was read, with this timestamp in it.
    RowRead(String, Option<u64>),
    RowWritten(Write, WriteOutcome),
    /// The data API was asked to make a row of the history, whatever became of it.
    ActivityAsked(ActivityRow),
    /// BlizWork's API was asked about the token of this row.
    TokenChecked(String, TokenCheck),
    /// What the data API did instead of answering well, when it was asked this of a row.
    Fault(String, String, &'static str),
    /// The component sent a request that no server here knows.
    Unexpected(String),
    /// A dead letter that no refusal of the data API's own has made: an operator would be needed.
    DeadLetter(String),
    /// From here on the key-value store may fail.
    StoreUnreliable,
    /// From here on it takes no write.
    StoreFails(&'static str),
    /// From here on it may.
    StoreHeals,
    /// From here on it takes and gives everything.
    StoreReliable,
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
            Self::DeploymentCreated(subject)
            | Self::RowCreated(subject)
            | Self::RowRead(subject, _)
            | Self::TokenChecked(subject, _)
            | Self::Fault(subject, ..) => Some(subject),
            Self::Sent(callback) | Self::Answered(_, callback, _) => Some(&callback.deployment),
            Self::Executed(order, _) => Some(&order.deployment),
            Self::Submitted(submission, _) | Self::Replied(submission, _) => Some(&submission.row),
            Self::RowWritten(write, _) => Some(&write.row),
            Self::ActivityAsked(row) => Some(&row.request_id),
            Self::Unexpected(_)
            | Self::DeadLetter(_)
            | Self::StoreUnreliable
            | Self::StoreFails(_)
            | Self::StoreHeals
            | Self::StoreReliable
            | Self::Host(_) => None,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeploymentCreated(_) | Self::RowCreated(_) => {
                write!(f, "row      made by others")
            }
            Self::Sent(callback) => {
                let payload = Brief(&callback.payload);
                write!(f, "caller   sends {} {payload}", callback.status)
            }
            Self::Answered(at, callback, answer) => {
                let payload = Brief(&callback.payload);
                write!(f, "caller   gets {answer:?} for {payload}, sent at #{at}")
            }
            Self::Executed(order, resultado) => {
                let info = Brief(&order.callback_info);
                write!(f, "data API {resultado:?}: {} {info}", order.estado)
            }
            Self::Submitted(submission, at) => {
                write!(f, "caller   sends, at {at}, {}", Brief(&submission.body))
            }
            Self::Replied(_, Reply { sent, answer, .. }) => {
                write!(f, "caller   gets {answer:?} for what was sent at #{sent}")
            }
            Self::RowRead(_, timestamp) => write!(f, "data API returns the row, of {timestamp:?}"),
            Self::RowWritten(write, outcome) => {
                write!(f, "data API {outcome:?}: {:?}", write.columns)
            }
            Self::ActivityAsked(row) => write!(f, "data API is to keep {row:?}"),
            Self::TokenChecked(_, verdict) => write!(f, "BlizWork says {verdict:?}"),
            Self::Fault(_, asked, what) => write!(f, "data API {what}: {}", Brief(asked)),
            Self::Unexpected(what) => write!(f, "nobody understands {what}"),
            Self::DeadLetter(entry) => write!(f, "outbox   has a dead letter: {}", Brief(entry)),
            Self::StoreUnreliable => write!(f, "store    may fail from here on"),
            Self::StoreFails(how) => write!(f, "store    {how}"),
            Self::StoreHeals => write!(f, "store    heals"),
            Self::StoreReliable => write!(f, "store    is reliable"),
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
