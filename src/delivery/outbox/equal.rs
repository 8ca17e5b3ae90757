//! Equal changes of one row wait once: a sender that repeats a large callback while its row is not
//! there would fill the store.
//!
//! Beside the entries the store has a fixed number of small values, found by a hash of row and
//! content, each of which says where the last entry with such a hash is. They are read and written
//! only where a change is kept or stays, so that nothing on the happy path costs anything, and no
//! keys are listed. One that is written over, or is older than the entry's place, costs a copy and
//! nothing else: what it points at is looked for before it counts.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::listing::entry_in;
use super::{Id, Outbox, Place, key};
use crate::delivery::{Change, Guard, Value};
use crate::instance::key_locks::Hold;
use crate::ports::{Clock, KeyValue, StoreError};

/// Where these values are: behind the entries, in a store that keeps its keys in order, so that a look
/// at those does not come by them.
const PREFIX: &str = "pointers/";

/// How long a request waits before it looks again whether an equal change has been kept, and how
/// often.
const GLANCE: Duration = Duration::from_millis(5);
const GLANCES: usize = 200;

/// Row and content of a change, as a hash.
pub struct Fingerprint(String);

impl Fingerprint {
    /// That of `change`.
    pub fn of(change: &Change) -> Self {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update(text.len().to_be_bytes());
            hash.update(text);
        };
        add(&change.entity.name);
        add(&change.key);
        for (column, value) in &change.values {
            add(column);
            match value {
                Value::Text(text) => {
                    add("text");
                    add(text);
                }
                Value::Null => add("null"),
                Value::Now => add("now"),
                Value::NowIfNull => add("now_if_null"),
            }
        }
        add(match change.guard {
            Guard::Final { .. } => "final",
            Guard::Newer { .. } => "newer",
            Guard::Exists => "exists",
        });
        // Half of it is enough that no two are the same.
        Self(base16ct::lower::encode_string(&hash.finalize()[..16]))
    }

    /// The value it is in: one of 4,096.
    fn key(&self) -> String {
        format!("{PREFIX}{}", &self.0[..3])
    }
}

impl Outbox {
    /// One request of the instance at a time keeps changes that are equal. Whoever waits too long
    /// goes on without: that costs a copy.
    pub(super) async fn turn(
        &self,
        clock: &impl Clock,
        fingerprint: &Fingerprint,
    ) -> Option<Hold<'_>> {
        for _ in 0..GLANCES {
            if let Some(turn) = self.keeping.take(&fingerprint.0) {
                return Some(turn);
            }
            clock.sleep(GLANCE).await;
        }
        None
    }
}

/// An equal change that is in the outbox, and where it waits unless it is a dead letter.
pub async fn find(
    store: &impl KeyValue,
    fingerprint: &Fingerprint,
) -> Result<Option<(Id, Option<Place>)>, StoreError> {
    let Some(value) = store.get(&fingerprint.key()).await? else {
        return Ok(None);
    };
    let value = String::from_utf8_lossy(&value);
    let pointed = value.strip_prefix(fingerprint.0.as_str());
    let Some((id, place)) = pointed.and_then(|at| entry_in(at.trim_start())) else {
        return Ok(None);
    };
    let is_there = store.get(&key(id, place)).await?.is_some();
    Ok(is_there.then_some((id, place)))
}

/// Notes where the entry of a change is from now on.
pub async fn note(
    store: &impl KeyValue,
    fingerprint: &Fingerprint,
    id: Id,
    place: Option<Place>,
) -> Result<(), StoreError> {
    let value = format!("{} {}", fingerprint.0, key(id, place));
    store.set(&fingerprint.key(), value.as_bytes()).await
}
