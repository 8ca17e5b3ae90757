//! Who notifies: one file a source, with its payload, the change it asks for and its reply.

mod a360;
mod blizwork;
mod cal;
mod messages;
mod reply;
mod row;

use serde::Serialize;

use crate::credentials::Verified;
use crate::delivery::{Change, ColumnError};
use crate::http::{Disposition, Refusal, Reply, Yes};

pub use crate::instance::deduplication::{IdName, NotificationId, Receipt};
pub use a360::{A360, CALLBACKS};
pub use blizwork::BlizWork;
pub use cal::Cal;
pub use messages::Messages;
pub use reply::health;
#[cfg(test)]
pub use reply::{Health as MessagesHealth, MessagesReply};

/// A system that notifies. What it sends becomes a change; the change's outcome, its reply.
pub trait Source: Send + Sync {
    /// The name in the audit line.
    fn name(&self) -> &'static str;
    /// What a verified notification asks for.
    fn decode(&self, verified: &Verified) -> Result<Decoded, Refusal>;
    /// The reply to a notification that was accepted.
    fn reply(&self, receipt: &Receipt, id: Option<&NotificationId>) -> Reply;
    /// The reply to one that was refused.
    fn refuse(&self, refusal: &Refusal, request_id: &str) -> Reply {
        refusal.reply(request_id)
    }
    /// When its notifications are answered.
    fn ack_mode(&self) -> AckMode {
        AckMode::AfterDelivery
    }
    /// Whether a content type that is not JSON is refused even where the body is JSON.
    fn requires_json_type(&self) -> bool {
        true
    }
    /// Who may learn that there is such an endpoint.
    fn visibility(&self) -> Visibility {
        Visibility::Public
    }
}

/// When a notification is answered, and what becomes of one that comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckMode {
    /// Once the data API has its change, or the outbox where that does not accept it. One that comes
    /// again is answered as it was the first time.
    AfterDelivery,
    /// As soon as the outbox has its change, which is delivered afterwards. One that comes again
    /// is refused.
    AfterQueueing,
}

/// Who may learn that there is such an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody.
    Public,
    /// Callers with a valid credential alone: others get the reply of an unknown path.
    Hidden,
}

/// What a verified notification asks for.
#[derive(Debug)]
pub enum Decoded {
    /// A change.
    Notification(Notification),
    /// Nothing: it is acknowledged with this reply, and nothing is written.
    Nothing(Reply),
}

/// A notification that asks for a change.
#[derive(Debug)]
pub struct Notification {
    /// The change it asks for.
    pub change: Change,
    /// The field that the row's key comes from.
    pub key_field: &'static str,
    /// What tells it apart from others, where its change does not.
    pub id: Option<NotificationId>,
}

/// The reply that most sources give.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Acknowledged {
    status: Yes,
    result: &'static str,
    message: &'static str,
    #[serde(skip)]
    disposition: Disposition,
}

impl Acknowledged {
    fn new(disposition: Disposition, message: &'static str) -> Self {
        Self {
            status: Yes::Ok,
            result: disposition.name(),
            message,
            disposition,
        }
    }

    fn reply(&self) -> Reply {
        Reply::json(self.disposition.status(), self)
    }
}

/// Why a text does not fit its column, in Spanish.
fn column_error(error: ColumnError) -> String {
    match error {
        ColumnError::Empty => "está vacío".to_owned(),
        ColumnError::TooLong(longest) => format!("tiene más de {longest} caracteres"),
        ColumnError::Control => "lleva un carácter de control".to_owned(),
    }
}
