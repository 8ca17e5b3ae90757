//! Why a request is not let in, or not yet.

use std::fmt;

use super::CredentialKind;
use super::call_token::CallTokenError;
use super::jwt::KeysUnavailableError;

/// A credential that was wrong, and why: for the log alone, as `<kind>: <why>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Which kind.
    pub kind: CredentialKind,
    /// Why.
    pub why: &'static str,
}

impl fmt::Display for Rejected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.kind.name(), self.why)
    }
}

/// A request that is not let in.
#[derive(Debug, PartialEq, Eq)]
pub struct Denied {
    /// The credentials that were right, but not enough.
    pub by: Vec<CredentialKind>,
    /// The credentials that were wrong.
    pub rejected: Vec<Rejected>,
    /// `WWW-Authenticate`: the credentials that would be accepted.
    pub challenge: String,
}

/// A request of which nobody can say now whether it is let in.
#[derive(Debug, PartialEq, Eq)]
pub struct Undecided {
    /// Why.
    pub error: UndecidedError,
    /// Its other credentials, as far as they were wrong: whoever guesses them is counted.
    pub rejected: Vec<Rejected>,
}

/// Why nobody can say.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UndecidedError {
    /// The call token could not be checked.
    #[error(transparent)]
    CallToken(CallTokenError),
    /// The JWT could not.
    #[error("jwt: {0}")]
    Keys(KeysUnavailableError),
}
