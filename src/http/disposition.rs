//! What became of an accepted notification's change: its name and its status code. What is refused
//! instead is in [`Refusal`](super::Refusal).

use super::message::StatusCode;

/// What became of a change, as its caller hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// The row has it.
    Updated,
    /// The row stays as it is: in a final state, or newer than the change.
    AlreadyFinal,
    /// It is in the outbox, for later.
    Queued,
    /// It is in the outbox as a dead letter. The caller gets the same reply as for [`Queued`](Self::Queued).
    DeadLetter,
    /// It is in the outbox, and delivered right after the reply.
    Accepted,
}

impl Disposition {
    /// The name in the audit line and in replies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::AlreadyFinal => "already_final",
            Self::Queued | Self::DeadLetter => "queued",
            Self::Accepted => "accepted",
        }
    }

    /// The one of this name. Of a dead letter there is no receipt.
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            Self::Updated,
            Self::AlreadyFinal,
            Self::Queued,
            Self::Accepted,
        ];
        all.into_iter().find(|one| one.name() == name)
    }

    /// 200 where the data API has decided, 202 where it is still to.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Updated | Self::AlreadyFinal => StatusCode::OK,
            Self::Queued | Self::DeadLetter | Self::Accepted => StatusCode::ACCEPTED,
        }
    }

    /// Whether the change waits in the outbox, because it could not be made at once.
    pub fn is_delayed(self) -> bool {
        matches!(self, Self::Queued | Self::DeadLetter)
    }
}
