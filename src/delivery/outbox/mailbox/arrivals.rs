//! What tells a collector whether anything came, at the price of one `get`.
//!
//! The store has no compare-and-set, so nothing here is ever taken back. Each change that comes leaves a
//! number of its own under [`ARRIVED`], once its entry is stored. A listing that found nothing leaves
//! the number that it began after under [`EMPTIED`]: while the two are the same, nothing has come since.
//! Whoever overwrites another's number has a number of its own, so that no arrival goes unseen.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::http::json;
use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, Random, StoreError};

/// The number of the change that came last.
pub const ARRIVED: &str = "0-mailbox-arrived";

/// What a listing that found nothing began after.
const EMPTIED: &str = "0-mailbox-emptied";

/// When somebody came to collect.
const COLLECTED: &str = "0-mailbox-collected";

/// How long a listing is relied on, in case an arrival could not be announced.
pub const LISTED_EVERY: Duration = Duration::from_secs(600);

/// Which change came last; empty: none so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival(String);

/// That nothing waited.
#[derive(Serialize, Deserialize)]
struct Emptied {
    after: String,
    /// In milliseconds since 1970.
    at: u64,
}

/// Says that a change came. To be called once its entry is stored.
pub async fn announce(host: &(impl KeyValue + Random)) -> Result<(), StoreError> {
    let number = format!("{:032x}", host.random());
    host.set(ARRIVED, number.as_bytes()).await
}

/// Which change came last.
pub async fn last(store: &impl KeyValue) -> Result<Arrival, StoreError> {
    let value = store.get(ARRIVED).await?.unwrap_or_default();
    Ok(Arrival(String::from_utf8_lossy(&value).into_owned()))
}

/// Notes that a listing which began after `arrival` found nothing.
pub async fn note_emptied(
    host: &(impl KeyValue + Clock),
    arrival: &Arrival,
) -> Result<(), StoreError> {
    let emptied = Emptied {
        after: arrival.0.clone(),
        at: unix_time::millis(host.now()),
    };
    // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
    let value = serde_json::to_vec(&emptied).expect("a plain structure");
    host.set(EMPTIED, &value).await
}

/// Whether nothing waited after `arrival`, as far as can still be relied on.
pub async fn is_emptied(
    host: &(impl KeyValue + Clock),
    arrival: &Arrival,
) -> Result<bool, StoreError> {
    let value = host.get(EMPTIED).await?;
    let emptied: Option<Emptied> = value.and_then(|value| json::parse(&value).ok());
    let age = |at| unix_time::millis(host.now()).checked_sub(at);
    Ok(emptied.is_some_and(|emptied| {
        let is_recent = age(emptied.at).is_some_and(|it| it < unix_time::millis_in(LISTED_EVERY));
        is_recent && emptied.after == arrival.0
    }))
}

/// Notes that somebody came to collect.
pub async fn note_collector(host: &(impl KeyValue + Clock)) -> Result<(), StoreError> {
    let now = unix_time::millis(host.now()).to_string();
    host.set(COLLECTED, now.as_bytes()).await
}

/// When somebody came to collect last, in milliseconds since 1970.
pub async fn last_collected(store: &impl KeyValue) -> Result<Option<u64>, StoreError> {
    let value = store.get(COLLECTED).await?;
    Ok(value.and_then(|value| String::from_utf8(value).ok()?.parse().ok()))
}
