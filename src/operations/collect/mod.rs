//! `POST /admin/collect`: what an instance fetches from another one's mailbox. What is done with it is in
//! `app/operate/collect.rs`.

mod client;
mod error;
mod replies;
mod request;

pub use client::MailboxClient;
pub use error::CollectError;
#[cfg(test)]
pub use replies::{CollectFailed, Collected};
pub use replies::{already_collecting, collected, failed};
pub use request::request;

/// What became of the entries that were collected.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct CollectSummary {
    /// Those whose rows have their change now, or were final already.
    pub delivered: usize,
    /// Those that are in this instance's own outbox.
    pub kept: usize,
    /// Those that are still in the mailbox: they were not understood, or could not be kept.
    pub failed: usize,
}
