//! Counting the outbox by its keys.

use std::ops::ControlFlow;

use super::cause::Cause;
use super::key_order::KeyOrder;
use super::location::{EntryState, Location, earlier};
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
        let (mut waiting, mut dead, mut oldest) = (Vec::new(), Vec::new(), None);
        let (mut order, mut is_whole) = (KeyOrder::default(), true);
        let each = |key: &str| {
            if order.seen() >= most {
                is_whole = false;
                return ControlFlow::Break(());
            }
            let is_end = order.is_end_of_outbox(key);
            let Some(location) = Location::of_key(key) else {
                return is_end;
            };
            let (id, cause) = (location.id(), location.cause());
            match location.state() {
                EntryState::Waiting => {
                    waiting.push((id.row, id.turn(), cause));
                    oldest = earlier(oldest, Some(id.at));
                }
                EntryState::Dead => dead.push((id.row, id.turn(), cause)),
            }
            is_end
        };
        host.keys(each).await?;
        let mut causes = Vec::new();
        let stats = OutboxStats {
            waiting: count(waiting, EntryState::Waiting, &mut causes),
            dead: count(dead, EntryState::Dead, &mut causes),
            oldest_seconds: oldest
                .map(|at| unix_time::millis(host.now()).saturating_sub(at) / 1000),
        };
        Ok(OutboxCounts {
            stats,
            causes,
            is_whole,
        })
    }
}

/// How many rows there are, and adds them by the cause of their next entry.
fn count(
    mut entries: Vec<(u128, (bool, u64, u32), Cause)>,
    state: EntryState,
    causes: &mut Vec<CauseCount>,
) -> usize {
    entries.sort_unstable();
    entries.dedup_by_key(|(row, ..)| *row);
    for cause in Cause::all() {
        let count = entries.iter().filter(|(.., own)| *own == cause).count();
        if count > 0 {
            let counted = CauseCount {
                cause,
                state,
                count,
            };
            causes.push(counted);
        }
    }
    entries.len()
}
