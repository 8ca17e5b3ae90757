//! Listing the outbox by its keys, and putting dead letters back.

use std::ops::ControlFlow;
use std::time::Duration;

use super::entry::Entry;
use super::location::{EntryId, EntryState, Location, Scheduled, earlier};
use super::queue::Outbox;
use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, Random, StoreError};

/// How long a call goes on putting dead letters back.
const REQUEUING: Duration = Duration::from_secs(10);

/// So many keys one after the other are not in order by chance.
const SURELY_IN_ORDER: usize = 16;

/// A part of the outbox, newest first.
pub struct Page {
    /// Entries, without the texts of their changes.
    pub entries: Vec<FoundEntry>,
    /// Where the next page goes on.
    pub next: Option<EntryId>,
}

/// An entry that was found.
pub struct FoundEntry {
    /// Where it is.
    pub location: Location,
    /// The entry, where it can be read.
    pub entry: Option<Entry>,
}

/// How much there is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct OutboxStats {
    /// Rows with a change that waits.
    pub waiting: usize,
    /// Rows with a dead letter.
    pub dead: usize,
    /// For how long the oldest change has waited, in seconds.
    pub oldest_seconds: Option<u64>,
}

/// What is due, by a listing of the keys.
#[derive(Debug, Default)]
pub struct Due {
    /// The next entry of each row, the one that is due first coming first.
    pub scheduled: Vec<Scheduled>,
    /// When the earliest of the others is due that were seen.
    pub next: Option<u64>,
}

