//! Deduplication records: which notifications were accepted, so that the same one is answered alike. Each
//! is found by a hash of an id that the notification came under, for as long as its source says.
//!
//! The store forgets nothing by itself, so there is a fixed number of values, each for the ids whose hash
//! falls there, and whoever writes one leaves out what has expired. None has more than [`MOST`] records;
//! of more the oldest go. The store has no compare-and-set either: of two records that are written into
//! one value at once the first may be lost.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::unix_time;
use crate::http::{Disposition, json};
use crate::ports::{Clock, KeyValue, StoreError};

/// How many records a value has. One has up to 300 bytes, and each message reads and writes one value
/// or two. 4,096 values are enough for some 100,000 messages in three days with nothing forgotten.
const MOST: usize = 128;

/// What identifies a notification apart from all others of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationId {
    /// Each name that it is known by.
    pub names: Vec<IdName>,
    /// The name that its sender gets back.
    pub echoed: String,
    /// A hash of its content: other content under one of its names is another notification. `None`:
    /// whatever the content, there is one of that name.
    pub content: Option<String>,
    /// For how long it is remembered.
    pub lifetime: Duration,
}

/// One of a notification's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdName {
    /// The field or header that has it.
    pub field: &'static str,
    /// Its value.
    pub text: String,
    /// Whether the notification is the same as an earlier one of this name. Otherwise it is only
    /// remembered by it.
    pub identifies: bool,
}

/// That a notification was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// When it came, to the millisecond.
    pub at: SystemTime,
    /// What became of its change.
    pub disposition: Disposition,
    /// Tells receipts for the same notification apart.
    pub number: u64,
    /// The name of the change's entry in the outbox, where it had to wait.
    pub entry: Option<String>,
}

/// A notification's names as hashes, and the hash of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    names: Vec<Name>,
    content: Option<String>,
    lifetime: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    field: &'static str,
    hash: String,
    identifies: bool,
}

/// An earlier notification of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// The field or header that has the name.
    pub field: &'static str,
    /// How that one was acknowledged.
    pub receipt: Receipt,
    /// Whether its content was the same.
    pub is_same: bool,
}

/// The record of one name. Its fields are called in the store as they ever were.
#[derive(Serialize, Deserialize)]
struct DedupRecord {
    #[serde(rename = "mark")]
    hash: String,
    /// In milliseconds since 1970, as the next.
    at: u64,
    until: u64,
    #[serde(rename = "taken")]
    disposition: String,
    number: u64,
    /// Hash of the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    /// The change's entry in the outbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
}

impl IdempotencyKey {
    /// The key of a source's notification.
    pub fn new(source: &str, id: &NotificationId) -> Self {
        let names = id.names.iter().map(|name| {
            let hash = Sha256::digest(format!("{source} {} {}", name.field, name.text));
            Name {
                field: name.field,
                // Half of it is enough that no two are the same.
                hash: base16ct::lower::encode_string(&hash[..16]),
                identifies: name.identifies,
            }
        });
        Self {
            names: names.collect(),
            content: id.content.clone(),
            lifetime: id.lifetime,
        }
    }

    /// The notification's names, as hashes.
    pub fn hashes(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| name.hash.as_str())
    }
}

impl Name {
    /// The value it is in: one of 4,096.
    fn key(&self) -> String {
        format!("seen/{}", &self.hash[..3])
    }
}

impl DedupRecord {
    fn new(name: &Name, key: &IdempotencyKey, receipt: &Receipt) -> Self {
        let at = unix_time::millis(receipt.at);
        Self {
            hash: name.hash.clone(),
            at,
            until: at.saturating_add(unix_time::millis_in(key.lifetime)),
            disposition: receipt.disposition.name().to_owned(),
            number: receipt.number,
            content: key.content.clone(),
            entry: receipt.entry.clone(),
        }
    }

    fn receipt(&self) -> Option<Receipt> {
        Some(Receipt {
            at: SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(self.at))?,
            disposition: Disposition::named(&self.disposition)?,
            number: self.number,
            entry: self.entry.clone(),
        })
    }
}

/// The earlier notifications that have a name of this one's.
pub async fn find(
    host: &(impl KeyValue + Clock),
    key: &IdempotencyKey,
) -> Result<Vec<Earlier>, StoreError> {
    let mut found = Vec::new();
    for name in key.names.iter().filter(|name| name.identifies) {
        let all = read(host, name).await?;
        found.extend(known(&all, name, key.content.as_deref()));
    }
    Ok(found)
}

/// Stores that the notification was accepted, under each of its names; gives the receipt that counts,
/// which is an earlier one where there is one.
pub async fn remember(
    host: &(impl KeyValue + Clock),
    key: &IdempotencyKey,
    receipt: &Receipt,
) -> Result<Receipt, StoreError> {
    let mut first = None;
    for name in &key.names {
        let mut all = read(host, name).await?;
        match known(&all, name, key.content.as_deref()) {
            Some(earlier) if name.identifies => {
                first = first.or(Some(earlier.receipt).filter(|_| earlier.is_same));
                continue;
            }
            Some(_) => all.retain(|record| record.hash != name.hash),
            None => {}
        }
        all.push(DedupRecord::new(name, key, receipt));
        write(host, name, &all).await?;
    }
    Ok(first.unwrap_or_else(|| receipt.clone()))
}

/// Removes what was stored with this number.
pub async fn forget(
    host: &(impl KeyValue + Clock),
    key: &IdempotencyKey,
    number: u64,
) -> Result<(), StoreError> {
    for name in &key.names {
        let mut all = read(host, name).await?;
        let before = all.len();
        all.retain(|record| record.hash != name.hash || record.number != number);
        if all.len() < before {
            write(host, name, &all).await?;
        }
    }
    Ok(())
}

/// The value that the name is in, without what has expired.
async fn read(host: &(impl KeyValue + Clock), name: &Name) -> Result<Vec<DedupRecord>, StoreError> {
    let value = host.get(&name.key()).await?.unwrap_or_default();
    // A value that cannot be read counts for nothing, and is written over.
    let mut all: Vec<DedupRecord> = json::parse(&value).unwrap_or_default();
    let now = unix_time::millis(host.now());
    all.retain(|record| record.until > now);
    Ok(all)
}

/// Writes the last of them: they are in the order in which they were added.
async fn write(host: &impl KeyValue, name: &Name, all: &[DedupRecord]) -> Result<(), StoreError> {
    let last = &all[all.len().saturating_sub(MOST)..];
    // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
    let value = serde_json::to_vec(last).expect("plain structures");
    host.set(&name.key(), &value).await
}

fn known(all: &[DedupRecord], name: &Name, content: Option<&str>) -> Option<Earlier> {
    let record = all.iter().find(|record| record.hash == name.hash)?;
    let differs = |stored: &str| content.is_some_and(|content| content != stored);
    Some(Earlier {
        field: name.field,
        receipt: record.receipt()?,
        // A record without a content is from before contents were stored.
        is_same: !record.content.as_deref().is_some_and(differs),
    })
}

#[cfg(test)]
mod tests;
