//! The mailbox: the outbox of an instance that has no data API, from which another instance collects.
//!
//! Nobody delivers what is in it, and none of it becomes a dead letter by its age. Whoever collects is
//! given entries again until it acknowledges them, so an entry may be collected twice; changes are
//! guarded, and that does no harm.
//!
//! While a collector waits, an instance reads one value every quarter of a second for all its collectors.
//! It lists the keys once something has come, and keeps in memory what it has found.

pub(super) mod arrivals;
mod known;
mod page;

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::entry::{Entry, EntryError};
use super::location::{DeadLetter, EntryId, Location, Scheduled};
use super::queue::Outbox;
use crate::instance::SingleFlightCache;
use crate::instance::key_locks::{KeyGuard, KeyLocks};
use crate::ports::{Clock, KeyValue, Random, StoreError};
use arrivals::Arrival;
use known::Known;

#[cfg(test)]
pub use page::PageSchema;
pub use page::{CollectedEntry, CollectedPage, MailboxPage, PAGE_VERSION, PageError};

/// How often the store is asked whether anything came.
const READ_EVERY: Duration = Duration::from_millis(250);

/// How often a collector that waits looks whether this instance knows of something.
const POLL: Duration = Duration::from_millis(25);

/// How long a collector waits for other requests of the instance that list the keys.
const LISTING_POLL: Duration = Duration::from_millis(5);

/// How many entries are known at a time, at first.
const KNOWN: usize = 4096;

/// How long it stays empty before that is noted for other instances.
const NOTED_AFTER: Duration = Duration::from_secs(1);

/// How often it is noted that somebody comes to collect.
const COLLECTOR_NOTED_EVERY: Duration = Duration::from_secs(30);

/// What an instance knows of its mailbox.
#[derive(Default)]
pub struct Mailbox {
    arrival: SingleFlightCache<Result<Arrival, StoreError>>,
    known: Mutex<Known>,
    listing: KeyLocks,
}

impl Mailbox {
    /// The next entries behind `after`, oldest first: at once if there are any, else as soon as one
    /// comes, else none after `wait`.
    pub async fn collect(
        &self,
        host: &(impl KeyValue + Clock),
        outbox: &Outbox,
        after: Option<EntryId>,
        limit: usize,
        wait: Duration,
    ) -> Result<MailboxPage, StoreError> {
        let began = host.monotonic();
        let until = began + wait;
        // Nobody waits for the next look.
        if wait.is_zero() {
            self.arrival.forget(|_| true);
        }
        loop {
            let found = self.next(host, outbox, after, limit).await?;
            let page = self.page(host, &found).await?;
            if !page.is_empty() {
                return Ok(page);
            }
            // Of those that were known all had gone: there may be others.
            if !found.is_empty() {
                continue;
            }
            let now = host.monotonic();
            if now >= until.min(began + NOTED_AFTER) {
                self.note_emptied(host).await?;
            }
            if now >= until {
                return Ok(page);
            }
            host.sleep(POLL.min(until - now)).await;
        }
    }

    /// Removes entries; says how many there were.
    pub async fn acknowledge(
        &self,
        store: &impl KeyValue,
        entries: &[Scheduled],
    ) -> Result<usize, StoreError> {
        let mut removed = 0;
        for entry in entries {
            let key = Location::Waiting(*entry).key();
            if store.get(&key).await?.is_some() {
                store.delete(&key).await?;
                removed += 1;
            }
            self.known().remove(*entry);
        }
        Ok(removed)
    }

    /// This instance has stored an entry: nobody need ask the store whether one came.
    pub fn note_arrival(&self) {
        self.arrival.forget(|_| true);
    }

    /// Announces what was stored, where that has failed.
    pub async fn announce(&self, host: &(impl KeyValue + Random)) -> Result<(), StoreError> {
        self.note_arrival();
        arrivals::announce(host).await
    }

    /// Notes that somebody comes to collect, now and then.
    pub async fn note_collector(&self, host: &(impl KeyValue + Clock)) -> Result<(), StoreError> {
        let now = host.monotonic();
        let noted = self.known().collector_noted;
        if noted.is_some_and(|noted| now < noted + COLLECTOR_NOTED_EVERY) {
            return Ok(());
        }
        self.known().collector_noted = Some(now);
        arrivals::note_collector(host).await
    }

