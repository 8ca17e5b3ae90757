//! Looking through the outbox, by its keys.

use std::ops::ControlFlow;
use std::time::Duration;

use super::rounds::earlier;
use super::{Entry, Id, Outbox, Place, State, key, marker};
use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, Random, StoreError};

/// How long a call goes on putting dead letters back.
const REQUEUING: Duration = Duration::from_secs(10);

/// So many keys one after the other are not in order by chance.
const SURELY_IN_ORDER: usize = 16;

/// A part of the outbox, newest first.
pub struct Page {
    /// Entries without what they carry, their names, and where they wait.
    pub entries: Vec<(Id, Option<Place>, Option<Entry>)>,
    /// Where the next page goes on.
    pub next: Option<Id>,
}

/// An entry that was found.
pub struct Found {
    /// Where it waits; `None`: it is a dead letter.
    pub place: Option<Place>,
    /// What is in it, where that can be read.
    pub entry: Option<Entry>,
}

/// How much there is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Rows with a change that waits.
    pub waiting: usize,
    /// Rows with a dead letter.
    pub dead: usize,
    /// For how long the oldest change has waited, in seconds.
    pub oldest_seconds: Option<u64>,
}

/// What is due, as a listing has shown.
#[derive(Debug, Default)]
pub struct Due {
    /// The next entry of each row, the one that is due first coming first.
    pub places: Vec<Place>,
    /// When the earliest of the others is due that were seen.
    pub next: Option<u64>,
}

