//! Delivering entries group by group, and all there are on demand.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use super::{Attempted, Entry, Id, Outbox, Place};
use crate::delivery::{DataApi, Ports};
use crate::instance::unix_time;
use crate::ports::StoreError;

/// How long it begins with further entries on demand. A group that was begun may take ten seconds
/// more, and a call twenty in all.
const ON_DEMAND: Duration = Duration::from_secs(5);

/// How many entries are listed at a time on demand.
const DRAINED_AT_A_TIME: usize = 4096;

/// Entries that are delivered at a time on demand.
const AT_A_TIME: usize = 16;

/// What a round did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
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

/// A round under way. `heard` is told of each attempt.
pub(super) struct Running<'a, P, F> {
    pub outbox: &'a Outbox,
    pub host: &'a P,
    pub data_api: &'a DataApi,
    pub heard: F,
    /// When it begins with nothing more, on the monotonic clock.
    pub until: Duration,
    pub early: bool,
    pub at_a_time: usize,
    pub drained: Drained,
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
        heard: impl Fn(Id, Attempted, Option<&Entry>),
        early: bool,
    ) -> Result<Drained, StoreError> {
        let mut running = Running {
            outbox: self,
            host,
            data_api,
            heard,
            until: host.monotonic() + ON_DEMAND,
            early,
            at_a_time: AT_A_TIME,
            drained: Drained::default(),
            next: None,
        };
        // What fails is due later, and so not listed again, or known by its name.
        let due_by = if early {
            u64::MAX
        } else {
            unix_time::since_1970(host.now())
        };
        let mut tried = BTreeSet::new();
        loop {
            let untried = |id| !tried.contains(&id);
            let due = self.due(host, due_by, DRAINED_AT_A_TIME, untried).await?;
            let places = due.places;
            if places.is_empty() || running.deliver(&places).await? != Ended::AllTried {
                break;
            }
            tried.extend(places.iter().map(|place| place.id));
        }
        let waiting = self.stats(host).await?.waiting;
        Ok(Drained {
            waiting,
            ..running.drained
        })
    }
}

impl<P: Ports, F: Fn(Id, Attempted, Option<&Entry>)> Running<'_, P, F> {
    /// Tries these in turn, a group at a time.
    pub(super) async fn deliver(&mut self, places: &[Place]) -> Result<Ended, StoreError> {
        for group in places.chunks(self.at_a_time) {
            if self.host.monotonic() >= self.until {
                return Ok(Ended::TimeOver);
            }
            let (host, data_api, early) = (self.host, self.data_api, self.early);
            let attempts = group
                .iter()
                .map(|place| self.outbox.attempt(host, data_api, *place, early));
            let (mut answered, mut away, mut broken) = (0, 0, None);
            for (place, attempt) in group.iter().zip(join_all(attempts).await) {
                let attempt = match attempt {
                    Ok(attempt) => attempt,
                    // The others of the group have been tried all the same.
                    Err(error) => {
                        broken = Some(error);
                        continue;
                    }
                };
                (self.heard)(place.id, attempt.attempted, attempt.entry.as_ref());
                match attempt.attempted {
                    Attempted::Away => away += 1,
                    _ => answered += 1,
                }
                self.drained.count(attempt.attempted);
                self.next = earlier(self.next, attempt.next.map(|place| place.due));
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

impl Drained {
    fn count(&mut self, attempted: Attempted) {
        match attempted {
            Attempted::Updated => self.delivered += 1,
            Attempted::AlreadyFinal => self.already_final += 1,
            Attempted::NoRow | Attempted::Failed | Attempted::Away => self.failed += 1,
            Attempted::Dead => self.dead += 1,
            Attempted::NotDue | Attempted::Gone => {}
        }
    }
}

/// The earlier of two moments, where there is one.
pub(super) fn earlier(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    [one, other].into_iter().flatten().min()
}
