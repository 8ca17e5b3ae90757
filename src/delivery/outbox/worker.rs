//! Delivers what waits after a reply: an instance's own accepted change at once, and what is due by one
//! instance for all of them, as long as it has the lease and the next entry is due within seconds.

use std::time::Duration;

use super::attempt::AttemptOutcome;
use super::drain::{DeliveryRound, DrainSummary, Ended};
use super::entry::Entry;
use super::location::{EntryId, Scheduled, earlier};
use super::marker::{self, LeaseHolder, Marker};
use super::queue::{DELIVERED_WITHIN, LEFT_ALONE, Outbox};
use crate::delivery::data_api::DataApi;
use crate::delivery::outcome::Ports;
use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, StoreError};

/// How long a round begins with further entries. A group that was begun may take ten seconds more,
/// and the lease must outlast both.
const ROUND: Duration = Duration::from_secs(5);

/// How long a worker goes on. A host may end a request after 30 s.
const LIFE: Duration = Duration::from_secs(18);

/// A worker waits for the next entry where that is due no later than this.
const SOON: Duration = Duration::from_secs(7);

/// How often a waiting worker looks whether an entry came that is due earlier, and how far apart
/// two listings begin at least: where the store has no order each reads all keys.
const STEP: Duration = Duration::from_secs(1);

/// How many entries a round looks at, where the store keeps its keys in order.
const LOOKED_AT: usize = 128;

/// How many an instance delivers at a time after a reply: each is in memory several times over,
/// beside the requests that go on coming.
const BESIDE_OTHERS: usize = 4;

/// How long an accepted change waits before it looks again whether there is room for it.
const POLL: Duration = Duration::from_millis(10);

/// The one task of this instance that works, until this is dropped.
struct WorkingGuard<'a>(&'a Outbox);

impl<'a> WorkingGuard<'a> {
    /// `None` where it is not time, or another task is at it.
    fn begin(outbox: &'a Outbox, now: Duration, new: bool) -> Option<Self> {
        let mut state = outbox.state();
        if !state.is_time_to_look(now, new) {
            return None;
        }
        (state.looked, state.is_working) = (Some(now), true);
        drop(state);
        Some(Self(outbox))
    }
}

impl Drop for WorkingGuard<'_> {
    fn drop(&mut self) {
        self.0.state().is_working = false;
    }
}

/// What a worker works with.
struct Worker<'a, P, F> {
    outbox: &'a Outbox,
    host: &'a P,
    data_api: &'a DataApi,
    log: F,
    /// When it ends, on the monotonic clock.
    until: Duration,
    /// Whether it waits for what is due within seconds.
    waits: bool,
}

/// What comes after a round.
enum Next {
    /// Another one, for what is known to be due then.
    Round { due: Option<u64> },
    /// Nothing: the lease has ended.
    Ended,
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
    /// Whether this instance is to look at the marker: every ten seconds, or
    /// because it has queued something `new`.
    pub fn is_time_to_look(&self, clock: &impl Clock, new: bool) -> bool {
        self.state().is_time_to_look(clock.monotonic(), new)
    }

    /// Looks at the marker, if it is time or there is something `new`, and delivers what is due where
    /// nobody else does. Says whether this instance was the one.
    ///
    /// # Errors
    /// Where the store fails. The lease then ends by itself.
    pub async fn deliver_due(
        &self,
        host: &impl Ports,
        data_api: &DataApi,
        log: impl Fn(EntryId, AttemptOutcome, Option<&Entry>),
        new: bool,
    ) -> Result<bool, StoreError> {
        let began = host.monotonic();
        let Some(_working) = WorkingGuard::begin(self, began, new) else {
            return Ok(false);
        };
        let soon = if new { SOON } else { Duration::ZERO };
        let Some((lease, _)) = self.take_lease(host, soon).await? else {
            return Ok(false);
        };
        let worker = Worker {
            outbox: self,
            host,
            data_api,
            log,
            until: began + LIFE,
            waits: new,
        };
        worker.run(lease).await?;
        self.state().lease = None;
        self.sample_depth(host).await?;
        self.availability.share(host).await?;
        Ok(true)
    }

    /// Whether this instance is the one to look after a mailbox, where nobody delivers: every `every`, or as
    /// [`look_at`](Self::look_at) has said, for all instances. Takes the sample that is due.
    ///
    /// # Errors
    /// Where the store fails. The lease then ends by itself.
    pub async fn watch(&self, host: &impl Ports, every: Duration) -> Result<bool, StoreError> {
        let Some(_working) = WorkingGuard::begin(self, host.monotonic(), false) else {
            return Ok(false);
        };
        let now = unix_time::millis(host.now());
        let Some((lease, callback)) = self.take_lease(host, Duration::ZERO).await? else {
            return Ok(false);
        };
        self.sample_depth(host).await?;
        let next = now.saturating_add(unix_time::millis_in(every));
        lease.end(host, now, Some(next), callback).await?;
        self.state().lease = None;
        Ok(true)
    }

    /// Gives back the lease of a worker of this instance that was dropped before its end, so that what it
    /// has left is delivered by whoever looks next.
    ///
    /// # Errors
    /// Where the store fails. The lease then ends by itself.
    pub async fn give_lease_back(&self, host: &(impl KeyValue + Clock)) -> Result<(), StoreError> {
        let lease = {
            let mut state = self.state();
            // What works now is another request's, and ends its lease itself.
            if state.is_working {
                return Ok(());
            }
            let Some(lease) = state.lease.take() else {
                return Ok(());
            };
            state.looked = None;
            lease
        };
        lease.give_back(host).await
    }

