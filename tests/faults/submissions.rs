//! What becomes a row of its own table: signed messages, Cal.com's events, and BlizWork's calls. What each is to
//! leave in the database is worked out here, from what is promised and not by the component's code.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::digest::{SHA256, digest};

use crate::journal::Answer;

/// Stands for a column that was set to nothing: no text has this character.
pub const NULL: &str = "\0";

/// Columns and what they hold.
pub type Columns = BTreeMap<String, String>;

/// Rows by their names, which are `table/key`.
pub type Rows = BTreeMap<String, Columns>;

/// Who has sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Message,
    /// An event of Cal.com's.
    Booking,
    Call,
}

/// A message, an event or a call. Callers may send the same one more than once.
#[derive(Debug, PartialEq, Eq)]
pub struct Submission {
    pub kind: Kind,
    pub row: String,
    /// What identifies a message or an event; a call's is its token, which its row is named by.
    pub id: String,
    /// Its own timestamp, in microseconds since 1970; `None`: when it was received.
    pub timestamp: Option<u64>,
    /// What the row is to hold, but for the timestamp.
    pub columns: Columns,
    pub body: String,
    /// Which of the values it is remembered in, first the one by which it is known again. It is not
    /// promised that two submissions are, where both are written into the same one at once.
    pub slots: Vec<u16>,
}

/// The reply that the sender got.
#[derive(Debug)]
pub struct Reply {
    /// Where in the journal it was sent.
    pub sent: usize,
    pub answer: Answer,
    /// `None` where it broke off.
    pub body: Option<String>,
    /// When, in microseconds since 1970.
    pub at: u64,
}

/// What the data API was asked to put into a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub row: String,
    pub columns: Columns,
    /// Whether the data API itself sees to it that nothing newer is written over.
    pub guarded: bool,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    Updated,
    Inserted,
    /// There is no such row, or it was left as it was.
    Unchanged,
}

/// How BlizWork's API judged a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenCheck {
    Valid,
    Invalid,
    /// It failed like this.
    Fault(&'static str),
}

impl Kind {
    /// The column of the timestamp.
    pub fn timestamp_column(self) -> &'static str {
        match self {
            Self::Message => "message_timestamp",
            Self::Booking => "event_timestamp",
            Self::Call => "received_at",
        }
    }
}

/// The timestamp in a column, in microseconds since 1970.
pub fn parse_timestamp(text: &str) -> Option<u64> {
    let time = humantime::parse_rfc3339(text).ok()?;
    Some(since_1970(time))
}

/// The timestamp that a row of messages or events has.
pub fn timestamp(columns: &Columns) -> Option<u64> {
    let mut kinds = [Kind::Message, Kind::Booking].into_iter();
    let text = kinds.find_map(|kind| columns.get(kind.timestamp_column()));
    parse_timestamp(text?)
}

/// Now, in microseconds since 1970.
pub fn now() -> u64 {
    since_1970(SystemTime::now())
}

fn since_1970(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_micros()).expect("not that long")
}

/// SHA-256, in hex.
pub fn hash(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Which of 4,096 values a submission is remembered in.
pub fn slot(source: &str, by: &str, id: &str) -> u16 {
    let hash = hash(&format!("{source} {by} {id}"));
    u16::from_str_radix(&hash[..3], 16).expect("hex")
}
