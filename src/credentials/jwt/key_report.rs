//! What operators learn of the keys that a signer publishes.

use std::time::Duration;

use super::key_set::KeySetError;
use super::keys::LeftOut;
use crate::ports::StoreError;

/// No token can be checked that one of the published keys may have signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the signer's keys are not there: {}", .0.as_deref().unwrap_or("another request is fetching them"))]
pub struct KeysUnavailableError(pub Option<String>);

/// What came of an attempt to fetch keys, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyReport {
    /// They are there.
    Fetched {
        /// How many.
        count: usize,
        /// They are not those that this instance had.
        are_new: bool,
        /// Members of the set that are not used.
        left_out: Vec<LeftOut>,
        /// They are not in the store: each instance has to fetch them.
        not_kept: Option<StoreError>,
    },
    /// They are not.
    Failed(KeySetError),
}

/// What operators want to know of the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysStatus {
    /// Whether they can be used.
    pub state: KeysState,
    /// How old the set is.
    pub age: Option<Duration>,
    /// Why the last attempt to fetch them failed, if it did.
    pub failure: Option<String>,
}

/// Whether keys can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeysState {
    /// No token has needed them yet.
    NotFetched,
    /// They are as young as the setting wants, or no token has come since.
    Ok,
    /// They are used, but they are old, and the last attempt to fetch them failed.
    Old,
    /// There are none, or they are too old.
    Missing,
}