impl Outbox {
    /// The next entry of each row among those that are due by `until` and `wanted`. At least the first
    /// `enough` entries are looked at, and one more where the store shows its keys in order, as most do;
    /// otherwise all of them.
    pub async fn due(
        &self,
        store: &impl KeyValue,
        until: u64,
        enough: usize,
        wanted: impl Fn(Id) -> bool,
    ) -> Result<Due, StoreError> {
        let prefix = State::Waiting.prefix();
        let (mut places, mut last, mut in_order) = (Vec::<Place>::new(), String::new(), true);
        let (mut shown, mut next) = (0, None);
        let each = |key: &str| {
            shown += 1;
            in_order &= *last <= *key;
            last.clear();
            last.push_str(key);
            let place = key.strip_prefix(prefix).and_then(Place::parse);
            let is_beyond = match &place {
                Some(place) => place.due > until || places.len() >= enough,
                None => key > prefix && !key.starts_with(prefix),
            };
            match place {
                Some(place) if is_beyond && (in_order || place.due > until) => {
                    next = earlier(next, Some(place.due));
                }
                Some(place) if wanted(place.id) => places.push(place),
                _ => {}
            }
            match in_order && shown >= SURELY_IN_ORDER && is_beyond {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        store.keys(each).await?;
        places.sort_unstable_by_key(|place| (place.id.row, place.id.turn()));
        places.dedup_by(|later, first| {
            let of_one_row = later.id.row == first.id.row;
            if of_one_row {
                next = earlier(next, Some(later.due));
            }
            of_one_row
        });
        places.sort_unstable();
        Ok(Due { places, next })
    }

    /// The next entry of each row, oldest first.
    pub async fn all(
        &self,
        store: &impl KeyValue,
        state: State,
    ) -> Result<Vec<(Id, Option<Place>)>, StoreError> {
        let mut found = listed(store, |_, place| state == state_of(place)).await?;
        found.sort_unstable_by_key(|(id, _)| (id.row, id.turn()));
        found.dedup_by_key(|(id, _)| id.row);
        found.sort_unstable();
        Ok(found)
    }

    /// At most `limit` entries that came before `before`, newest first.
    pub async fn page(
        &self,
        store: &impl KeyValue,
        state: State,
        before: Option<Id>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let mut found = self.all(store, state).await?;
        found.retain(|(id, _)| before.is_none_or(|before| *id < before));
        let rest = found.split_off(found.len().saturating_sub(limit));
        let next = rest.first().map(|(id, _)| *id);
        let next = next.filter(|_| !found.is_empty());
        let mut entries = Vec::with_capacity(rest.len());
        for (id, place) in rest.into_iter().rev() {
            if let Some(value) = store.get(&key(id, place)).await? {
                entries.push((id, place, Entry::parse(&value).map(Entry::lightened)));
            }
        }
        Ok(Page { entries, next })
    }

    /// An entry, wherever it is.
    pub async fn find(&self, store: &impl KeyValue, id: Id) -> Result<Option<Found>, StoreError> {
        for place in self.places(store, id).await? {
            if let Some(value) = store.get(&key(id, place)).await? {
                let entry = Entry::parse(&value);
                return Ok(Some(Found { place, entry }));
            }
        }
        Ok(None)
    }

    /// Where there is an entry of this name: in two places, where an instance was interrupted.
    async fn places(
        &self,
        store: &impl KeyValue,
        id: Id,
    ) -> Result<Vec<Option<Place>>, StoreError> {
        let found = listed(store, |found, _| found == id).await?;
        Ok(found.into_iter().map(|(_, place)| place).collect())
    }

    /// How much there is, and since when.
    pub async fn stats(&self, host: &(impl KeyValue + Clock)) -> Result<Stats, StoreError> {
        let (mut waiting, mut dead, mut oldest) = (Vec::new(), Vec::new(), None::<u64>);
        let each = |key: &str| {
            match entry_in(key) {
                Some((id, Some(_))) => {
                    waiting.push(id.row);
                    oldest = Some(oldest.map_or(id.at, |oldest| oldest.min(id.at)));
                }
                Some((id, None)) => dead.push(id.row),
                None => {}
            }
            ControlFlow::Continue(())
        };
        host.keys(each).await?;
        let now = unix_time::since_1970(host.now());
        Ok(Stats {
            waiting: different(waiting),
            dead: different(dead),
            oldest_seconds: oldest.map(|at| now.saturating_sub(at) / 1000),
        })
    }

    /// Removes an entry, wherever it is; says whether it was there.
    pub async fn remove(&self, store: &impl KeyValue, id: Id) -> Result<bool, StoreError> {
        let places = self.places(store, id).await?;
        for place in &places {
            store.delete(&key(id, *place)).await?;
        }
        Ok(!places.is_empty())
    }

    /// Puts a dead letter back, due at once, and says where. It has a new name then: under its old
    /// one, whoever was still at work on it would remove it as what has become a dead letter, at the
    /// very moment in which the dead letter is removed here.
    pub async fn requeue(
        &self,
        host: &(impl KeyValue + Clock + Random),
        id: Id,
    ) -> Result<Option<Place>, StoreError> {
        let dead = key(id, None);
        let Some(value) = host.get(&dead).await? else {
            return Ok(None);
        };
        let Some(mut entry) = Entry::parse(&value) else {
            return Ok(None);
        };
        let now = unix_time::since_1970(host.now());
        (entry.since, entry.tries) = (now, 0);
        let id = id.renamed(host.random());
        let place = Place { due: now, id };
        host.set(&key(id, Some(place)), &entry.to_json()).await?;
        // Before the dead letter goes: where this fails the operator may ask again.
        marker::announce(host, now).await?;
        host.delete(&dead).await?;
        Ok(Some(place))
    }

    /// Puts dead letters back, all of them if the time suffices; gives their places, and how many
    /// are left.
    pub async fn requeue_all(
        &self,
        host: &(impl KeyValue + Clock + Random),
    ) -> Result<(Vec<Place>, usize), StoreError> {
        let until = host.monotonic() + REQUEUING;
        let mut dead = listed(host, |_, place| place.is_none()).await?;
        dead.sort_unstable();
        let (mut back, mut seen) = (Vec::new(), 0);
        for (id, _) in &dead {
            if host.monotonic() >= until {
                break;
            }
            back.extend(self.requeue(host, *id).await?);
            seen += 1;
        }
        Ok((back, dead.len() - seen))
    }
}

/// The entries that are wanted, and where they wait, in the order of the store.
async fn listed(
    store: &impl KeyValue,
    wanted: impl Fn(Id, Option<Place>) -> bool,
) -> Result<Vec<(Id, Option<Place>)>, StoreError> {
    let mut found = Vec::new();
    let each = |key: &str| {
        found.extend(entry_in(key).filter(|(id, place)| wanted(*id, *place)));
        ControlFlow::Continue(())
    };
    store.keys(each).await?;
    Ok(found)
}

/// The entry that a key is of, and where it waits unless it is a dead letter.
pub(super) fn entry_in(key: &str) -> Option<(Id, Option<Place>)> {
    if let Some(place) = key.strip_prefix(State::Waiting.prefix()) {
        let place = Place::parse(place)?;
        return Some((place.id, Some(place)));
    }
    let id = Id::parse(key.strip_prefix(State::Dead.prefix())?)?;
    Some((id, None))
}

fn state_of(place: Option<Place>) -> State {
    match place {
        Some(_) => State::Waiting,
        None => State::Dead,
    }
}

fn different(mut rows: Vec<u128>) -> usize {
    rows.sort_unstable();
    rows.dedup();
    rows.len()
}
