//! Notifications that were taken, so that one that comes again is known: as long as its source
//! says, by a hash of what tells it apart.
//!
//! The store forgets nothing by itself, so there is a fixed number of values, each for the
//! notifications whose hash falls there, and whoever writes one leaves out what is over. It has no
//! compare-and-set either: of two that are written into one value at once the first may be lost.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::milliseconds;
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

    /// The notification, as a hash.
    pub fn hash(&self) -> &str {
        &self.hash
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
    let at = milliseconds::since_1970(receipt.at);
    all.push(Kept {
        mark: mark.hash.clone(),
        at,
        until: at.saturating_add(milliseconds::of(mark.lifetime)),
        taken: receipt.taken.name().to_owned(),
        number: receipt.number,
    });
    write(host, mark, &all).await?;
    Ok(receipt)
}

/// Takes back what was remembered with this number.
pub async fn forget(
    host: &(impl KeyValue + Clock),
    mark: &Mark,
    number: u64,
) -> Result<(), StoreError> {
    let mut all = read(host, mark).await?;
    all.retain(|kept| kept.mark != mark.hash || kept.number != number);
    write(host, mark, &all).await
}

/// The value that the mark is in, as far as it still counts.
async fn read(host: &(impl KeyValue + Clock), mark: &Mark) -> Result<Vec<Kept>, StoreError> {
    let value = host.get(&mark.key()).await?.unwrap_or_default();
    // A value that cannot be read counts for nothing, and is written over.
    let mut all: Vec<Kept> = crate::json::parse(&value).unwrap_or_default();
    let now = milliseconds::since_1970(host.now());
    all.retain(|kept| kept.until > now);
    Ok(all)
}

async fn write(host: &impl KeyValue, mark: &Mark, all: &[Kept]) -> Result<(), StoreError> {
    // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
    let value = serde_json::to_vec(all).expect("plain structures");
    host.set(&mark.key(), &value).await
}

fn known(all: &[Kept], mark: &Mark) -> Option<Receipt> {
    let kept = all.iter().find(|kept| kept.mark == mark.hash)?;
    kept.receipt()
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;
    use crate::testing::FakeHost;

    fn mark(text: &str) -> Mark {
        let id = Id {
            by: "test",
            text: text.to_owned(),
            lifetime: Duration::from_secs(60),
        };
        Mark::new("source", &id)
    }

    fn receipt(host: &FakeHost, number: u64) -> Receipt {
        Receipt {
            at: host.now(),
            taken: Taken::Queued,
            number,
        }
    }

    #[test]
    fn what_was_taken_is_known_for_its_time() {
        let host = FakeHost::default();
        let mark = mark("a");
        let first = receipt(&host, 1);
        assert_eq!(block_on(find(&host, &mark)), Ok(None));
        assert_eq!(block_on(keep(&host, &mark, first)), Ok(first));
        host.advance(Duration::from_millis(59_999));
        assert_eq!(block_on(find(&host, &mark)), Ok(Some(first)));
        let second = receipt(&host, 2);
        assert_eq!(block_on(keep(&host, &mark, second)), Ok(first));
        host.advance(Duration::from_millis(1));
        assert_eq!(block_on(find(&host, &mark)), Ok(None));
        assert_eq!(block_on(keep(&host, &mark, second)), Ok(second));
    }

    #[test]
    fn what_is_taken_back_was_ones_own() {
        let host = FakeHost::default();
        let (mark, other) = (mark("a"), mark("b"));
        for mark in [&mark, &other] {
            block_on(keep(&host, mark, receipt(&host, 1))).expect("kept");
        }
        block_on(forget(&host, &mark, 2)).expect("read");
        assert!(block_on(find(&host, &mark)).expect("read").is_some());
        block_on(forget(&host, &mark, 1)).expect("read");
        assert_eq!(block_on(find(&host, &mark)), Ok(None));
        assert!(block_on(find(&host, &other)).expect("read").is_some());
    }

    #[test]
    fn each_source_and_each_place_has_ids_of_its_own() {
        let id = |by, text: &str| Id {
            by,
            text: text.to_owned(),
            lifetime: Duration::ZERO,
        };
        let marks = [
            Mark::new("a", &id("b", "c")),
            Mark::new("b", &id("b", "c")),
            Mark::new("a", &id("c", "c")),
            Mark::new("a", &id("b", "d")),
        ];
        for (index, mark) in marks.iter().enumerate() {
            assert!(!marks[..index].contains(mark), "{mark:?}");
        }
    }

    #[test]
    fn the_store_keeps_no_more_values_than_there_are_places_and_forgets_what_is_over() {
        let host = FakeHost::default();
        for n in 0..20_000 {
            let mark = mark(&n.to_string());
            block_on(keep(&host, &mark, receipt(&host, n))).expect("kept");
        }
        assert!(host.stored("seen/").len() <= 4096);
        let known = (0..20_000).filter(|n: &u64| {
            let found = block_on(find(&host, &mark(&n.to_string()))).expect("read");
            found.is_some_and(|receipt| receipt.number == *n)
        });
        assert_eq!(known.count(), 20_000);
        host.advance(Duration::from_secs(60));
        block_on(keep(&host, &mark("0"), receipt(&host, 0))).expect("kept");
        let store = host.store.borrow();
        let kept: Vec<serde_json::Value> =
            serde_json::from_slice(&store[&mark("0").key()]).expect("JSON");
        assert_eq!(kept.len(), 1);
    }

    #[test]
    fn a_value_that_cannot_be_read_counts_for_nothing() {
        let host = FakeHost::default();
        let mark = mark("a");
        for value in ["", "null", "{}", r#"[{"mark":1}]"#] {
            block_on(host.set(&mark.key(), value.as_bytes())).expect("set");
            assert_eq!(block_on(find(&host, &mark)), Ok(None), "{value}");
        }
        let first = receipt(&host, 1);
        assert_eq!(block_on(keep(&host, &mark, first)), Ok(first));
        assert_eq!(block_on(find(&host, &mark)), Ok(Some(first)));
    }
}
