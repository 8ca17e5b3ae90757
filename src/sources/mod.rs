//! Who notifies: one file a source, with its payload, the change it asks for and its reply.

mod a360;
mod blizwork;
mod messages;

use std::time::{Duration, SystemTime};

use crate::http::message::StatusCode;
use serde::Serialize;

use crate::credentials::Verified;
use crate::delivery::{Change, Misfit, outbox};
use crate::http::{Refusal, Reply, Yes};

pub use a360::A360;
pub use blizwork::BlizWork;
#[cfg(test)]
pub use messages::{Health as MessagesHealth, Told as MessagesReply};
pub use messages::{Messages, health};

/// A system that notifies. What it sends becomes a change; the change's outcome, its reply.
pub trait Source: Send + Sync {
    /// The name in the audit line.
    fn name(&self) -> &'static str;
    /// What a verified notification asks for.
    fn decode(&self, verified: &Verified) -> Result<Notification, Refusal>;
    /// The reply to a notification that was taken.
    fn reply(&self, receipt: &Receipt, id: Option<&Id>) -> Reply;
    /// The reply to one that was refused.
    fn refuse(&self, refusal: &Refusal, request_id: &str) -> Reply {
        refusal.reply(request_id)
    }
    /// When its notifications are answered.
    fn answers(&self) -> Answers {
        Answers::Delivered
    }
    /// Whether a content type that is not JSON is refused even where the body is JSON.
    fn requires_json_type(&self) -> bool {
        true
    }
    /// Whether nobody is to learn of its endpoint who has no valid credential.
    fn is_hidden(&self) -> bool {
        self.answers() == Answers::Kept
    }
}

/// When a notification is answered, and what becomes of one that comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// Once the data API has its change, or the outbox where that cannot take it. One that comes
    /// again is answered as it was the first time.
    Delivered,
    /// As soon as the outbox has its change, which is delivered afterwards. One that comes again
    /// is refused, and without a valid one nobody learns that there is such an endpoint.
    Kept,
}

/// A notification that was understood.
#[derive(Debug)]
pub struct Notification {
    /// What it asks for.
    pub change: Change,
    /// The field that the row's key comes from.
    pub key_field: &'static str,
    /// What tells it apart from others, where its change does not.
    pub id: Option<Id>,
}

/// What tells a notification apart from all others of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id {
    /// Each name that it is known by.
    pub names: Vec<IdName>,
    /// The name that its sender is told.
    pub shown: String,
    /// A hash of what it says: whatever says something else under one of its names is another
    /// notification. `None`: whatever it says, there is one of that name.
    pub content: Option<String>,
    /// For how long it is remembered.
    pub lifetime: Duration,
}

/// One of a notification's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdName {
    /// Where it is found.
    pub by: &'static str,
    /// What stands there.
    pub text: String,
    /// Whether the notification is the same as an earlier one of this name. Otherwise it is only
    /// remembered by it.
    pub tells: bool,
}

/// That a notification was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// When it was there, to the millisecond.
    pub at: SystemTime,
    /// How its change was taken.
    pub taken: Taken,
    /// Tells receipts for the same notification apart.
    pub number: u64,
    /// The change's entry in the outbox, where it had to wait.
    pub entry: Option<outbox::Id>,
}

/// How a change was taken: what its caller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The row has it.
    Updated,
    /// The row stays as it is: in a final state, or newer than the change.
    AlreadyFinal,
    /// It is in the outbox, for later.
    Queued,
    /// It is in the outbox, where it waits for a person. The caller is told no more than that it is
    /// kept.
    Dead,
    /// It is in the outbox, and delivered in a moment.
    Accepted,
}

impl Taken {
    /// The name in the audit line and in replies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::AlreadyFinal => "already_final",
            Self::Queued | Self::Dead => "queued",
            Self::Accepted => "accepted",
        }
    }

    /// The one of this name. Of what is dead there is no receipt.
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            Self::Updated,
            Self::AlreadyFinal,
            Self::Queued,
            Self::Accepted,
        ];
        all.into_iter().find(|taken| taken.name() == name)
    }

    /// 200 where the data API has decided, 202 where it is still to.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Updated | Self::AlreadyFinal => StatusCode::OK,
            Self::Queued | Self::Dead | Self::Accepted => StatusCode::ACCEPTED,
        }
    }
}

/// The reply that most sources give.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Acknowledged {
    status: Yes,
    result: &'static str,
    message: &'static str,
    #[serde(skip)]
    taken: Taken,
}

impl Acknowledged {
    fn new(taken: Taken, message: &'static str) -> Self {
        Self {
            status: Yes::Ok,
            result: taken.name(),
            message,
            taken,
        }
    }

    fn reply(&self) -> Reply {
        Reply::json(self.taken.status(), self)
    }
}

/// Why a text does not fit its column, in Spanish.
fn told(misfit: Misfit) -> String {
    match misfit {
        Misfit::Empty => "está vacío".to_owned(),
        Misfit::TooLong(longest) => format!("tiene más de {longest} caracteres"),
        Misfit::Control => "lleva un carácter de control".to_owned(),
    }
}
