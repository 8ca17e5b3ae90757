//! `/admin/outbox`: what operators ask of the outbox, and the replies. What is done is in `app/operate.rs`.

mod replies;
mod request;

#[cfg(test)]
pub use replies::{Counted, Listed, One, Removed, Requeued, Retried, Round};
pub use replies::{EntryView, attempted, drained, entry, page, removed, requeued, stats, view};
pub use request::{OutboxRequest, request};
