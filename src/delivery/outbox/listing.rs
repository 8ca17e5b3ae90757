//! Looking through the outbox, by its keys: one entry a row, whatever its length.

use std::ops::ControlFlow;

use super::{Entry, Id, Outbox, State, milliseconds};
use crate::ports::{Clock, KeyValue, Random, StoreError};

/// A part of the outbox, newest first.
pub struct Page {
    /// Entries, and their names.
    pub entries: Vec<(Id, Option<Entry>)>,
    /// Where the next page goes on.
    pub next: Option<Id>,
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

impl Outbox {
    /// The next entry of each row, oldest first.
    pub async fn next_of_rows(
        &self,
        store: &impl KeyValue,
        state: State,
    ) -> Result<Vec<Id>, StoreError> {
        Ok(self.oldest(store, state, usize::MAX).await?.0)
    }

    /// The same of at least the `enough` oldest entries, and whether these are all. Most stores
    /// show their keys in order: then it is not looked any further.
    pub async fn oldest(
        &self,
        store: &impl KeyValue,
        state: State,
        enough: usize,
    ) -> Result<(Vec<Id>, bool), StoreError> {
        let (mut ids, mut in_order, mut all) = (Vec::<Id>::new(), true, true);
        let each = |key: &str| {
            let Some(id) = key.strip_prefix(state.prefix()).and_then(Id::parse) else {
                return ControlFlow::Continue(());
            };
            if in_order && ids.len() >= enough {
                all = false;
                return ControlFlow::Break(());
            }
            in_order &= ids.last().is_none_or(|last| *last <= id);
            ids.push(id);
            ControlFlow::Continue(())
        };
        store.keys(each).await?;
        ids.sort_unstable_by_key(|id| (id.row, id.turn()));
        ids.dedup_by_key(|id| id.row);
        ids.sort_unstable();
        Ok((ids, all))
    }

    /// At most `limit` entries that came before `before`, newest first.
    pub async fn page(
        &self,
        store: &impl KeyValue,
        state: State,
        before: Option<Id>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let mut ids = self.next_of_rows(store, state).await?;
        ids.retain(|id| before.is_none_or(|before| *id < before));
        let rest = ids.split_off(ids.len().saturating_sub(limit));
        let next = rest.first().copied().filter(|_| !ids.is_empty());
        let mut entries = Vec::with_capacity(rest.len());
        for id in rest.into_iter().rev() {
            if let Some(value) = store.get(&state.key(id)).await? {
                entries.push((id, Entry::parse(&value)));
            }
        }
        Ok(Page { entries, next })
    }

    /// An entry and where it is.
    pub async fn find(
        &self,
        store: &impl KeyValue,
        id: Id,
    ) -> Result<Option<(State, Option<Entry>)>, StoreError> {
        for state in [State::Waiting, State::Dead] {
            if let Some(value) = store.get(&state.key(id)).await? {
                return Ok(Some((state, Entry::parse(&value))));
            }
        }
        Ok(None)
    }

    /// How much there is, and since when.
    pub async fn stats(&self, host: &(impl KeyValue + Clock)) -> Result<Stats, StoreError> {
        let (mut waiting, mut dead, mut oldest) = (Vec::new(), Vec::new(), None::<u64>);
        let each = |key: &str| {
            let id_in = |state: State| key.strip_prefix(state.prefix()).and_then(Id::parse);
            if let Some(id) = id_in(State::Waiting) {
                waiting.push(id.row);
                oldest = Some(oldest.map_or(id.at, |oldest| oldest.min(id.at)));
            }
            dead.extend(id_in(State::Dead).map(|id| id.row));
            ControlFlow::Continue(())
        };
        host.keys(each).await?;
        let now = milliseconds(host.now());
        Ok(Stats {
            waiting: different(waiting),
            dead: different(dead),
            oldest_seconds: oldest.map(|at| now.saturating_sub(at) / 1000),
        })
    }

    /// Removes an entry, wherever it is, with all others of its row; says whether it was there.
    pub async fn remove(&self, store: &impl KeyValue, id: Id) -> Result<bool, StoreError> {
        let Some((state, _)) = self.find(store, id).await? else {
            return Ok(false);
        };
        let mut of_row = Vec::new();
        let each = |key: &str| {
            let id_of = key.strip_prefix(state.prefix()).and_then(Id::parse);
            of_row.extend(id_of.filter(|other| other.row == id.row));
            ControlFlow::Continue(())
        };
        store.keys(each).await?;
        for id in of_row {
            store.delete(&state.key(id)).await?;
        }
        Ok(true)
    }

    /// Puts a dead letter back, due at once, and gives its new name. Under its old one, whoever was
    /// still at work on it would remove it as what has become a dead letter, at the very moment in
    /// which the dead letter is removed here.
    pub async fn requeue(
        &self,
        host: &(impl KeyValue + Clock + Random),
        id: Id,
    ) -> Result<Option<Id>, StoreError> {
        let Some(value) = host.get(&State::Dead.key(id)).await? else {
            return Ok(None);
        };
        let Some(mut entry) = Entry::parse(&value) else {
            return Ok(None);
        };
        entry.due = milliseconds(host.now());
        let renamed = id.renamed(host.random());
        let waiting = State::Waiting.key(renamed);
        host.set(&waiting, &entry.to_json()).await?;
        host.delete(&State::Dead.key(id)).await?;
        Ok(Some(renamed))
    }
}

fn different(mut rows: Vec<u128>) -> usize {
    rows.sort_unstable();
    rows.dedup();
    rows.len()
}
