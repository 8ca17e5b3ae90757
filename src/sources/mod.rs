//! Who notifies: one file a source, with its payload, the change it asks for and its reply.

mod a360;

use crate::credentials::Verified;
use crate::delivery::Change;
use crate::http::{Refusal, Reply};

pub use a360::A360;

/// A system that notifies. What it sends becomes a change; the change's outcome, its reply.
pub trait Source: Send + Sync {
    /// The name in the audit line.
    fn name(&self) -> &'static str;
    /// The change that a verified notification asks for.
    fn decode(&self, verified: &Verified) -> Result<Change, Refusal>;
    /// The reply to a change that was taken.
    fn reply(&self, taken: Taken) -> Reply;
}

/// How a change was taken: what its caller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The row has it.
    Updated,
    /// The row was in a final state and stays as it was.
    AlreadyFinal,
    /// It is in the outbox.
    Queued,
}

impl Taken {
    /// The name in the audit line and in replies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::AlreadyFinal => "already_final",
            Self::Queued => "queued",
        }
    }
}
