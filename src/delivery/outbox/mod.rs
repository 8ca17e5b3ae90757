//! The outbox: accepted changes that the data API does not have yet, kept in the key-value store.
//!
//! Each change has a key of its own, so that whoever has delivered it removes that and nothing else:
//! the store has no compare-and-set, and two instances may deliver the same entry at once. That does
//! no harm, since a change is guarded. Of a row's entries the first that ends it counts, as in the
//! database, and is the only one that is listed and counted.
//!
//! Keys of what waits begin with when it is due: a listing reads no further than to the first that is
//! not. A failed attempt moves an entry to its next key. They end with the entry's source and cause, so that
//! a long outbox is counted by its keys alone.
//!
//! There is no timer. Any request may deliver what is due once it has its reply; the marker says
//! whether there is anything, at the price of one `get`.

mod attempt;
mod availability;
mod backoff;
mod cause;
mod counts;
mod depth;
mod drain;
mod duplicates;
mod entry;
mod key_order;
mod listing;
mod location;
mod marker;
mod of_row;
mod queue;
mod reason;
mod requeue;
mod tag;
mod worker;

pub use attempt::{Attempt, AttemptOutcome};
pub use availability::{Availability, AvailabilityTracker, DataApiStatus};
pub use cause::Cause;
pub use counts::{CauseCount, OutboxCounts, OutboxStats};
pub use depth::Sample;
pub use drain::DrainSummary;
pub use entry::{Entry, Origin, Texts};
pub use listing::{Filter, FoundEntry, Page};
pub use location::{DeadLetter, EntryId, EntryState, Location, Scheduled};
pub use queue::{Accepted, Outbox, Queued};
pub use reason::QueueReason;
pub use requeue::Requeued;
pub use tag::Tag;

#[cfg(test)]
mod tests;
