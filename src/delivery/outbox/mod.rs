//! The outbox: accepted changes that the data API has not taken yet, kept in the key-value store.
//!
//! Each change has a key of its own, so that whoever has delivered it removes that and nothing else:
//! the store has no compare-and-set, and two instances may deliver the same entry at once. That does
//! no harm, since a change is guarded. Of a row's entries the first that ends it counts, as in the
//! database, and is the only one that is shown and counted.
//!
//! Keys of what waits begin with when it is due: a look reads no further than to the first that is
//! not. A failed attempt moves an entry to its next place.
//!
//! There is no timer. Any request may deliver what is due once it has its reply; [`marker`] says
//! whether there is anything, at the price of one `get`.

mod backoff;
mod carrier;
mod entry;
mod equal;
mod id;
mod listing;
mod marker;
mod rounds;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Change, DataApi, Failure, Outcome, Ports};
use crate::instance::key_locks::Holds;
use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, Random, StoreError};

use equal::Fingerprint;

pub use entry::{Entry, Texts};
pub use id::{Id, Place};
pub use listing::{Found, Page, Stats};
pub use rounds::Drained;

/// Where entries are, by what is to become of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// To be delivered.
    Waiting,
    /// A dead letter: somebody has to look at it.
    Dead,
}

/// An attempt at an entry.
#[derive(Debug)]
pub struct Attempt {
    /// What it led to.
    pub attempted: Attempted,
    /// The entry, where it could be read.
    pub entry: Option<Entry>,
    /// Where it waits now, if it does.
    pub next: Option<Place>,
}

/// The outbox of one configuration.
pub struct Outbox {
    max_age: Duration,
    seen: Mutex<Seen>,
    /// Changes that are being kept.
    keeping: Holds,
}

/// What an instance has seen of the outbox and of the data API, on the monotonic clock.
#[derive(Default)]
struct Seen {
    looked: Option<Duration>,
    away: Option<Duration>,
    /// How many changes were refused for good since one was not.
    refused: usize,
    /// How many accepted changes are being delivered.
    delivering: usize,
    /// A task of this instance is looking, or delivering what it has found.
    carrying: bool,
}

/// So many refusals for good one after another may be of these changes. More of them are taken for
/// a data API that refuses everything, which is no reason to give up what has waited so far.
const REFUSED_IN_A_ROW: usize = 2;

/// How often an instance looks at the marker by itself.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How long a data API that was away is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(10);

/// How long an accepted change is left to the instance that has it: longer than one delivery takes.
const DELIVERED_WITHIN: Duration = Duration::from_secs(10);

impl Seen {
    /// Whether it is time to look at the marker, or there is something `new`. It is not while the
    /// data API is away: there is nothing to be done then.
    fn may_look(&self, now: Duration, new: bool) -> bool {
        let recent = |at: Option<Duration>, time| at.is_some_and(|at| now < at + time);
        let is_time = new || !recent(self.looked, LOOK_EVERY);
        is_time && !recent(self.away, LEFT_ALONE) && !self.carrying
    }
}

/// What a request has left in the outbox, and is to be looked after once it has its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pending {
    /// A change that nobody has tried to make.
    Accepted(Place),
    /// A change that may well be made in moments.
    Soon,
}

/// A change that was kept.
#[derive(Debug)]
pub struct Kept {
    /// Its entry's name.
    pub id: Id,
    /// Where it waits, unless it is a dead letter.
    pub place: Option<Place>,
    /// Whether the other instances were told. The entry is kept either way, and found later.
    pub announced: Result<(), StoreError>,
}

impl Kept {
    /// An equal change was there before.
    fn already(id: Id, place: Option<Place>) -> Self {
        Self {
            id,
            place,
            announced: Ok(()),
        }
    }
}

/// Where a change comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The source's name.
    pub source: &'a str,
    /// The notification's `x-request-id`.
    pub request_id: &'a str,
}

/// Why a change is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Its row is not there, perhaps not yet.
    #[error("no such row yet")]
    NoRow,
    /// It was not made.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// What an attempt at an entry led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempted {
    /// The row has the change; the entry is gone.
    Updated,
    /// The row was in a final state; the entry is gone.
    AlreadyFinal,
    /// Its row is not there yet; it waits for the next attempt.
    NoRow,
    /// It was not made; it waits for the next attempt.
    Failed,
    /// The data API was not there; it waits for the next attempt.
    Away,
    /// It is a dead letter now.
    Dead,
    /// It is not due yet.
    NotDue,
    /// It was gone already.
    Gone,
}

