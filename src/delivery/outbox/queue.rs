//! Putting changes into the outbox, and what an instance knows of the outbox and of the data API.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::availability::AvailabilityTracker;
use super::backoff;
use super::cause::Cause;
use super::duplicates::{self, Fingerprint};
use super::entry::{Entry, Origin};
use super::location::{DeadLetter, EntryId, Location, Scheduled};
use super::mailbox::arrivals;
use super::marker::{self, LeaseHolder, Marker};
use super::reason::QueueReason;
use super::tag::Tag;
use crate::delivery::change::Change;
use crate::delivery::ejecuciones::EJECUCIONES;
use crate::delivery::outcome::{DeliveryError, Outcome};
use crate::instance::key_locks::{KeyGuard, KeyLocks};
use crate::instance::{Gauge, unix_time};
use crate::ports::{Clock, KeyValue, Random, StoreError};

/// The outbox of one configuration.
pub struct Outbox {
    max_age: Duration,
    /// Whether another instance collects what is in it, and nobody delivers it here.
    is_mailbox: bool,
    state: Mutex<State>,
    /// Changes that are being stored.
    storing: KeyLocks,
    /// Accepted changes that are being delivered.
    pub(super) delivering: Gauge,
    /// Whether the data API is there.
    pub availability: AvailabilityTracker,
}

/// What an instance knows of the outbox and of the data API, on the monotonic clock.
#[derive(Default)]
pub(super) struct State {
    /// When it looked at the marker last.
    pub looked: Option<Duration>,
    /// When the data API was found to be away.
    away: Option<Duration>,
    /// How many changes were refused for good since one was not.
    refused: usize,
    /// A task of this instance is looking, or delivering what it has found.
    pub is_working: bool,
    /// The lease that such a task has taken and not given back.
    pub lease: Option<LeaseHolder>,
    /// When the last callback was accepted, in milliseconds since 1970.
    callback: Option<u64>,
    /// The last five minutes, by when they began, that it knows there is a sample of.
    pub sampled: Option<u64>,
}

/// So many refusals for good one after another may be of these changes. More of them are taken for
/// a data API that refuses everything, which is no reason to give up what has waited so far.
const REFUSED_IN_A_ROW: usize = 2;

/// How often an instance looks at the marker by itself.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How long a data API that was away is left alone.
pub(super) const LEFT_ALONE: Duration = Duration::from_secs(10);

/// How long an accepted change is left to the instance that has it: longer than one delivery takes.
pub(super) const DELIVERED_WITHIN: Duration = Duration::from_secs(10);

/// How long a request waits before it looks again whether an equal change has been stored, and how
/// often.
const POLL: Duration = Duration::from_millis(5);
const POLLS: usize = 200;

/// A change that is in the outbox.
#[derive(Debug)]
pub struct Queued {
    /// Where.
    pub location: Location,
    /// Whether that is announced to the other instances. The entry is stored either way, and found later.
    pub announced: Result<(), StoreError>,
}

/// A change that is in the outbox, and that nobody has tried to make.
#[derive(Debug)]
pub struct Accepted {
    /// Where it waits.
    pub scheduled: Scheduled,
    /// Whether that is announced to the other instances. The entry is stored either way, and found later.
    pub announced: Result<(), StoreError>,
}

impl State {
    /// Whether it is time to look at the marker, or there is something `new`. It is not while the
    /// data API is away: there is nothing to be done then.
    pub fn is_time_to_look(&self, now: Duration, new: bool) -> bool {
        let has_looked = self.looked.is_some_and(|at| now < at + LOOK_EVERY);
        (new || !has_looked) && !self.is_away(now) && !self.is_working
    }

    fn is_away(&self, now: Duration) -> bool {
        self.away.is_some_and(|at| now < at + LEFT_ALONE)
    }
}

impl Outbox {
    /// Entries older than `max_age` are dead letters.
    pub fn new(max_age: Duration) -> Self {
        Self {
            max_age,
            is_mailbox: false,
            state: Mutex::default(),
            storing: KeyLocks::default(),
            delivering: Gauge::default(),
            availability: AvailabilityTracker::default(),
        }
    }

    /// The same, from which another instance collects if `is_mailbox`.
    pub fn as_mailbox(self, is_mailbox: bool) -> Self {
        Self { is_mailbox, ..self }
    }

    /// Says that an entry is due then. To be called once the entry is stored.
    pub(super) async fn announce(
        &self,
        host: &(impl KeyValue + Clock + Random),
        due: u64,
    ) -> Result<(), StoreError> {
        match self.is_mailbox {
            true => arrivals::announce(host).await,
            false => marker::announce(host, due, self.last_callback()).await,
        }
    }

    /// Notes what came of a change at the data API.
    pub fn note_result(&self, clock: &impl Clock, result: &Result<Outcome, DeliveryError>) {
        self.availability.note_change(clock, result);
        let is_away = result.as_ref().is_err_and(DeliveryError::is_away);
        let is_final = result.as_ref().is_err_and(|error| !error.is_retryable());
        let mut state = self.state();
        state.away = is_away.then(|| clock.monotonic());
        state.refused = match is_final {
            true => state.refused + 1,
            false => 0,
        };
    }

    /// Notes that a callback was accepted. Whoever writes the marker next tells the other instances.
    pub fn note_callback(&self, clock: &impl Clock) {
        self.state().callback = Some(unix_time::millis(clock.now()));
    }

