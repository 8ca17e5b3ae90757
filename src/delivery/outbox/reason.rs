//! Why a change comes into the outbox.

use crate::delivery::outcome::{DeliveryError, Outcome};

/// Why a change is queued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueReason {
    /// Its row is not there, perhaps not yet.
    #[error("no such row yet")]
    NoRow,
    /// It was not made.
    #[error(transparent)]
    Failed(#[from] DeliveryError),
}

impl QueueReason {
    /// What became of a change, where that is a reason to queue it.
    pub fn of(result: &Result<Outcome, DeliveryError>) -> Option<Self> {
        match result {
            Ok(Outcome::NotFound) => Some(Self::NoRow),
            Ok(Outcome::Updated | Outcome::AlreadyFinal) => None,
            Err(error) => Some(Self::Failed(error.clone())),
        }
    }

    /// Whether trying again later can help.
    pub(super) fn is_retryable(&self) -> bool {
        match self {
            Self::NoRow => true,
            Self::Failed(error) => error.is_retryable(),
        }
    }
}
