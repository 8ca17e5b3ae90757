//! Delivering what waits after a reply: an instance's own accepted change at once, and what is due
//! by one instance for all of them, which stays awake as long as the next entry is due in moments.

use std::time::Duration;

use super::marker::{Carrier, Marker};
use super::rounds::{Drained, Ended, Running, earlier};
use super::{Attempted, DELIVERED_WITHIN, Entry, Id, LEFT_ALONE, Outbox, Place};
use crate::delivery::{DataApi, Ports};
use crate::instance::unix_time;
use crate::ports::{Clock, StoreError};

/// How long a round begins with further entries. A group that was begun may take ten seconds more,
/// and the lease must outlast both.
const ROUND: Duration = Duration::from_secs(5);

/// How long a carrier goes on. A host may end a request after 30 s.
const LIFE: Duration = Duration::from_secs(18);

/// A carrier waits for the next entry where that is due no later than this.
const SOON: Duration = Duration::from_secs(7);

/// How often a waiting carrier looks whether an entry came that is due earlier, and how far apart
/// two listings begin at least: where the store has no order each reads all keys.
const STEP: Duration = Duration::from_secs(1);

/// How many entries a round looks at, where the store keeps its keys in order.
const LOOKED_AT: usize = 128;

/// How many an instance delivers at a time after a reply: each is in memory several times over,
/// beside the requests that go on coming.
const BESIDE_OTHERS: usize = 4;

/// How long an accepted change waits before it looks again whether there is room for it.
const GLANCE: Duration = Duration::from_millis(10);

/// The task of this instance that carries, until this is dropped.
struct Carrying<'a>(&'a Outbox);

/// An accepted change that is being delivered, until this is dropped.
struct Delivering<'a>(&'a Outbox);

impl<'a> Carrying<'a> {
    /// `None` where it is not time, or another task is at it.
    fn begin(outbox: &'a Outbox, now: Duration, new: bool) -> Option<Self> {
        let mut seen = outbox.seen();
        if !seen.may_look(now, new) {
            return None;
        }
        (seen.looked, seen.carrying) = (Some(now), true);
        drop(seen);
        Some(Self(outbox))
    }
}

impl Drop for Carrying<'_> {
    fn drop(&mut self) {
        self.0.seen().carrying = false;
    }
}

impl<'a> Delivering<'a> {
    fn begin(outbox: &'a Outbox) -> Option<Self> {
        let mut seen = outbox.seen();
        if seen.delivering >= BESIDE_OTHERS {
            return None;
        }
        seen.delivering += 1;
        drop(seen);
        Some(Self(outbox))
    }
}

impl Drop for Delivering<'_> {
    fn drop(&mut self) {
        self.0.seen().delivering -= 1;
    }
}

/// What a carrier works with.
struct Carry<'a, P, F> {
    outbox: &'a Outbox,
    host: &'a P,
    data_api: &'a DataApi,
    heard: F,
    /// When it ends, on the monotonic clock.
    until: Duration,
    /// Whether it waits for what is due in moments.
    waits: bool,
}

/// What a round has left.
struct Left {
    ended: Ended,
    /// When its listing began, in milliseconds since 1970, and on the monotonic clock.
    listed: u64,
    began: Duration,
    /// When the next entry is due.
    next: Option<u64>,
}

impl Outbox {
    /// Whether this instance is to look at the marker: every [`LOOK_EVERY`](super::LOOK_EVERY), or
    /// because it has kept something `new`.
    pub fn is_to_look(&self, clock: &impl Clock, new: bool) -> bool {
        self.seen().may_look(clock.monotonic(), new)
    }

    /// Looks at the marker, if it is time or there is something `new`, and delivers what is due where
    /// nobody else does.
    ///
    /// # Errors
    /// Where the store fails. The lease then ends by itself.
    pub async fn carry(
        &self,
        host: &impl Ports,
        data_api: &DataApi,
        heard: impl Fn(Id, Attempted, Option<&Entry>),
        new: bool,
    ) -> Result<(), StoreError> {
        let began = host.monotonic();
        let Some(_carrying) = Carrying::begin(self, began, new) else {
            return Ok(());
        };
        let marker = Marker::read(host).await?;
        let now = unix_time::since_1970(host.now());
        let soon = if new { unix_time::of(SOON) } else { 0 };
        if !marker.wants_carrier(now, now.saturating_add(soon)) {
            return Ok(());
        }
        let carry = Carry {
            outbox: self,
            host,
            data_api,
            heard,
            until: began + LIFE,
            waits: new,
        };
        match Carrier::begin(host, marker).await? {
            Some(carrier) => carry.run(carrier).await,
            None => Ok(()),
        }
    }

