//! Counting the outbox by its keys.

use super::cause::Cause;
use super::listing::{Listed, keep_next_of_each_row, listed};
use super::location::{EntryState, Location};
use super::queue::Outbox;
use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, StoreError};

/// How much there is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct OutboxStats {
    /// Rows with a change that waits.
    pub waiting: usize,
    /// Rows with a dead letter.
    pub dead: usize,
    /// For how long the oldest change has waited, in seconds.
    pub oldest_seconds: Option<u64>,
}

/// How much there is, and why.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct OutboxCounts {
    /// How much there is.
    pub stats: OutboxStats,
    /// Rows by the state and the cause of their next entry: together as many as in `stats`.
    pub causes: Vec<CauseCount>,
    /// All keys were seen. Otherwise there is at least so much.
    pub is_whole: bool,
}

/// Rows whose next entry is in this state for this cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CauseCount {
    /// Why.
    pub cause: Cause,
    /// What is to become of them.
    pub state: EntryState,
    /// How many.
    pub count: usize,
}

impl Outbox {
    /// How much there is, and since when.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn stats(&self, host: &(impl KeyValue + Clock)) -> Result<OutboxStats, StoreError> {
        Ok(self.counts(host, usize::MAX).await?.stats)
    }

    /// How much there is, since when and why, by the first `most` keys of the store.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn counts(
        &self,
        host: &(impl KeyValue + Clock),
        most: usize,
    ) -> Result<OutboxCounts, StoreError> {
        let Listed { found, is_whole } = listed(host, &|_| true, most).await?;
        let now = unix_time::millis(host.now());
        Ok(OutboxCounts::of(found, is_whole, now))
    }
}

impl OutboxCounts {
    /// Of entries that a listing has found. `now` is in milliseconds since 1970.
    pub(super) fn of(mut found: Vec<Location>, is_whole: bool, now: u64) -> Self {
        let waiting = found.iter().filter(|it| it.state() == EntryState::Waiting);
        let oldest = waiting.map(|location| location.id().at).min();
        keep_next_of_each_row(&mut found);
        let mut causes = Vec::new();
        let stats = OutboxStats {
            waiting: count(&found, EntryState::Waiting, &mut causes),
            dead: count(&found, EntryState::Dead, &mut causes),
            oldest_seconds: oldest.map(|at| now.saturating_sub(at) / 1000),
        };
        Self {
            stats,
            causes,
            is_whole,
        }
    }
}

/// How many rows are in this state, and adds them by the cause of their next entry.
fn count(found: &[Location], state: EntryState, causes: &mut Vec<CauseCount>) -> usize {
    let mut all = 0;
    for cause in Cause::all() {
        let is_its = |it: &&Location| it.state() == state && it.cause() == cause;
        let count = found.iter().filter(is_its).count();
        if count > 0 {
            causes.push(CauseCount {
                cause,
                state,
                count,
            });
        }
        all += count;
    }
    all
}
