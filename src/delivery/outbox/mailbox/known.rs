//! What an instance knows of its mailbox, as far as its last listing of the keys went.

use std::collections::VecDeque;
use std::time::Duration;

use super::arrivals::{Arrival, LISTED_EVERY};
use crate::delivery::outbox::location::{EntryId, Scheduled};

/// What it knows.
#[derive(Default)]
pub struct Known {
    /// What waits, as far as the last listing went, in order: of each row the next entry.
    pub waiting: VecDeque<Scheduled>,
    /// What had come before that listing; `None`: there was none.
    pub arrival: Option<Arrival>,
    /// When it began, on the monotonic clock.
    pub listed: Duration,
    /// How many entries it looked at.
    pub looked_at: usize,
    /// Whether there may be more behind them.
    pub is_cut: bool,
    /// Whether it has left out later entries of a row, whose turn comes once the first is gone.
    pub left_out: bool,
    /// An entry is gone, so that it may be another's turn.
    pub is_stale: bool,
    /// Whether other instances know that nothing waits.
    pub is_noted: bool,
    /// When it was noted that somebody comes to collect.
    pub collector_noted: Option<Duration>,
}

impl Known {
    /// The first entries behind `after`.
    pub fn behind(&self, after: Option<EntryId>, limit: usize) -> Vec<Scheduled> {
        let is_behind = |one: &&Scheduled| after.is_none_or(|after| one.id > after);
        let found = self.waiting.iter().filter(is_behind);
        found.take(limit).copied().collect()
    }

    /// Whether a listing would find nothing that is not known.
    pub fn is_all(&self, arrival: &Arrival, now: Duration) -> bool {
        self.arrival.as_ref() == Some(arrival)
            && !self.is_cut
            && !self.is_stale
            && now < self.listed + LISTED_EVERY
    }

    /// An entry is gone, so that it may be the turn of another one of its row.
    pub fn remove(&mut self, scheduled: Scheduled) {
        if self.leave_out(scheduled) {
            self.is_stale |= self.left_out;
        }
    }

    /// Forgets an entry; says whether it was known.
    pub fn leave_out(&mut self, scheduled: Scheduled) -> bool {
        let found = self.waiting.binary_search(&scheduled);
        found.is_ok_and(|index| self.waiting.remove(index).is_some())
    }
}