    /// When somebody came to collect last, in milliseconds since 1970, to half a minute.
    pub async fn last_collected(&self, store: &impl KeyValue) -> Result<Option<u64>, StoreError> {
        arrivals::last_collected(store).await
    }

    /// Whether the store can be read.
    pub async fn probe(store: &impl KeyValue) -> Result<(), StoreError> {
        arrivals::last(store).await.map(drop)
    }

    /// Where the next entries are, listing the keys only where something may have come.
    async fn next(
        &self,
        host: &(impl KeyValue + Clock),
        outbox: &Outbox,
        after: Option<EntryId>,
        limit: usize,
    ) -> Result<Vec<Scheduled>, StoreError> {
        let _locked = self.lock(host).await;
        let found = self.known().behind(after, limit);
        if !found.is_empty() {
            return Ok(found);
        }
        let read = async || (arrivals::last(host).await, READ_EVERY);
        let arrival = self.arrival.get(host, read).await?;
        if self.known().is_all(&arrival, host.monotonic()) {
            return Ok(Vec::new());
        }
        let is_new = self.known().arrival.is_none();
        if is_new && arrivals::is_emptied(host, &arrival).await? {
            let mut known = self.known();
            (known.arrival, known.listed) = (Some(arrival), host.monotonic());
            known.is_noted = true;
            return Ok(Vec::new());
        }
        self.list(host, outbox, arrival).await?;
        Ok(self.known().behind(after, limit))
    }

    /// Lists the keys. Where all that was known is refused by its collector, it looks further than before.
    async fn list(
        &self,
        host: &(impl KeyValue + Clock),
        outbox: &Outbox,
        arrival: Arrival,
    ) -> Result<(), StoreError> {
        let listed = host.monotonic();
        let enough = {
            let known = self.known();
            match known.is_cut && !known.waiting.is_empty() {
                true => known.looked_at.saturating_mul(2),
                false => KNOWN,
            }
        };
        let seen = Cell::new(0);
        let each = |_| {
            seen.set(seen.get() + 1);
            true
        };
        let due = outbox.due(host, u64::MAX, enough, &each).await?;
        let mut known = self.known();
        known.left_out = due.scheduled.len() < seen.get();
        known.waiting = due.scheduled.into();
        known.is_cut = seen.get() >= enough;
        known.looked_at = seen.get();
        (known.arrival, known.listed) = (Some(arrival), listed);
        (known.is_stale, known.is_noted) = (false, false);
        Ok(())
    }

    /// One request of the instance at a time looks for entries.
    async fn lock(&self, clock: &impl Clock) -> KeyGuard<'_> {
        loop {
            if let Some(locked) = self.listing.try_lock("keys") {
                return locked;
            }
            clock.sleep(LISTING_POLL).await;
        }
    }

    /// Reads these entries, as many as a page has room for.
    async fn page(
        &self,
        store: &impl KeyValue,
        found: &[Scheduled],
    ) -> Result<MailboxPage, StoreError> {
        let mut page = MailboxPage::default();
        for scheduled in found {
            let key = Location::Waiting(*scheduled).key();
            let Some(value) = store.get(&key).await? else {
                self.known().remove(*scheduled);
                continue;
            };
            match Entry::parse(&value) {
                Ok(entry) if page.add(*scheduled, &entry) => {}
                Ok(_) => break,
                // It stays where it is, and is looked at again with what comes next.
                Err(EntryError::Newer) => {
                    self.known().leave_out(*scheduled);
                }
                // Nobody can collect it; somebody may be able to read it.
                Err(EntryError::Damaged) => {
                    let Scheduled { id, tag, .. } = *scheduled;
                    let dead = Location::Dead(DeadLetter { id, tag }).key();
                    store.set(&dead, &value).await?;
                    store.delete(&key).await?;
                    self.known().remove(*scheduled);
                }
            }
        }
        Ok(page)
    }

    /// Notes for other instances that nothing waits, once.
    async fn note_emptied(&self, host: &(impl KeyValue + Clock)) -> Result<(), StoreError> {
        let emptied = {
            let known = self.known();
            let is_empty = known.waiting.is_empty() && !known.is_cut && !known.is_stale;
            known
                .arrival
                .clone()
                .filter(|_| is_empty && !known.is_noted)
        };
        let Some(arrival) = emptied else {
            return Ok(());
        };
        arrivals::note_emptied(host, &arrival).await?;
        let mut known = self.known();
        known.is_noted |= known.arrival.as_ref() == Some(&arrival);
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
