//! One of the values that records are kept in.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::record::RefusalRecord;
use crate::http::json;
use crate::ports::{KeyValue, StoreError};

/// How many values there are, and how many records each holds: 256 in all.
pub const SLOTS: u8 = 16;
const RECORDS: usize = 16;

/// How many of them are one client's, unless a valid credential came with them.
const OF_ONE_CLIENT: usize = 6;

/// How often a value is written: seldom for what strangers cause, and sooner for what somebody is likely to
/// look for.
const EVERY: Duration = Duration::from_secs(4);
const SOONER: Duration = Duration::from_secs(1);

/// A value of the store.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Slot {
    /// When it was written, in milliseconds since 1970.
    written: u64,
    records: Vec<RefusalRecord>,
}

/// Where a client's records are.
pub fn slot_of(client: &str) -> u8 {
    Sha256::digest(client)[0] % SLOTS
}

fn key(slot: u8) -> String {
    format!("0-refusals/{slot:x}")
}

/// All records, in no order.
pub async fn read_all(store: &impl KeyValue) -> Result<Vec<RefusalRecord>, StoreError> {
    let mut all = Vec::new();
    for slot in 0..SLOTS {
        all.extend(Slot::read(store, slot).await?.records);
    }
    Ok(all)
}

impl Slot {
    /// Reads a value; one that is missing or damaged holds nothing.
    pub async fn read(store: &impl KeyValue, slot: u8) -> Result<Self, StoreError> {
        let value = store.get(&key(slot)).await?;
        let slot = value.and_then(|value| json::parse(&value).ok());
        Ok(slot.unwrap_or_default())
    }

    /// How long until it may be written, to all instances together. A time ahead was never true.
    pub fn wait(&self, now: u64, is_important: bool) -> Duration {
        let every = if is_important { SOONER } else { EVERY };
        match now.checked_sub(self.written) {
            Some(age) => every.saturating_sub(Duration::from_millis(age)),
            None => Duration::ZERO,
        }
    }

    /// Writes it with these records more.
    pub async fn write(
        mut self,
        store: &impl KeyValue,
        slot: u8,
        records: Vec<RefusalRecord>,
        now: u64,
    ) -> Result<(), StoreError> {
        for record in records {
            add(&mut self.records, record, RECORDS, now);
        }
        self.written = now;
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        let value = serde_json::to_vec(&self).expect("plain structures");
        store.set(&key(slot), &value).await
    }
}

/// Adds a record to at most so many: to the equal one, or in place of the one that is worth least, the client's
/// own first where it has many.
pub fn add(records: &mut Vec<RefusalRecord>, record: RefusalRecord, most: usize, now: u64) {
    if let Some(known) = records.iter_mut().find(|known| known.is_equal(&record)) {
        return known.add(record);
    }
    let client = record.client.clone();
    records.push(record);
    let is_own = |record: &RefusalRecord| !record.verified && record.client == client;
    if records.iter().filter(|record| is_own(record)).count() > OF_ONE_CLIENT {
        remove_least(records, now, is_own);
    }
    if records.len() > most {
        remove_least(records, now, |_| true);
    }
}

fn remove_least(
    records: &mut Vec<RefusalRecord>,
    now: u64,
    among: impl Fn(&RefusalRecord) -> bool,
) {
    let all = records.iter().enumerate();
    let least = all
        .filter(|(_, record)| among(record))
        .min_by_key(|(_, record)| record.worth(now));
    if let Some((at, _)) = least {
        records.remove(at);
    }
}
