//! Why an entry is in the outbox, in SAM's terms: the one place that decides it, and its codes.

use super::reason::QueueReason;
use crate::delivery::outcome::DeliveryError;
use crate::outbound::OutboundError;

/// Why the last attempt at an entry failed. Whether the entry waits or is a dead letter is its state: a
/// dead letter of a cause that passes by itself was given up because of its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Its row is not there.
    NoRow,
    /// The database refuses this change for good.
    RefusedByDatabase,
    /// The data API was not to be reached, or asked to be left alone.
    DataApiAway,
    /// The data API, or who answers in its place, refuses every change.
    DataApiRefuses,
    /// The data API failed at this change, or left its row as it was.
    DataApiFailed,
    /// No request of the data API can name the row.
    Unaddressable,
    /// The rows are in the service's own store, and that failed.
    Store,
    /// Nobody has tried it yet.
    Untried,
    /// It cannot be read, or an earlier version has left it, which did not note a cause.
    Unknown,
}

/// All of them: the letter in an entry's key, and the code in requests and replies.
const CAUSES: &[(Cause, char, &str)] = &[
    (Cause::NoRow, 'n', "no_row"),
    (Cause::RefusedByDatabase, 'r', "refused_by_database"),
    (Cause::DataApiAway, 'a', "data_api_away"),
    (Cause::DataApiRefuses, 'd', "data_api_refuses"),
    (Cause::DataApiFailed, 'f', "data_api_failed"),
    (Cause::Unaddressable, 'k', "unaddressable"),
    (Cause::Store, 's', "store"),
    (Cause::Untried, 'p', "untried"),
    (Cause::Unknown, 'u', "unknown"),
];

impl Cause {
    /// Why a change is queued.
    pub fn of(reason: &QueueReason) -> Self {
        match reason {
            QueueReason::NoRow => Self::NoRow,
            QueueReason::Failed(error) => Self::of_error(error),
        }
    }

    fn of_error(error: &DeliveryError) -> Self {
        match error {
            DeliveryError::Store(_) | DeliveryError::Corrupt(_) => Self::Store,
            DeliveryError::Contended | DeliveryError::Withheld => Self::DataApiFailed,
            DeliveryError::UnknownTable => Self::DataApiRefuses,
            DeliveryError::Unaddressable => Self::Unaddressable,
            DeliveryError::Remote(error) if !error.is_retryable() => Self::RefusedByDatabase,
            DeliveryError::Remote(error) if error.refuses_all() => Self::DataApiRefuses,
            DeliveryError::Remote(error @ OutboundError::Status { .. })
                if !error.is_transient() =>
            {
                Self::DataApiFailed
            }
            DeliveryError::Remote(_) => Self::DataApiAway,
        }
    }

    /// The code in requests and replies.
    pub fn code(self) -> &'static str {
        let known = CAUSES.iter().find(|(cause, ..)| *cause == self);
        known.map_or("unknown", |(_, _, code)| code)
    }

    /// The cause of this code.
    pub fn parse(code: &str) -> Option<Self> {
        let known = CAUSES.iter().find(|(.., known)| *known == code)?;
        Some(known.0)
    }

    /// All there are.
    pub fn all() -> impl Iterator<Item = Self> {
        CAUSES.iter().map(|(cause, ..)| *cause)
    }

    /// The letter in an entry's key.
    pub(super) fn letter(self) -> char {
        let known = CAUSES.iter().find(|(cause, ..)| *cause == self);
        known.map_or('u', |(_, letter, _)| *letter)
    }

    /// The cause of this letter. One that only a later version knows is unknown.
    pub(super) fn of_letter(letter: char) -> Self {
        let known = CAUSES.iter().find(|(_, known, _)| *known == letter);
        known.map_or(Self::Unknown, |(cause, ..)| *cause)
    }
}