impl Attempted {
    /// The name in the log and in replies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::AlreadyFinal => "already_final",
            Self::NoRow => "no_row_yet",
            Self::Failed | Self::Away => "failed",
            Self::Dead => "dead",
            Self::NotDue => "not_due",
            Self::Gone => "gone",
        }
    }
}

impl State {
    /// The name in replies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Dead => "dead",
        }
    }

    /// In a store that keeps its keys in order those that wait come before all others, so a listing
    /// of what is due ends after a few keys, whatever else is stored.
    fn prefix(self) -> &'static str {
        match self {
            Self::Waiting => "0-outbox/a/",
            Self::Dead => "0-outbox/d/",
        }
    }
}

impl Why {
    /// What became of a change, where that is a reason to keep it.
    pub fn of(result: &Result<Outcome, Failure>) -> Option<Self> {
        match result {
            Ok(Outcome::NotFound) => Some(Self::NoRow),
            Ok(Outcome::Updated | Outcome::AlreadyFinal) => None,
            Err(failure) => Some(Self::Failed(failure.clone())),
        }
    }

    fn may_pass(&self) -> bool {
        match self {
            Self::NoRow => true,
            Self::Failed(failure) => failure.may_pass(),
        }
    }
}

impl Outbox {
    /// Entries older than `max_age` are dead letters.
    pub fn new(max_age: Duration) -> Self {
        Self {
            max_age,
            seen: Mutex::default(),
            keeping: Holds::default(),
        }
    }

