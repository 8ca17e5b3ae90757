//! What the outbox has for one row.

use super::entry::Entry;
use super::listing::{FoundEntry, listed};
use super::location::EntryId;
use super::queue::Outbox;
use crate::delivery::Entity;
use crate::ports::{KeyValue, StoreError};

/// How many entries are read: a row has one or two, unless somebody sends it states that are not final.
const MOST: usize = 20;

impl Outbox {
    /// The entries of one row, dead letters too, in the order of delivery and without the texts of their
    /// changes. One listing, and a `get` for each.
    pub async fn of_row(
        &self,
        store: &impl KeyValue,
        entity: &Entity,
        key: &str,
    ) -> Result<Vec<FoundEntry>, StoreError> {
        let row = EntryId::row_of(entity, key);
        let mut locations = listed(store, |location| location.id().row == row).await?;
        locations.sort_unstable_by_key(|location| location.id().turn());
        locations.truncate(MOST);
        let mut entries = Vec::with_capacity(locations.len());
        for location in locations {
            if let Some(value) = store.get(&location.key()).await? {
                let entry = Entry::parse(&value).map(Entry::lightened).ok();
                entries.push(FoundEntry { location, entry });
            }
        }
        Ok(entries)
    }
}
