//! Notifications that were taken, so that one that comes again is known: as long as its source
//! says, by a hash of each of its names.
//!
//! The store forgets nothing by itself, so there is a fixed number of values, each for the names whose
//! hash falls there, and whoever writes one leaves out what is over. None has more than [`MOST`]
//! records: of more, those that were taken first are forgotten first. The store has no
//! compare-and-set either: of two that are written into one value at once the first may be lost.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::delivery::outbox;
use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, StoreError};
use crate::sources::{Id, Receipt, Taken};

/// How many records a value has. One has up to 300 bytes, and each message reads and writes one value
/// or two. 4,096 values are enough for some 100,000 messages in three days with nothing forgotten.
const MOST: usize = 128;

/// What a notification is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    names: Vec<Name>,
    content: Option<String>,
    lifetime: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    by: &'static str,
    hash: String,
    tells: bool,
}

/// What is known of a notification of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// Where the name is found.
    pub by: &'static str,
    /// What was told of that one.
    pub receipt: Receipt,
    /// Whether it said the same.
    pub is_same: bool,
}

/// The deduplication record of one name.
#[derive(Serialize, Deserialize)]
struct Kept {
    mark: String,
    /// In milliseconds since 1970, as the next.
    at: u64,
    until: u64,
    taken: String,
    number: u64,
    /// Hash of what it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    /// Its entry in the outbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
}

impl Mark {
    /// The mark of a source's notification.
    pub fn new(source: &str, id: &Id) -> Self {
        let names = id.names.iter().map(|name| {
            let hash = Sha256::digest(format!("{source} {} {}", name.by, name.text));
            Name {
                by: name.by,
                // Half of it is enough that no two are the same.
                hash: base16ct::lower::encode_string(&hash[..16]),
                tells: name.tells,
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

impl Kept {
    fn receipt(&self) -> Option<Receipt> {
        Some(Receipt {
            at: SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(self.at))?,
            taken: Taken::named(&self.taken)?,
            number: self.number,
            entry: self.entry.as_deref().and_then(outbox::Id::parse),
        })
    }
}

/// What is known of notifications that have a name of this one's.
pub async fn find(host: &(impl KeyValue + Clock), mark: &Mark) -> Result<Vec<Earlier>, StoreError> {
    let mut found = Vec::new();
    for name in mark.names.iter().filter(|name| name.tells) {
        let all = read(host, name).await?;
        found.extend(known(&all, name, mark.content.as_deref()));
    }
    Ok(found)
}

/// Remembers that the notification was taken, under each of its names; gives the receipt that counts,
/// which is an earlier one where there is one.
pub async fn keep(
    host: &(impl KeyValue + Clock),
    mark: &Mark,
    receipt: Receipt,
) -> Result<Receipt, StoreError> {
    let at = unix_time::since_1970(receipt.at);
    let mut counts = None;
    for name in &mark.names {
        let mut all = read(host, name).await?;
        match known(&all, name, mark.content.as_deref()) {
            Some(earlier) if name.tells => {
                counts = counts.or(Some(earlier.receipt).filter(|_| earlier.is_same));
                continue;
            }
            Some(_) => all.retain(|kept| kept.mark != name.hash),
            None => {}
        }
        all.push(Kept {
            mark: name.hash.clone(),
            at,
            until: at.saturating_add(unix_time::of(mark.lifetime)),
            taken: receipt.taken.name().to_owned(),
            number: receipt.number,
            content: mark.content.clone(),
            entry: receipt.entry.map(|entry| entry.to_string()),
        });
        write(host, name, &all).await?;
    }
    Ok(counts.unwrap_or(receipt))
}

/// Takes back what was remembered with this number.
pub async fn forget(
    host: &(impl KeyValue + Clock),
    mark: &Mark,
    number: u64,
) -> Result<(), StoreError> {
    for name in &mark.names {
        let mut all = read(host, name).await?;
        let before = all.len();
        all.retain(|kept| kept.mark != name.hash || kept.number != number);
        if all.len() < before {
            write(host, name, &all).await?;
        }
    }
    Ok(())
}

/// The value that the name is in, as far as it still counts.
async fn read(host: &(impl KeyValue + Clock), name: &Name) -> Result<Vec<Kept>, StoreError> {
    let value = host.get(&name.key()).await?.unwrap_or_default();
    // A value that cannot be read counts for nothing, and is written over.
    let mut all: Vec<Kept> = crate::http::json::parse(&value).unwrap_or_default();
    let now = unix_time::since_1970(host.now());
    all.retain(|kept| kept.until > now);
    Ok(all)
}

/// Writes the last of them: they are in the order in which they were added.
async fn write(host: &impl KeyValue, name: &Name, all: &[Kept]) -> Result<(), StoreError> {
    let last = &all[all.len().saturating_sub(MOST)..];
    // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
    let value = serde_json::to_vec(last).expect("plain structures");
    host.set(&name.key(), &value).await
}

fn known(all: &[Kept], name: &Name, content: Option<&str>) -> Option<Earlier> {
    let kept = all.iter().find(|kept| kept.mark == name.hash)?;
    let differs = |kept: &str| content.is_some_and(|content| content != kept);
    Some(Earlier {
        by: name.by,
        receipt: kept.receipt()?,
        // What was kept without its content was kept before contents were.
        is_same: !kept.content.as_deref().is_some_and(differs),
    })
}

#[cfg(test)]
mod tests;
