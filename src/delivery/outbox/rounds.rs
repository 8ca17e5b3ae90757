//! Delivering what waits: a few entries after a reply, or all there is on demand.

use std::time::Duration;

use futures_util::future::join_all;

use super::{Attempted, Entry, Id, Outbox, State};
use crate::delivery::{DataApi, Ports};
use crate::ports::StoreError;

/// How long it delivers then.
const AFTER_A_REPLY: Duration = Duration::from_secs(5);

/// How long it begins with further ones on demand. One that has begun may take ten seconds more.
const ON_DEMAND: Duration = Duration::from_secs(10);

/// How many entries it looks at then.
const LOOKED_AT: usize = 128;

/// How many entries are listed at a time on demand.
const DRAINED_AT_A_TIME: usize = 4096;

/// Entries that are delivered at a time.
const AT_A_TIME: usize = 16;

/// A change whose row is not there yet is followed by its instance for as long as its next attempt
/// is not further away.
const FOLLOWED: Duration = Duration::from_secs(7);

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
    drained: Drained,
}

impl Outbox {
    /// Delivers what is due, if it is time for another look.
    pub async fn carry(
        &self,
        host: &impl Ports,
        data_api: &DataApi,
        heard: impl Fn(Id, Attempted, Option<&Entry>),
    ) -> Result<(), StoreError> {
        let now = host.monotonic();
        if !self.state().may_look(now) {
            return Ok(());
        }
        let mut running = Running {
            outbox: self,
            host,
            data_api,
            heard,
            until: now + AFTER_A_REPLY,
            early: false,
            drained: Drained::default(),
        };
        let (ids, all) = self.oldest(host, State::Waiting, LOOKED_AT).await?;
        let went_on = running.deliver(&ids).await?;
        if all || !went_on || running.drained.gone() > 0 {
            return Ok(());
        }
        // The oldest all wait for their time: the others are not to wait for them.
        let mut ids = self.next_of_rows(host, State::Waiting).await?;
        if ids.len() > LOOKED_AT {
            let places = ids.len();
            ids.rotate_left(host.random() as usize % places);
            ids.truncate(LOOKED_AT);
        }
        running.deliver(&ids).await.map(drop)
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
            drained: Drained::default(),
        };
        let mut enough = DRAINED_AT_A_TIME;
        loop {
            let (ids, all) = self.oldest(host, State::Waiting, enough).await?;
            let before = running.drained.gone();
            if !running.deliver(&ids).await? {
                break;
            }
            // What is left of rows that have just had one of several changes is next; where the
            // oldest all wait for their time, it is what is behind them.
            enough = match (running.drained.gone() > before, all) {
                (true, _) => DRAINED_AT_A_TIME,
                (false, false) => usize::MAX,
                (false, true) => break,
            };
        }
        let waiting = self.next_of_rows(host, State::Waiting).await?.len();
        Ok(Drained {
            waiting,
            ..running.drained
        })
    }

    /// Tries a change again whose row was not there, as long as that is moments away.
    pub async fn follow(
        &self,
        host: &impl Ports,
        data_api: &DataApi,
        heard: impl Fn(Id, Attempted, Option<&Entry>),
        id: Id,
    ) -> Result<(), StoreError> {
        loop {
            let Some((State::Waiting, Some(entry))) = self.find(host, id).await? else {
                return Ok(());
            };
            let now = super::milliseconds(host.now());
            let pause = Duration::from_millis(entry.due.saturating_sub(now));
            if pause > FOLLOWED {
                return Ok(());
            }
            host.sleep(pause).await;
            let (attempted, entry) = self.attempt(host, data_api, id, false).await?;
            heard(id, attempted, entry.as_ref());
        }
    }
}

impl Drained {
    /// How many entries are no longer there.
    fn gone(&self) -> usize {
        self.delivered + self.already_final
    }
}

impl<P: Ports, F: Fn(Id, Attempted, Option<&Entry>)> Running<'_, P, F> {
    /// Tries these in turn; says whether it got to the end of them. Where none of a group is taken
    /// and the data API fails, it is not there, and the rest is left alone.
    async fn deliver(&mut self, ids: &[Id]) -> Result<bool, StoreError> {
        for group in ids.chunks(AT_A_TIME) {
            if self.host.monotonic() >= self.until {
                return Ok(false);
            }
            let (host, data_api, early) = (self.host, self.data_api, self.early);
            let attempts = group
                .iter()
                .map(|id| self.outbox.attempt(host, data_api, *id, early));
            let (mut answered, mut failed) = (0, 0);
            for (id, attempted) in group.iter().zip(join_all(attempts).await) {
                let (attempted, entry) = attempted?;
                (self.heard)(*id, attempted, entry.as_ref());
                let counted = match attempted {
                    Attempted::Updated => &mut self.drained.delivered,
                    Attempted::AlreadyFinal => &mut self.drained.already_final,
                    Attempted::NoRow | Attempted::Failed => &mut self.drained.failed,
                    Attempted::Dead => &mut self.drained.dead,
                    Attempted::NotDue | Attempted::Gone => continue,
                };
                *counted += 1;
                match attempted {
                    Attempted::Failed => failed += 1,
                    _ => answered += 1,
                }
            }
            if failed > 0 && answered == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
