//! What tells a collector whether anything came, at the price of one `get`.
//!
//! The store has no compare-and-set, so nothing here is ever taken back. Each change that comes leaves a
//! number of its own under [`ARRIVED`], once its entry is stored. A listing that found nothing leaves
//! the number that it began after under [`EMPTIED`]: while the two are the same, nothing has come since.
//! Whoever overwrites another's number has a number of its own, so that no arrival goes unseen.

use std::time::Duration;

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
    let at = unix_time::millis(host.now());
    let value = format!("{at} {}", arrival.0);
    host.set(EMPTIED, value.as_bytes()).await
}

/// Whether nothing waited after `arrival`, as far as can still be relied on.
pub async fn is_emptied(
    host: &(impl KeyValue + Clock),
    arrival: &Arrival,
) -> Result<bool, StoreError> {
    let value = host.get(EMPTIED).await?.unwrap_or_default();
    let value = String::from_utf8_lossy(&value);
    let Some((at, after)) = value.split_once(' ') else {
        return Ok(false);
    };
    let age = |at: u64| unix_time::millis(host.now()).checked_sub(at);
    let age = at.parse().ok().and_then(age);
    let is_recent = age.is_some_and(|age| age < unix_time::millis_in(LISTED_EVERY));
    Ok(is_recent && after == arrival.0)
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
