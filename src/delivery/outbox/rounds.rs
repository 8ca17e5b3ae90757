//! Delivering what waits: a few entries after a reply, or all there is on demand.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use super::{Attempted, Entry, Id, Outbox, Place};
use crate::delivery::{DataApi, Ports};
use crate::milliseconds;
use crate::ports::StoreError;

/// How long an instance begins with further entries after a reply.
const AFTER_A_REPLY: Duration = Duration::from_secs(5);

/// The same on demand. A group that was begun may take ten seconds more, and a call twenty in all.
const ON_DEMAND: Duration = Duration::from_secs(5);

/// How many entries it looks at after a reply.
const LOOKED_AT: usize = 128;

/// How many entries are listed at a time on demand.
const DRAINED_AT_A_TIME: usize = 4096;

/// Entries that are delivered at a time on demand.
const AT_A_TIME: usize = 16;

/// A change is followed by its instance for as long as its next attempt is not further away.
const FOLLOWED: Duration = Duration::from_secs(7);

/// How many changes an instance follows at a time. Others wait for the next look.
const MOST_FOLLOWED: usize = 16;

/// How many it delivers at a time after a reply: each is in memory several times over, beside the
/// requests that go on coming.
const BESIDE_OTHERS: usize = 4;

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
struct Running<'a, P, F> {
    outbox: &'a Outbox,
    host: &'a P,
    data_api: &'a DataApi,
    heard: F,
    until: Duration,
    early: bool,
    at_a_time: usize,
    drained: Drained,
}

/// Whoever follows a change, until this is dropped.
struct Following<'a>(&'a Outbox);

/// The one that carries the outbox forward, until this is dropped.
struct Carrying<'a>(&'a Outbox);

impl Drop for Carrying<'_> {
    fn drop(&mut self) {
        self.0.seen().carrying = false;
    }
}

impl<'a> Following<'a> {
    /// `None` where `most` are followed already.
    fn begin(outbox: &'a Outbox, most: usize) -> Option<Self> {
        let mut seen = outbox.seen();
        if seen.followed >= most {
            return None;
        }
        seen.followed += 1;
        drop(seen);
        Some(Self(outbox))
    }
}

impl Drop for Following<'_> {
    fn drop(&mut self) {
        self.0.seen().followed -= 1;
    }
}

impl Outbox {
    /// Delivers what is due, if it is time for another look, but for what is `followed`.
    pub async fn carry(
        &self,
        host: &impl Ports,
        data_api: &DataApi,
        heard: impl Fn(Id, Attempted, Option<&Entry>),
        followed: Option<Id>,
    ) -> Result<(), StoreError> {
        let now = host.monotonic();
        if !self.seen().may_look(now) {
            return Ok(());
        }
        let _carrying = Carrying(self);
        let mut running = Running {
            outbox: self,
            host,
            data_api,
            heard,
            until: now + AFTER_A_REPLY,
            early: false,
            at_a_time: BESIDE_OTHERS,
            drained: Drained::default(),
        };
        let due_by = milliseconds::since_1970(host.now());
        let others = |id| Some(id) != followed;
        let places = self.due(host, due_by, LOOKED_AT, others).await?;
        running.deliver(&places).await.map(drop)
    }

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
        };
        // What fails is due later, and so not listed again, or known by its name.
        let due_by = if early {
            u64::MAX
        } else {
            milliseconds::since_1970(host.now())
        };
        let mut tried = BTreeSet::new();
        loop {
            let untried = |id| !tried.contains(&id);
            let places = self.due(host, due_by, DRAINED_AT_A_TIME, untried).await?;
            if places.is_empty() || !running.deliver(&places).await? {
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

    /// Delivers a change that is due, and tries it again as long as that is moments away.
    pub async fn follow(
        &self,
        host: &impl Ports,
        data_api: &DataApi,
        heard: impl Fn(Id, Attempted, Option<&Entry>),
        mut place: Place,
    ) -> Result<(), StoreError> {
        let pause = |place: Place| {
            let now = milliseconds::since_1970(host.now());
            Duration::from_millis(place.due.saturating_sub(now))
        };
        let most = match pause(place).is_zero() {
            true => BESIDE_OTHERS,
            false => MOST_FOLLOWED,
        };
        let Some(_following) = Following::begin(self, most) else {
            self.seen().left = true;
            return Ok(());
        };
        loop {
            let pause = pause(place);
            if pause > FOLLOWED {
                return Ok(());
            }
            if !pause.is_zero() {
                host.sleep(pause).await;
            }
            let attempt = self.attempt(host, data_api, place, false).await?;
            heard(place.id, attempt.attempted, attempt.entry.as_ref());
            place = match attempt.next {
                Some(next) => next,
                None if attempt.attempted == Attempted::NotDue => place,
                None => return Ok(()),
            };
        }
    }
}

impl<P: Ports, F: Fn(Id, Attempted, Option<&Entry>)> Running<'_, P, F> {
    /// Tries these in turn; says whether it got to the end of them. Where the data API is not there
    /// for any of a group, the rest is left alone.
    async fn deliver(&mut self, places: &[Place]) -> Result<bool, StoreError> {
        for group in places.chunks(self.at_a_time) {
            if self.host.monotonic() >= self.until {
                return Ok(false);
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
            }
            if let Some(error) = broken {
                return Err(error);
            }
            if away > 0 && answered == 0 {
                return Ok(false);
            }
        }
        Ok(true)
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
