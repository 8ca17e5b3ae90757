//! The outbox: accepted changes that the data API has not taken yet, kept in the key-value store.
//!
//! An entry has a key of its own for each change, so that whoever has delivered it removes that
//! and nothing else: the store has no compare-and-set, and two instances may deliver the same
//! entry at once. That does no harm, since a change is guarded. Of a row's entries the first that
//! ends it counts, as in the database, and is the only one that is shown and counted.
//!
//! There is no timer. Any request carries the outbox forward once it has its reply.

mod backoff;
mod entry;
mod id;
mod listing;
mod rounds;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::{Change, DataApi, Failure, Outcome, Ports};
use crate::ports::{Clock, KeyValue, Random, StoreError};

pub use entry::{Entry, Texts};
pub use id::Id;
pub use listing::{Page, Stats};
pub use rounds::Drained;

/// Where entries are, by what is to become of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// To be delivered.
    Waiting,
    /// A dead letter: somebody has to look at it.
    Dead,
}

/// The outbox of one configuration.
pub struct Outbox {
    max_age: Duration,
    seen: Mutex<Seen>,
}

/// What an instance has seen of the outbox and of the data API, on the monotonic clock.
#[derive(Default)]
struct Seen {
    looked: Option<Duration>,
    away: Option<Duration>,
}

/// How often an instance looks into the store by itself.
const LOOK_EVERY: Duration = Duration::from_secs(10);

impl Seen {
    /// Whether it is time for another look. It is not while the data API is away: there is nothing
    /// to be done then, and a look takes its time where the outbox is long.
    fn may_look(&mut self, now: Duration) -> bool {
        let recent = |at: Option<Duration>| at.is_some_and(|at| now < at + LOOK_EVERY);
        let may_look = !recent(self.looked) && !recent(self.away);
        if may_look {
            self.looked = Some(now);
        }
        may_look
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
            Self::Failed => "failed",
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

    fn prefix(self) -> &'static str {
        match self {
            Self::Waiting => "outbox/w/",
            Self::Dead => "outbox/d/",
        }
    }

    fn key(self, id: Id) -> String {
        format!("{}{id}", self.prefix())
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
        }
    }

    /// The data API was asked to make a change, and this came of it.
    pub fn heard(&self, clock: &impl Clock, result: &Result<Outcome, Failure>) {
        let failed = matches!(result, Err(Failure::Remote(_)));
        self.state().away = failed.then(|| clock.monotonic());
    }

    fn state(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a change that was not made. When this returns `Ok` it outlives the instance.
    pub async fn keep(
        &self,
        host: &(impl KeyValue + Clock + Random),
        change: Change,
        origin: Origin<'_>,
        why: &Why,
    ) -> Result<(Id, State), StoreError> {
        let now = milliseconds(host.now());
        let id = Id::new(&change, now, host.random());
        let mut entry = Entry {
            change,
            source: origin.source.to_owned(),
            request_id: origin.request_id.to_owned(),
            due: now,
            tries: 0,
            attempts: Vec::new(),
        };
        let state = self.note(host, id, &mut entry, why);
        host.set(&state.key(id), &entry.to_json()).await?;
        Ok((id, state))
    }

    /// Notes a failed attempt in the entry, and where it belongs now.
    fn note(&self, host: &(impl Clock + Random), id: Id, entry: &mut Entry, why: &Why) -> State {
        let now = milliseconds(host.now());
        entry.failed(now, why.to_string());
        let pause = backoff::pause(entry.tries, *why == Why::NoRow, host.random());
        entry.due = now.saturating_add(millis(pause));
        let age = Duration::from_millis(now.saturating_sub(id.at));
        match why.may_pass() && age < self.max_age {
            true => State::Waiting,
            false => State::Dead,
        }
    }

    /// Tries to deliver an entry that waits; before it is due only where `early`.
    pub async fn attempt(
        &self,
        host: &impl Ports,
        data_api: &DataApi,
        id: Id,
        early: bool,
    ) -> Result<(Attempted, Option<Entry>), StoreError> {
        let key = State::Waiting.key(id);
        let Some(value) = host.get(&key).await? else {
            return Ok((Attempted::Gone, None));
        };
        let Some(mut entry) = Entry::parse(&value) else {
            // Nobody can deliver it; somebody may be able to read it.
            host.set(&State::Dead.key(id), &value).await?;
            host.delete(&key).await?;
            return Ok((Attempted::Dead, None));
        };
        if !early && milliseconds(host.now()) < entry.due {
            return Ok((Attempted::NotDue, None));
        }
        let tried = data_api.apply(host, &entry.change).await;
        self.heard(host, &tried.result);
        let Some(why) = Why::of(&tried.result) else {
            host.delete(&key).await?;
            let attempted = match tried.result {
                Ok(Outcome::Updated) => Attempted::Updated,
                _ => Attempted::AlreadyFinal,
            };
            return Ok((attempted, Some(entry)));
        };
        let state = self.note(host, id, &mut entry, &why);
        // Another instance may have delivered it meanwhile: then it is not to come back.
        if host.get(&key).await?.is_none() {
            return Ok((Attempted::Gone, None));
        }
        host.set(&state.key(id), &entry.to_json()).await?;
        let attempted = match (state, why) {
            (State::Waiting, Why::NoRow) => Attempted::NoRow,
            (State::Waiting, Why::Failed(_)) => Attempted::Failed,
            (State::Dead, _) => {
                host.delete(&key).await?;
                Attempted::Dead
            }
        };
        Ok((attempted, Some(entry)))
    }
}

/// Since 1970.
fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    millis(since.unwrap_or_default())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
