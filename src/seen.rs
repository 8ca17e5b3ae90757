//! Notifications that were taken, so that one that comes again is known: as long as its source
//! says, by a hash of what tells it apart.
//!
//! The store forgets nothing by itself, so there is a fixed number of values, each for the
//! notifications whose hash falls there, and whoever writes one leaves out what is over. It has no
//! compare-and-set either: of two that are written into one value at once the first may be lost.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::ports::{Clock, KeyValue, StoreError};
use crate::sources::{Id, Receipt, Taken};

/// What a notification is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    hash: String,
    lifetime: Duration,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    mark: String,
    /// In milliseconds since 1970, as the next.
    at: u64,
    until: u64,
    taken: String,
    number: u64,
}

impl Mark {
    /// The mark of a source's notification.
    pub fn new(source: &str, id: &Id) -> Self {
        let Id { by, text, lifetime } = id;
        let hash = Sha256::digest(format!("{source} {by} {text}"));
        Self {
            // Half of it is enough that no two are the same.
            hash: base16ct::lower::encode_string(&hash[..16]),
            lifetime: *lifetime,
        }
    }

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
        })
    }
}

/// What is known of the notification.
pub async fn find(
    host: &(impl KeyValue + Clock),
    mark: &Mark,
) -> Result<Option<Receipt>, StoreError> {
    let kept = read(host, mark).await?;
    Ok(known(&kept, mark))
}

/// Remembers that the notification was taken; gives the receipt that counts, which is an earlier one
/// where there is one.
pub async fn keep(
    host: &(impl KeyValue + Clock),
    mark: &Mark,
    receipt: Receipt,
) -> Result<Receipt, StoreError> {
    let mut all = read(host, mark).await?;
    if let Some(earlier) = known(&all, mark) {
        return Ok(earlier);
    }
    let at = milliseconds(receipt.at);
    let lifetime = u64::try_from(mark.lifetime.as_millis()).unwrap_or(u64::MAX);
    all.push(Kept {
        mark: mark.hash.clone(),
        at,
        until: at.saturating_add(lifetime),
        taken: receipt.taken.name().to_owned(),
        number: receipt.number,
    });
    // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
    let value = serde_json::to_vec(&all).expect("plain structures");
    host.set(&mark.key(), &value).await?;
    Ok(receipt)
}

/// The value that the mark is in, as far as it still counts.
async fn read(host: &(impl KeyValue + Clock), mark: &Mark) -> Result<Vec<Kept>, StoreError> {
    let value = host.get(&mark.key()).await?.unwrap_or_default();
    // A value that cannot be read counts for nothing, and is written over.
    let mut all: Vec<Kept> = serde_json::from_slice(&value).unwrap_or_default();
    let now = milliseconds(host.now());
    all.retain(|kept| kept.until > now);
    Ok(all)
}

fn known(all: &[Kept], mark: &Mark) -> Option<Receipt> {
    let kept = all.iter().find(|kept| kept.mark == mark.hash)?;
    kept.receipt()
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
