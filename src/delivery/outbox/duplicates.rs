//! Equal changes of one row wait once: a sender that repeats a large callback while its row is not
//! there would fill the store.
//!
//! Beside the entries the store has a fixed number of small values, found by a hash of row and
//! content, each of which says where the last entry with such a hash is. They are read and written
//! only where a change is queued or stays, so that nothing on the happy path costs anything, and no
//! keys are listed. One that is overwritten, or that points where the entry is no longer, costs a copy
//! and nothing else: the entry is looked for before the pointer counts.

use sha2::{Digest as _, Sha256};

use super::location::Location;
use crate::delivery::change::{Change, Guard, Value};
use crate::ports::{KeyValue, StoreError};

/// Where these values are: behind the entries, in a store that keeps its keys in order, so that a listing
/// of those does not come to them.
const PREFIX: &str = "pointers/";

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

    /// In hex.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value it is in: one of 4,096.
    fn key(&self) -> String {
        format!("{PREFIX}{}", &self.0[..3])
    }
}

/// Where an equal change is in the outbox, if it is.
pub async fn find(
    store: &impl KeyValue,
    fingerprint: &Fingerprint,
) -> Result<Option<Location>, StoreError> {
    let Some(value) = store.get(&fingerprint.key()).await? else {
        return Ok(None);
    };
    let value = String::from_utf8_lossy(&value);
    let pointed = value.strip_prefix(fingerprint.as_str());
    let Some(location) = pointed.and_then(|at| Location::of_key(at.trim_start())) else {
        return Ok(None);
    };
    let is_there = store.get(&location.key()).await?.is_some();
    Ok(is_there.then_some(location))
}

/// Notes where the entry of a change is from now on.
pub async fn note(
    store: &impl KeyValue,
    fingerprint: &Fingerprint,
    location: Location,
) -> Result<(), StoreError> {
    let value = format!("{} {}", fingerprint.as_str(), location.key());
    store.set(&fingerprint.key(), value.as_bytes()).await
}
