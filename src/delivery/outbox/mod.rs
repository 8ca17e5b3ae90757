//! The outbox: accepted changes that the data API does not have yet, kept in the key-value store.
//!
//! Each change has a key of its own, so that whoever has delivered it removes that and nothing else:
//! the store has no compare-and-set, and two instances may deliver the same entry at once. That does
//! no harm, since a change is guarded. Of a row's entries the first that ends it counts, as in the
//! database, and is the only one that is listed and counted.
//!
//! Keys of what waits begin with when it is due: a listing reads no further than to the first that is
//! not. A failed attempt moves an entry to its next key.
//!
//! There is no timer. Any request may deliver what is due once it has its reply; the marker says
//! whether there is anything, at the price of one `get`.

mod attempt;
mod backoff;
mod drain;
mod duplicates;
mod entry;
mod listing;
mod location;
mod mailbox;
mod marker;
mod queue;
mod stored_change;
mod worker;

pub use attempt::{Attempt, AttemptOutcome};
pub use drain::DrainSummary;
pub use entry::{Entry, Origin, Texts};
pub use listing::{FoundEntry, OutboxStats, Page};
pub use location::{EntryId, EntryState, Location, Scheduled};
#[cfg(test)]
pub use mailbox::PageSchema;
pub use mailbox::{CollectedEntry, CollectedPage, Mailbox, MailboxPage, PAGE_VERSION, PageError};
pub use queue::{Accepted, Outbox, QueueReason, Queued};

#[cfg(test)]
mod tests;