impl Outbox {
    /// The next entry of each row among those that are due by `until` and `wanted`. At least the first
    /// `enough` entries are looked at, and one more where the store lists its keys in order, as most do;
    /// otherwise all of them.
    pub async fn due(
        &self,
        store: &impl KeyValue,
        until: u64,
        enough: usize,
        wanted: &dyn Fn(EntryId) -> bool,
    ) -> Result<Due, StoreError> {
        let prefix = EntryState::Waiting.prefix();
        let (mut scheduled, mut last, mut in_order) =
            (Vec::<Scheduled>::new(), String::new(), true);
        let (mut listed, mut next) = (0, None);
        let each = |key: &str| {
            listed += 1;
            in_order &= *last <= *key;
            last.clear();
            last.push_str(key);
            let found = key.strip_prefix(prefix).and_then(Scheduled::parse);
            let is_beyond = match &found {
                Some(found) => found.due > until || scheduled.len() >= enough,
                None => key > prefix && !key.starts_with(prefix),
            };
            match found {
                Some(found) if is_beyond && (in_order || found.due > until) => {
                    next = earlier(next, Some(found.due));
                }
                Some(found) if wanted(found.id) => scheduled.push(found),
                _ => {}
            }
            match in_order && listed >= SURELY_IN_ORDER && is_beyond {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        store.keys(each).await?;
        scheduled.sort_unstable_by_key(|found| (found.id.row, found.id.turn()));
        scheduled.dedup_by(|later, first| {
            let of_one_row = later.id.row == first.id.row;
            if of_one_row {
                next = earlier(next, Some(later.due));
            }
            of_one_row
        });
        scheduled.sort_unstable();
        Ok(Due { scheduled, next })
    }

    /// The next entry of each row, oldest first.
    pub async fn all(
        &self,
        store: &impl KeyValue,
        state: EntryState,
    ) -> Result<Vec<Location>, StoreError> {
        let mut found = listed(store, |location| state == location.state()).await?;
        found.sort_unstable_by_key(|location| (location.id().row, location.id().turn()));
        found.dedup_by_key(|location| location.id().row);
        found.sort_unstable_by_key(|location| location.id());
        Ok(found)
    }

    /// At most `limit` entries that came before `before`, newest first.
    pub async fn page(
        &self,
        store: &impl KeyValue,
        state: EntryState,
        before: Option<EntryId>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let mut found = self.all(store, state).await?;
        found.retain(|location| before.is_none_or(|before| location.id() < before));
        let rest = found.split_off(found.len().saturating_sub(limit));
        let next = rest.first().map(|location| location.id());
        let next = next.filter(|_| !found.is_empty());
        let mut entries = Vec::with_capacity(rest.len());
        for location in rest.into_iter().rev() {
            if let Some(value) = store.get(&location.key()).await? {
                let entry = Entry::parse(&value).map(Entry::lightened).ok();
                entries.push(FoundEntry { location, entry });
            }
        }
        Ok(Page { entries, next })
    }

    /// An entry, wherever it is.
    pub async fn find(
        &self,
        store: &impl KeyValue,
        id: EntryId,
    ) -> Result<Option<FoundEntry>, StoreError> {
        for location in self.locations(store, id).await? {
            if let Some(value) = store.get(&location.key()).await? {
                let entry = Entry::parse(&value).ok();
                return Ok(Some(FoundEntry { location, entry }));
            }
        }
        Ok(None)
    }

    /// Where there is an entry of this name: in two places, where an instance was interrupted.
    async fn locations(
        &self,
        store: &impl KeyValue,
        id: EntryId,
    ) -> Result<Vec<Location>, StoreError> {
        listed(store, |location| location.id() == id).await
    }

    /// How much there is, and since when.
    pub async fn stats(&self, host: &(impl KeyValue + Clock)) -> Result<OutboxStats, StoreError> {
        let (mut waiting, mut dead, mut oldest) = (Vec::new(), Vec::new(), None);
        let each = |key: &str| {
            match Location::of_key(key) {
                Some(Location::Waiting(Scheduled { id, .. })) => {
                    waiting.push(id.row);
                    oldest = earlier(oldest, Some(id.at));
                }
                Some(Location::Dead(id)) => dead.push(id.row),
                None => {}
            }
            ControlFlow::Continue(())
        };
        host.keys(each).await?;
        let now = unix_time::millis(host.now());
        Ok(OutboxStats {
            waiting: different(waiting),
            dead: different(dead),
            oldest_seconds: oldest.map(|at| now.saturating_sub(at) / 1000),
        })
    }

    /// Removes an entry, wherever it is; says whether it was there.
    pub async fn remove(&self, store: &impl KeyValue, id: EntryId) -> Result<bool, StoreError> {
        let locations = self.locations(store, id).await?;
        for location in &locations {
            store.delete(&location.key()).await?;
        }
        Ok(!locations.is_empty())
    }

    /// Puts a dead letter back, due at once, and says where. It has a new name then: under its old
    /// one, whoever was still at work on it would remove it as what has become a dead letter, at the
    /// very time at which the dead letter is removed here.
    pub async fn requeue(
        &self,
        host: &(impl KeyValue + Clock + Random),
        id: EntryId,
    ) -> Result<Option<Scheduled>, StoreError> {
        let dead = Location::Dead(id).key();
        let Some(value) = host.get(&dead).await? else {
            return Ok(None);
        };
        let Ok(mut entry) = Entry::parse(&value) else {
            return Ok(None);
        };
        let now = unix_time::millis(host.now());
        (entry.since, entry.tries) = (now, 0);
        let id = id.renamed(host.random());
        let scheduled = Scheduled { due: now, id };
        let key = Location::Waiting(scheduled).key();
        host.set(&key, &entry.to_json()).await?;
        // Before the dead letter goes: where this fails the operator may ask again.
        self.announce(host, now).await?;
        host.delete(&dead).await?;
        Ok(Some(scheduled))
    }

    /// Puts dead letters back, all of them if the time suffices; gives where they wait, and how many
    /// are left.
    pub async fn requeue_all(
        &self,
        host: &(impl KeyValue + Clock + Random),
    ) -> Result<(Vec<Scheduled>, usize), StoreError> {
        let until = host.monotonic() + REQUEUING;
        let is_dead = |location: Location| location.state() == EntryState::Dead;
        let mut dead = listed(host, is_dead).await?;
        dead.sort_unstable_by_key(|location| location.id());
        let (mut requeued, mut tried) = (Vec::new(), 0);
        for location in &dead {
            if host.monotonic() >= until {
                break;
            }
            requeued.extend(self.requeue(host, location.id()).await?);
            tried += 1;
        }
        Ok((requeued, dead.len() - tried))
    }
}

/// Where the entries are that are wanted, in the order of the store.
async fn listed(
    store: &impl KeyValue,
    wanted: impl Fn(Location) -> bool,
) -> Result<Vec<Location>, StoreError> {
    let mut found = Vec::new();
    let each = |key: &str| {
        found.extend(Location::of_key(key).filter(|location| wanted(*location)));
        ControlFlow::Continue(())
    };
    store.keys(each).await?;
    Ok(found)
}

fn different(mut rows: Vec<u128>) -> usize {
    rows.sort_unstable();
    rows.dedup();
    rows.len()
}
