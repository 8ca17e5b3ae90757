//! `/admin/outbox`: what operators ask of the outbox, and the replies. What is done is in `app/operate.rs`.

mod replies;
mod request;

#[cfg(test)]
pub use replies::{Counted, Listed, One, Removed, RequeuedView, Retried, Round};
pub use replies::{
    EntryView, attempted, drained, entry, page, removed, requeued, requeued_one, stats, view,
};
pub use request::{OutboxRequest, request};
