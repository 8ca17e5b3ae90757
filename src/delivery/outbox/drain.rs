//! Delivering entries in rounds, group by group; on demand until nothing more can be done.

use std::collections::BTreeSet;
use std::time::Duration;

use super::attempt::AttemptOutcome;
use super::entry::Entry;
use super::location::{EntryId, Scheduled, earlier};
use super::queue::Outbox;
use crate::delivery::data_api::DataApi;
use crate::delivery::outcome::Ports;
use crate::instance::{together, unix_time};
use crate::ports::StoreError;

/// How long it begins with further entries on demand. A group that was begun may take ten seconds
/// more, and a call twenty in all.
const ON_DEMAND: Duration = Duration::from_secs(5);

/// How many entries are listed at a time on demand.
const LISTED_AT_A_TIME: usize = 4096;

/// Entries that are delivered at a time on demand.
const AT_A_TIME: usize = 16;

/// What a drain did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct DrainSummary {
    /// Rows that have their change now.
    pub delivered: usize,
    /// Rows that were in a final state.
    pub already_final: usize,
    /// Attempts that failed.
    pub failed: usize,
    /// Entries that are dead letters now.
    pub dead: usize,
    /// Rows that are left with a change that waits.
    pub waiting: usize,
}

/// A round under way. `log` gets each attempt.
pub(super) struct DeliveryRound<'a, P, F> {
    pub outbox: &'a Outbox,
    pub host: &'a P,
    pub data_api: &'a DataApi,
    pub log: F,
    /// When it begins with nothing more, on the monotonic clock.
    pub until: Duration,
    pub early: bool,
    pub at_a_time: usize,
    pub summary: DrainSummary,
    /// When the earliest of those is due that failed.
    pub next: Option<u64>,
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Each entry was tried.
    AllTried,
    /// The time was over before.
    TimeOver,
    /// The data API was not there for any of a group; the rest was left alone.
    Away,
}

impl Outbox {
    /// Delivers until nothing more can be done, or the time is over.
    pub async fn drain(
        &self,
        host: &impl Ports,
        data_api: &DataApi,
        log: impl Fn(EntryId, AttemptOutcome, Option<&Entry>),
        early: bool,
    ) -> Result<DrainSummary, StoreError> {
        let mut round = DeliveryRound {
            outbox: self,
            host,
            data_api,
            log,
            until: host.monotonic() + ON_DEMAND,
            early,
            at_a_time: AT_A_TIME,
            summary: DrainSummary::default(),
            next: None,
        };
        // What fails is due later, and so not listed again, or known by its name.
        let due_by = if early {
            u64::MAX
        } else {
            unix_time::millis(host.now())
        };
        let mut tried = BTreeSet::new();
        loop {
            let untried = |id| !tried.contains(&id);
            let due = self.due(host, due_by, LISTED_AT_A_TIME, &untried).await?;
            let scheduled = due.scheduled;
            if scheduled.is_empty() || round.deliver(&scheduled).await? != Ended::AllTried {
                break;
            }
            tried.extend(scheduled.iter().map(|one| one.id));
        }
        let waiting = self.stats(host).await?.waiting;
        Ok(DrainSummary {
            waiting,
            ..round.summary
        })
    }
}

impl<P: Ports, F: Fn(EntryId, AttemptOutcome, Option<&Entry>)> DeliveryRound<'_, P, F> {
    /// Tries these in turn, a group at a time.
    pub(super) async fn deliver(&mut self, scheduled: &[Scheduled]) -> Result<Ended, StoreError> {
        for group in scheduled.chunks(self.at_a_time) {
            if self.host.monotonic() >= self.until {
                return Ok(Ended::TimeOver);
            }
            let (host, data_api, early) = (self.host, self.data_api, self.early);
            let attempts = group
                .iter()
                .map(|one| self.outbox.attempt(host, data_api, *one, early));
            let (mut answered, mut away, mut broken) = (0, 0, None);
            for (one, attempt) in group.iter().zip(together(attempts).await) {
                let attempt = match attempt {
                    Ok(attempt) => attempt,
                    // The others of the group have been tried all the same.
                    Err(error) => {
                        broken = Some(error);
                        continue;
                    }
                };
                (self.log)(one.id, attempt.outcome, attempt.entry.as_ref());
                match attempt.outcome {
                    AttemptOutcome::Away => away += 1,
                    _ => answered += 1,
                }
                self.summary.count(attempt.outcome);
                self.next = earlier(self.next, attempt.next.map(|one| one.due));
            }
            if let Some(error) = broken {
                return Err(error);
            }
            if away > 0 && answered == 0 {
                return Ok(Ended::Away);
            }
        }
        Ok(Ended::AllTried)
    }
}

impl DrainSummary {
    fn count(&mut self, outcome: AttemptOutcome) {
        match outcome {
            AttemptOutcome::Updated => self.delivered += 1,
            AttemptOutcome::AlreadyFinal => self.already_final += 1,
            AttemptOutcome::NoRow
            | AttemptOutcome::Failed
            | AttemptOutcome::Newer
            | AttemptOutcome::Away => self.failed += 1,
            AttemptOutcome::Dead => self.dead += 1,
            AttemptOutcome::NotDue | AttemptOutcome::Gone => {}
        }
    }
}
