//! What callers are let in by: one file a credential, and the policy that decides.

mod admission;
mod body_signature;
mod call_token;
#[cfg(test)]
mod hostile;
mod jwt;
mod policy;
mod single_header;
mod static_token;

use crate::http::Received;

pub use crate::config::{SignatureKeyError, SignatureKeys};
pub use admission::{Denied, Rejected, Undecided, UndecidedError};
pub use body_signature::standard_webhooks_headers;
pub use call_token::{CallTokenError, Checked};
pub use jwt::{KeyError, KeyReport, Keys, KeysState, KeysStatus, LeftOut, PublishedKeys};
pub use policy::{Admission, Policy, Verified};
pub use single_header::bearer;

/// The kinds of credential, as the audit line and `WWW-Authenticate` name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// A token both sides know, in a header of its own.
    StaticToken,
    /// A JSON Web Token (RFC 7519) in `Authorization: Bearer`.
    Jwt,
    /// A signature over the body, in a header of its own.
    HexHmac,
    /// A signature over id, time and body, as Standard Webhooks has it.
    StandardWebhooks,
    /// A token that was made for one call, in its body.
    CallToken,
}

impl CredentialKind {
    /// The name in the audit line.
    pub fn name(self) -> &'static str {
        match self {
            Self::StaticToken => "static_token",
            Self::Jwt => "jwt",
            Self::HexHmac => "hmac",
            Self::StandardWebhooks => "standard_webhooks",
            Self::CallToken => "call_token",
        }
    }
}

/// What a credential found in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The request has none.
    Absent,
    /// It has a valid one.
    Valid,
    /// It has one that is wrong, or not clearly one. Why, for the log alone: a caller who
    /// knew would guess better.
    Invalid(&'static str),
}

impl Finding {
    /// The finding of two headers together: one valid credential is enough.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Valid, _) | (_, Self::Valid) => Self::Valid,
            (Self::Absent, other) => other,
            (wrong, _) => wrong,
        }
    }
}

/// One way to prove who calls. It judges; what follows from its finding is the policy's.
pub trait Credential: Send + Sync {
    /// Which kind it is.
    fn kind(&self) -> CredentialKind;
    /// The challenge of `WWW-Authenticate` (RFC 9110, 11.6.1) that asks for it.
    fn challenge(&self) -> String;
    /// Looks at the request, with at most [`OPERATIONS`] public-key operations.
    fn examine(&self, received: &Received) -> Finding;
    /// The same without such an operation; `None` where only [`verify`](Self::verify) can tell.
    fn glance(&self, received: &Received) -> Option<Finding> {
        Some(self.examine(received))
    }
    /// What a [`glance`](Self::glance) has left open.
    fn verify(&self, received: &Received) -> Finding {
        self.examine(received)
    }
    /// Whether the body can make it valid, as far as headers tell: `received` has no body yet.
    fn needs_body(&self, _received: &Received) -> bool {
        false
    }
}

/// How many public-key operations a credential may cost, whatever a stranger sends: one of RSA with
/// 4096 bits takes 4 ms.
const OPERATIONS: usize = 2;

/// Counts public-key operations, for tests that bound them.
#[cfg(test)]
pub mod operations {
    use std::cell::Cell;

    thread_local! {
        static DONE: Cell<usize> = const { Cell::new(0) };
    }

    /// One was done.
    pub fn count() {
        DONE.set(DONE.get() + 1);
    }

    /// How many were done in this thread since this was last asked.
    pub fn take() -> usize {
        DONE.replace(0)
    }
}