    /// The data API was asked to make a change, and this came of it.
    pub fn heard(&self, clock: &impl Clock, result: &Result<Outcome, Failure>) {
        let away = result.as_ref().is_err_and(is_away);
        let is_final = result.as_ref().is_err_and(|failure| !failure.may_pass());
        let mut seen = self.seen();
        seen.away = away.then(|| clock.monotonic());
        seen.refused = match is_final {
            true => seen.refused + 1,
            false => 0,
        };
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a change that was not made. When this returns `Ok` it outlives the instance.
    ///
    /// Of equal changes of one row one waits: the first where that ends the row, as the first that
    /// does is the one that counts, and otherwise the last.
    pub async fn keep(
        &self,
        host: &(impl KeyValue + Clock + Random),
        change: Change,
        origin: Origin<'_>,
        why: &Why,
    ) -> Result<Kept, StoreError> {
        let now = unix_time::since_1970(host.now());
        let id = Id::new(&change, now, host.random());
        let fingerprint = Fingerprint::of(&change);
        let mut entry = Entry::new(change, origin, now);
        let place = self.note(host, id, &mut entry, why);
        let _turn = self.turn(host, &fingerprint).await;
        let equal = equal::find(host, &fingerprint).await?;
        match equal {
            Some((equal, waits @ Some(_))) if equal.is_last => {
                return Ok(Kept::already(equal, waits));
            }
            Some((equal, None)) if place.is_none() => return Ok(Kept::already(equal, None)),
            _ => {}
        }
        // First where it is to be found: a pointer to nothing does no harm.
        equal::note(host, &fingerprint, id, place).await?;
        host.set(&key(id, place), &entry.to_json()).await?;
        if let Some((equal, waiting @ Some(_))) = equal {
            host.delete(&key(equal, waiting)).await?;
        }
        Ok(Kept {
            id,
            place,
            announced: match place {
                Some(place) => marker::announce(host, place.due).await,
                None => Ok(()),
            },
        })
    }

    /// Keeps a change that nobody has tried to make. When this returns `Ok` it outlives the
    /// instance, which is to [`deliver`](Self::deliver) it; others do after [`DELIVERED_WITHIN`].
    pub async fn accept(
        &self,
        host: &(impl KeyValue + Clock + Random),
        change: Change,
        origin: Origin<'_>,
    ) -> Result<Kept, StoreError> {
        let now = unix_time::since_1970(host.now());
        let id = Id::new(&change, now, host.random());
        let due = now.saturating_add(unix_time::of(DELIVERED_WITHIN));
        let place = Place { due, id };
        let entry = Entry::new(change, origin, now);
        host.set(&key(id, Some(place)), &entry.to_json()).await?;
        Ok(Kept {
            id,
            place: Some(place),
            announced: marker::announce(host, due).await,
        })
    }

    /// Whether an entry is a dead letter: one look, by its name.
    pub async fn is_dead(&self, store: &impl KeyValue, id: Id) -> Result<bool, StoreError> {
        Ok(store.get(&key(id, None)).await?.is_some())
    }

    /// Removes an entry from where it waits.
    pub async fn forget(&self, store: &impl KeyValue, place: Place) -> Result<(), StoreError> {
        store.delete(&key(place.id, Some(place))).await
    }

    /// Notes a failed attempt in the entry, and says where it waits now, if it does.
    fn note(
        &self,
        host: &(impl Clock + Random),
        id: Id,
        entry: &mut Entry,
        why: &Why,
    ) -> Option<Place> {
        let now = unix_time::since_1970(host.now());
        entry.failed(now, why.to_string());
        let pause = backoff::pause(entry.tries, *why == Why::NoRow, host.random());
        let due = now.saturating_add(unix_time::of(pause));
        let age = Duration::from_millis(now.saturating_sub(entry.since));
        let has_waited = entry.tries > 1;
        let may_pass = why.may_pass() || has_waited && self.seen().refused > REFUSED_IN_A_ROW;
        (may_pass && age < self.max_age).then_some(Place { due, id })
    }

    /// Tries to deliver an entry that waits; before it is due only where `early`.
    pub async fn attempt(
        &self,
        host: &impl Ports,
        data_api: &DataApi,
        place: Place,
        early: bool,
    ) -> Result<Attempt, StoreError> {
        let of = |attempted, entry| Attempt {
            attempted,
            entry,
            next: None,
        };
        let (id, waiting) = (place.id, key(place.id, Some(place)));
        if !early && unix_time::since_1970(host.now()) < place.due {
            return Ok(of(Attempted::NotDue, None));
        }
        let Some(mut value) = host.get(&waiting).await? else {
            return Ok(of(Attempted::Gone, None));
        };
        let entry = Entry::parse(&value);
        if entry.is_some() {
            // It is as long as what it says, which is on its way to the data API for some time.
            value.clear();
            value.shrink_to_fit();
        }
        let Some(mut entry) = entry else {
            // Nobody can deliver it; somebody may be able to read it.
            host.set(&key(id, None), &value).await?;
            host.delete(&waiting).await?;
            return Ok(of(Attempted::Dead, None));
        };
        let tried = data_api.apply(host, &entry.change).await;
        self.heard(host, &tried.result);
        let Some(why) = Why::of(&tried.result) else {
            host.delete(&waiting).await?;
            let attempted = match tried.result {
                Ok(Outcome::Updated) => Attempted::Updated,
                _ => Attempted::AlreadyFinal,
            };
            return Ok(of(attempted, Some(entry)));
        };
        let next = self.note(host, id, &mut entry, &why);
        let fingerprint = Fingerprint::of(&entry.change);
        equal::note(host, &fingerprint, id, next).await?;
        // Another instance may have delivered it meanwhile: then it is not to come back.
        if host.get(&waiting).await?.is_none() {
            return Ok(of(Attempted::Gone, None));
        }
        host.set(&key(id, next), &entry.to_json()).await?;
        host.delete(&waiting).await?;
        let attempted = match (next, why) {
            (None, _) => Attempted::Dead,
            (Some(_), Why::NoRow) => Attempted::NoRow,
            (Some(_), Why::Failed(failure)) if is_away(&failure) => Attempted::Away,
            (Some(_), Why::Failed(_)) => Attempted::Failed,
        };
        Ok(Attempt {
            attempted,
            entry: Some(entry),
            next,
        })
    }
}

/// Whether the failure is of the data API itself, and not of one change.
fn is_away(failure: &Failure) -> bool {
    matches!(failure, Failure::Remote(fault) if fault.is_transient())
}

/// Where in the store an entry is: one that waits by its place, a dead letter by its name.
fn key(id: Id, place: Option<Place>) -> String {
    match place {
        Some(place) => format!("{}{place}", State::Waiting.prefix()),
        None => format!("{}{id}", State::Dead.prefix()),
    }
}

#[cfg(test)]
mod tests;