    /// Takes the lease where something is due within `soon` and nobody is at it; the last callback that is
    /// known comes with it.
    async fn take_lease(
        &self,
        host: &impl Ports,
        soon: Duration,
    ) -> Result<Option<(LeaseHolder, Option<u64>)>, StoreError> {
        let marker = Marker::read(host).await?;
        let now = unix_time::millis(host.now());
        if !marker.wants_worker(now, now.saturating_add(unix_time::millis_in(soon))) {
            return Ok(None);
        }
        let marker = marker.with_callback(self.last_callback());
        let callback = marker.callback;
        let lease = LeaseHolder::begin(host, marker).await?;
        self.state().lease = lease;
        Ok(lease.map(|lease| (lease, callback)))
    }

    /// Has somebody look at the outbox then, though nothing in it is known to be due.
    ///
    /// # Errors
    /// Where the store fails. Somebody looks all the same, within ten minutes.
    pub async fn look_at(
        &self,
        host: &(impl KeyValue + Clock),
        time: u64,
    ) -> Result<(), StoreError> {
        marker::announce(host, time, self.last_callback()).await
    }

    /// Delivers an accepted change, before others do.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn deliver_accepted(
        &self,
        host: &impl Ports,
        data_api: &DataApi,
        log: impl Fn(EntryId, AttemptOutcome, Option<&Entry>),
        scheduled: Scheduled,
    ) -> Result<(), StoreError> {
        let until = host.monotonic() + DELIVERED_WITHIN / 2;
        let _delivering = loop {
            match self.delivering.try_enter(BESIDE_OTHERS) {
                Some(delivering) => break delivering,
                // Whoever finds it due delivers it.
                None if host.monotonic() >= until => return Ok(()),
                None => host.sleep(POLL).await,
            }
        };
        let attempt = self.attempt(host, data_api, scheduled, true).await?;
        log(scheduled.id, attempt.outcome, attempt.entry.as_ref());
        match attempt.next {
            Some(next) => marker::announce(host, next.due, self.last_callback()).await?,
            None => return Ok(()),
        }
        self.availability.share(host).await
    }
}

impl<P: Ports, F: Fn(EntryId, AttemptOutcome, Option<&Entry>)> Worker<'_, P, F> {
    /// Goes on until nothing is due within seconds, or another has the lease.
    async fn run(&self, lease: LeaseHolder) -> Result<(), StoreError> {
        loop {
            let left = self.round().await?;
            let Next::Round { due } = self.wait(lease, &left).await? else {
                return Ok(());
            };
            let Some(mut marker) = lease.found(self.host).await? else {
                return Ok(());
            };
            marker.due = earlier(marker.due, due);
            lease.renew(self.host, marker).await?;
        }
    }

    /// Delivers what is due now.
    async fn round(&self) -> Result<Left, StoreError> {
        let began = self.host.monotonic();
        let listed = unix_time::millis(self.host.now());
        let due = self
            .outbox
            .due(self.host, listed, LOOKED_AT, &|_| true)
            .await?;
        let mut round = DeliveryRound {
            outbox: self.outbox,
            host: self.host,
            data_api: self.data_api,
            log: &self.log,
            until: began + ROUND,
            early: false,
            at_a_time: BESIDE_OTHERS,
            summary: DrainSummary::default(),
            next: None,
        };
        let ended = round.deliver(&due.scheduled).await?;
        let next = match ended {
            Ended::AllTried => earlier(due.next, round.next),
            Ended::TimeOver => Some(listed),
            Ended::Away => Some(listed.saturating_add(unix_time::millis_in(LEFT_ALONE))),
        };
        Ok(Left {
            ended,
            listed,
            began,
            next,
        })
    }

    /// Returns when it is time for another round, or once the lease has ended.
    async fn wait(&self, lease: LeaseHolder, left: &Left) -> Result<Next, StoreError> {
        loop {
            let Some(marker) = lease.found(self.host).await? else {
                return Ok(Next::Ended);
            };
            let (clock, now) = (self.host.monotonic(), unix_time::millis(self.host.now()));
            let due = match left.ended {
                Ended::Away => left.next,
                Ended::AllTried | Ended::TimeOver => earlier(left.next, marker.announced()),
            };
            let pause = due.map(|due| Duration::from_millis(due.saturating_sub(now)));
            // Whoever queues something while another works relies on it.
            let soon = match self.waits || marker.announced().is_some() {
                true => SOON,
                false => Duration::ZERO,
            };
            let is_soon = pause.is_some_and(|pause| pause <= soon);
            if !is_soon || left.ended == Ended::Away || clock >= self.until {
                let callback = marker.with_callback(self.outbox.last_callback()).callback;
                lease.end(self.host, left.listed, due, callback).await?;
                return Ok(Next::Ended);
            }
            let since = clock.saturating_sub(left.began);
            let pause = pause.unwrap_or_default().max(STEP.saturating_sub(since));
            // The lease ends soon, and is renewed with a listing, in which nothing is missed.
            if pause.is_zero() || since >= SOON {
                return Ok(Next::Round { due });
            }
            self.host.sleep(pause.min(STEP)).await;
        }
    }
}

#[cfg(test)]
mod tests;
