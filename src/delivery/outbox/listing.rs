//! Listing the outbox by its keys.

use std::ops::ControlFlow;
use std::time::Duration;

use super::cause::Cause;
use super::entry::Entry;
use super::key_order::KeyOrder;
use super::location::{EntryId, EntryState, Location, Scheduled, earlier};
use super::queue::Outbox;
use crate::ports::{Clock, KeyValue, StoreError};

/// How many entries a page reads at most where their keys do not say whether they are wanted, and for how
/// long. The next page goes on.
const READ_AT_MOST: usize = 1000;
const READING: Duration = Duration::from_secs(3);

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

/// Which entries are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this source.
    pub source: Option<String>,
    /// For this cause.
    pub cause: Option<Cause>,
    /// For rows whose key begins like this, in upper or lower case.
    pub key: Option<String>,
}

impl Filter {
    /// Whether an entry may be wanted, by its key in the store.
    pub(super) fn may_want(&self, location: Location) -> bool {
        let is_of = |source: &String| location.may_be_of(source);
        self.source.as_ref().is_none_or(is_of)
            && self.cause.is_none_or(|cause| cause == location.cause())
    }

    /// Whether it is, by its value. One that cannot be read has no source and no row.
    pub(super) fn wants(&self, entry: Option<&Entry>) -> bool {
        let source = entry.map(|entry| entry.source.as_str());
        let key = entry.map(|entry| entry.change.key.as_bytes());
        let is_of_row = |wanted: &String| {
            let beginning = key.and_then(|key| key.get(..wanted.len()));
            beginning.is_some_and(|it| it.eq_ignore_ascii_case(wanted.as_bytes()))
        };
        self.source
            .as_deref()
            .is_none_or(|wanted| source == Some(wanted))
            && self.key.as_ref().is_none_or(is_of_row)
    }
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
        wanted: impl Fn(EntryId) -> bool,
    ) -> Result<Due, StoreError> {
        let prefix = EntryState::Waiting.prefix();
        let (mut scheduled, mut order, mut next) =
            (Vec::<Scheduled>::new(), KeyOrder::default(), None);
        let each = |key: &str| {
            order.note(key);
            let found = key.strip_prefix(prefix).and_then(Scheduled::parse);
            let is_beyond = match &found {
                Some(found) => found.due > until || scheduled.len() >= enough,
                None => key > prefix && !key.starts_with(prefix),
            };
            match found {
                Some(found) if is_beyond && (order.is_in_order() || found.due > until) => {
                    next = earlier(next, Some(found.due));
                }
                Some(found) if wanted(found.id) => scheduled.push(found),
                _ => {}
            }
            match order.is_sure() && is_beyond {
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

    /// At most `limit` entries that are wanted and came before `before`, newest first. There may be more,
    /// where `next` says so, even if these are fewer.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn page(
        &self,
        host: &(impl KeyValue + Clock),
        state: EntryState,
        filter: &Filter,
        before: Option<EntryId>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let mut left = self.all(host, state).await?;
        left.retain(|location| {
            before.is_none_or(|before| location.id() < before) && filter.may_want(*location)
        });
        let until = host.monotonic() + READING;
        let (mut entries, mut read, mut next) = (Vec::new(), 0, None);
        while let Some(location) = left.pop() {
            read += 1;
            if let Some(value) = host.get(&location.key()).await? {
                let entry = Entry::parse(&value).map(Entry::lightened).ok();
                if filter.wants(entry.as_ref()) {
                    entries.push(FoundEntry { location, entry });
                }
            }
            next = Some(location.id()).filter(|_| !left.is_empty());
            if entries.len() >= limit || read >= READ_AT_MOST || host.monotonic() >= until {
                break;
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
    pub(super) async fn locations(
        &self,
        store: &impl KeyValue,
        id: EntryId,
    ) -> Result<Vec<Location>, StoreError> {
        listed(store, |location| location.id() == id).await
    }

    /// Removes an entry, wherever it is; says whether it was there.
    pub async fn remove(&self, store: &impl KeyValue, id: EntryId) -> Result<bool, StoreError> {
        let locations = self.locations(store, id).await?;
        for location in &locations {
            store.delete(&location.key()).await?;
        }
        Ok(!locations.is_empty())
    }
}

/// Where the entries are that are wanted, in the order of the store.
pub(super) async fn listed(
    store: &impl KeyValue,
    wanted: impl Fn(Location) -> bool,
) -> Result<Vec<Location>, StoreError> {
    let (mut found, mut order) = (Vec::new(), KeyOrder::default());
    let each = |key: &str| {
        found.extend(Location::of_key(key).filter(|location| wanted(*location)));
        order.is_end_of_outbox(key)
    };
    store.keys(each).await?;
    Ok(found)
}
