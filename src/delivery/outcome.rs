//! What became of a change at a data API, and what a data API needs from a host.

use std::time::Duration;

use crate::outbound::OutboundError;
use crate::ports::{Clock, KeyValue, Outbound, Random, StoreError};

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The row has it.
    Updated,
    /// The row was in a final state and stays as it was.
    AlreadyFinal,
    /// There is no such row, and it is not the change's to make.
    NotFound,
}

/// Why a change was not made, or a row not read. The texts are for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// The store failed.
    #[error("key-value store: {0}")]
    Store(#[from] StoreError),
    /// Others were at the row all the time.
    #[error("too many callbacks for one deployment at a time")]
    Contended,
    /// The row is there and may change, and yet did not: somebody else changed it at the same
    /// time, or a policy of the data API's keeps it.
    #[error("the row is not final, but it could not be changed")]
    Withheld,
    /// What is stored is no row.
    #[error("the stored row is not readable: {0}")]
    Corrupt(String),
    /// The server did not do what was asked.
    #[error("data API: {0}")]
    Remote(#[from] OutboundError),
    /// The setting is wrong that says what the table is called.
    #[error("the table's name is not known: a setting is wrong")]
    UnknownTable,
    /// No request of this data API can name the row.
    #[error("the data API cannot address a row by this key")]
    Unaddressable,
}

impl DeliveryError {
    /// Whether trying again later can help.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(_) | Self::Contended | Self::Withheld | Self::UnknownTable => true,
            Self::Corrupt(_) | Self::Unaddressable => false,
            Self::Remote(error) => error.is_retryable(),
        }
    }

    /// Whether it is of the data API itself, and not of one change.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Remote(error) if error.is_transient())
    }
}

/// How much is done to have a change made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// A second attempt where that may help, within the deadline of a caller who waits.
    Whole,
    /// Each request is sent once, all within this time, and what comes of it says nothing of other
    /// changes: nobody waits for it.
    Once(Duration),
}

/// A change that a data API was asked to make.
#[derive(Debug)]
pub struct Applied {
    /// What became of it.
    pub result: Result<Outcome, DeliveryError>,
    /// Why a first attempt failed, where there was a second.
    pub retried: Option<OutboundError>,
    /// A refusal that was read as "no such row", but may as well mean the table.
    pub doubtful: Option<OutboundError>,
}

/// What data APIs need from a host.
pub trait Ports: KeyValue + Outbound + Clock + Random {}

impl<T: KeyValue + Outbound + Clock + Random> Ports for T {}