    /// When the last callback was accepted: by this instance, or by others as far as the marker knows,
    /// which lags behind by ten minutes at most.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn newest_callback(&self, store: &impl KeyValue) -> Result<Option<u64>, StoreError> {
        let marker = Marker::read(store).await?;
        Ok(marker.with_callback(self.last_callback()).callback)
    }

    /// When this instance accepted its last callback.
    pub(super) fn last_callback(&self) -> Option<u64> {
        self.state().callback
    }

    /// Whether the data API was away just now.
    pub fn is_away(&self, clock: &impl Clock) -> bool {
        self.state().is_away(clock.monotonic())
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a change that was not made. When this returns `Ok` it outlives the instance.
    ///
    /// Of equal changes of one row one waits: the first where that ends the row, as the first that
    /// does is the one that counts, and otherwise the last.
    pub async fn enqueue(
        &self,
        host: &(impl KeyValue + Clock + Random),
        change: Change,
        origin: Origin<'_>,
        reason: &QueueReason,
    ) -> Result<Queued, StoreError> {
        let now = unix_time::millis(host.now());
        let id = EntryId::new(&change, now, host.random());
        let fingerprint = Fingerprint::of(&change);
        let mut entry = Entry::new(change, origin, now);
        let location = self.note_failure(host, id, &mut entry, reason);
        let _locked = self.lock(host, &fingerprint).await;
        let equal = duplicates::find(host, &fingerprint).await?;
        let is_known = match (equal, location) {
            (Some(equal @ Location::Waiting(_)), _) => equal.id().is_last,
            (Some(Location::Dead(_)), Location::Dead(_)) => true,
            _ => false,
        };
        if let Some(location) = equal.filter(|_| is_known) {
            return Ok(Queued {
                location,
                // A mailbox's first announcement may have failed.
                announced: match self.is_mailbox {
                    true => arrivals::announce(host).await,
                    false => Ok(()),
                },
            });
        }
        // First where it is to be found: a pointer to nothing does no harm.
        duplicates::note(host, &fingerprint, location).await?;
        host.set(&location.key(), &entry.to_json()).await?;
        if let Some(waiting @ Location::Waiting(_)) = equal {
            host.delete(&waiting.key()).await?;
        }
        if entry.change.entity == EJECUCIONES {
            // Before the marker is written.
            self.note_callback(host);
        }
        Ok(Queued {
            location,
            announced: match location {
                Location::Waiting(scheduled) => self.announce(host, scheduled.due).await,
                Location::Dead(_) => Ok(()),
            },
        })
    }

    /// One request of the instance at a time stores changes that are equal. Whoever waits too long
    /// goes on without: that costs a copy.
    async fn lock(&self, clock: &impl Clock, fingerprint: &Fingerprint) -> Option<KeyGuard<'_>> {
        for _ in 0..POLLS {
            if let Some(locked) = self.storing.try_lock(fingerprint.as_str()) {
                return Some(locked);
            }
            clock.sleep(POLL).await;
        }
        None
    }

    /// Stores a change that nobody has tried to make. When this returns `Ok` it outlives the
    /// instance, which is to [deliver](Self::deliver_accepted) it; others do after
    /// [`DELIVERED_WITHIN`].
    pub async fn accept(
        &self,
        host: &(impl KeyValue + Clock + Random),
        change: Change,
        origin: Origin<'_>,
    ) -> Result<Accepted, StoreError> {
        let now = unix_time::millis(host.now());
        let id = EntryId::new(&change, now, host.random());
        let due = match self.is_mailbox {
            true => now,
            false => now.saturating_add(unix_time::millis_in(DELIVERED_WITHIN)),
        };
        let tag = Some(Tag::new(origin.source, Cause::Untried));
        let scheduled = Scheduled { due, id, tag };
        let entry = Entry::new(change, origin, now);
        let key = Location::Waiting(scheduled).key();
        host.set(&key, &entry.to_json()).await?;
        Ok(Accepted {
            scheduled,
            announced: self.announce(host, due).await,
        })
    }

    /// Whether an entry of this source is a dead letter: a look for each cause, by its name, and no
    /// listing.
    pub async fn is_dead(
        &self,
        store: &impl KeyValue,
        id: EntryId,
        source: &str,
    ) -> Result<bool, StoreError> {
        for dead in DeadLetter::candidates(id, source) {
            if store.get(&Location::Dead(dead).key()).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes an entry from where it waits.
    pub async fn forget(
        &self,
        store: &impl KeyValue,
        scheduled: Scheduled,
    ) -> Result<(), StoreError> {
        store.delete(&Location::Waiting(scheduled).key()).await
    }

    /// Notes a failed attempt in the entry, and says where it is from now on.
    pub(super) fn note_failure(
        &self,
        host: &(impl Clock + Random),
        id: EntryId,
        entry: &mut Entry,
        reason: &QueueReason,
    ) -> Location {
        let now = unix_time::millis(host.now());
        // However old: a collector that was down for weeks gets it all the same.
        if reason.is_for_collector() {
            return Location::new(id, Tag::new(&entry.source, Cause::of(reason)), Some(now));
        }
        entry.failed(now, reason.to_string());
        let is_no_row = *reason == QueueReason::NoRow;
        let pause = backoff::pause(entry.tries, is_no_row, host.random());
        let due = now.saturating_add(unix_time::millis_in(pause));
        let age = Duration::from_millis(now.saturating_sub(entry.since));
        let has_waited = entry.tries > 1;
        let is_retryable =
            reason.is_retryable() || has_waited && self.state().refused > REFUSED_IN_A_ROW;
        let due = (is_retryable && age < self.max_age).then_some(due);
        Location::new(id, Tag::new(&entry.source, Cause::of(reason)), due)
    }
}
