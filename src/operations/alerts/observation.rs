//! What alerts are decided from. Times are milliseconds since 1970.

/// How things are.
#[derive(Debug, Clone)]
pub struct Observation {
    /// When that was seen.
    pub at: u64,
    /// The data API.
    pub data_api: DataApiHealth,
    /// Rows with a change that waits.
    pub waiting: usize,
    /// For how long the oldest of those has waited.
    pub oldest_waiting_seconds: Option<u64>,
    /// Since when a mailbox has had something in it and nobody has collected it.
    pub mailbox_uncollected_since: Option<u64>,
    /// Dead letters, by cause.
    pub dead: Vec<DeadLetters>,
    /// Whether all of the outbox was seen. Otherwise there may be more than is said here.
    pub is_whole: bool,
    /// Rows that are active too long without a callback; `None`: nobody knows.
    pub overdue: Option<usize>,
}

/// The data API, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataApiHealth {
    /// Nothing is.
    Unknown,
    /// It answers, and accepts changes as far as is known.
    Answers,
    /// It does not.
    Failing {
        /// Since when; `None`: since this was first seen.
        since: Option<u64>,
        /// It answers, and refuses every change.
        is_refusing: bool,
        /// What is wrong, as the log has it.
        failure: String,
    },
}

/// The dead letters of one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetters {
    /// The cause's code.
    pub cause: &'static str,
    /// Rows with a dead letter.
    pub count: usize,
}

impl Observation {
    /// Rows with a dead letter.
    pub fn dead_letters(&self) -> usize {
        self.dead.iter().map(|of_one| of_one.count).sum()
    }
}