    /// Delivers an accepted change, before others do.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn deliver(
        &self,
        host: &impl Ports,
        data_api: &DataApi,
        heard: impl Fn(Id, Attempted, Option<&Entry>),
        place: Place,
    ) -> Result<(), StoreError> {
        let until = host.monotonic() + DELIVERED_WITHIN / 2;
        let _delivering = loop {
            match Delivering::begin(self) {
                Some(delivering) => break delivering,
                // Whoever finds it due delivers it.
                None if host.monotonic() >= until => return Ok(()),
                None => host.sleep(GLANCE).await,
            }
        };
        let attempt = self.attempt(host, data_api, place, true).await?;
        heard(place.id, attempt.attempted, attempt.entry.as_ref());
        match attempt.next {
            Some(next) => super::marker::announce(host, next.due).await,
            None => Ok(()),
        }
    }
}

impl<P: Ports, F: Fn(Id, Attempted, Option<&Entry>)> Carry<'_, P, F> {
    /// Goes on until nothing is due in moments, or another has the lease.
    async fn run(&self, carrier: Carrier) -> Result<(), StoreError> {
        loop {
            let left = self.round().await?;
            let Some(due) = self.wait(carrier, &left).await? else {
                return Ok(());
            };
            let Some(mut marker) = carrier.found(self.host).await? else {
                return Ok(());
            };
            marker.due = earlier(marker.due, due);
            carrier.renew(self.host, marker).await?;
        }
    }

    /// Delivers what is due now.
    async fn round(&self) -> Result<Left, StoreError> {
        let began = self.host.monotonic();
        let listed = unix_time::since_1970(self.host.now());
        let due = self
            .outbox
            .due(self.host, listed, LOOKED_AT, |_| true)
            .await?;
        let mut running = Running {
            outbox: self.outbox,
            host: self.host,
            data_api: self.data_api,
            heard: &self.heard,
            until: began + ROUND,
            early: false,
            at_a_time: BESIDE_OTHERS,
            drained: Drained::default(),
            next: None,
        };
        let ended = running.deliver(&due.places).await?;
        let next = match ended {
            Ended::AllTried => earlier(due.next, running.next),
            Ended::TimeOver => Some(listed),
            Ended::Away => Some(listed.saturating_add(unix_time::of(LEFT_ALONE))),
        };
        Ok(Left {
            ended,
            listed,
            began,
            next,
        })
    }

    /// Returns when it is time for another round, with what is known to be due then; `None`: the
    /// carrier has ended.
    async fn wait(&self, carrier: Carrier, left: &Left) -> Result<Option<Option<u64>>, StoreError> {
        loop {
            let Some(marker) = carrier.found(self.host).await? else {
                return Ok(None);
            };
            let (clock, now) = (
                self.host.monotonic(),
                unix_time::since_1970(self.host.now()),
            );
            let due = match left.ended {
                Ended::Away => left.next,
                Ended::AllTried | Ended::TimeOver => earlier(left.next, marker.announced()),
            };
            let pause = due.map(|due| Duration::from_millis(due.saturating_sub(now)));
            // Whoever keeps something while another carries relies on it.
            let soon = match self.waits || marker.announced().is_some() {
                true => SOON,
                false => Duration::ZERO,
            };
            let is_soon = pause.is_some_and(|pause| pause <= soon);
            if !is_soon || left.ended == Ended::Away || clock >= self.until {
                carrier.end(self.host, left.listed, due).await?;
                return Ok(None);
            }
            let since = clock.saturating_sub(left.began);
            let pause = pause.unwrap_or_default().max(STEP.saturating_sub(since));
            // The lease ends soon, and is renewed with a listing, in which nothing is missed.
            if pause.is_zero() || since >= SOON {
                return Ok(Some(due));
            }
            self.host.sleep(pause.min(STEP)).await;
        }
    }
}

#[cfg(test)]
mod tests;
