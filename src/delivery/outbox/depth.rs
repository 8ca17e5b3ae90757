//! How full the outbox was in the last 24 hours: one value of the store, with a sample each five minutes by
//! whoever lists the outbox anyway. Where nobody did there is none.

use std::time::Duration;

use super::counts::OutboxCounts;
use super::queue::Outbox;
use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, StoreError};

/// Where the value is: before the entries in a store that keeps its keys in order.
pub const KEY: &str = "0-depth";

/// How far apart samples are.
pub const EVERY: Duration = Duration::from_secs(300);

/// How many there are: those of 24 hours.
const SAMPLES: usize = 288;

/// How many keys a worker lists for a sample: some thousands take milliseconds, and 100,000 hold the lock of
/// Spin's store for seconds.
const LISTED_BY_WORKER: usize = 4096;

/// How full the outbox was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The beginning of its five minutes, in milliseconds since 1970.
    pub time: u64,
    /// Rows with a change that waited.
    pub waiting: usize,
    /// Rows with a dead letter.
    pub dead: usize,
    /// There were at least so many: a worker does not list a long outbox to its end.
    pub is_least: bool,
}

/// A sample as it is stored: the number of its five minutes since 1970, waiting, dead, and whether these
/// are the least there were.
type Stored = (u64, usize, usize, bool);

impl Outbox {
    /// The samples of the last 24 hours, the oldest first.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn depth(&self, host: &(impl KeyValue + Clock)) -> Result<Vec<Sample>, StoreError> {
        let every = unix_time::millis_in(EVERY);
        let samples = stored(host).await?.into_iter();
        let samples = samples.map(|(number, waiting, dead, is_least)| Sample {
            time: number.saturating_mul(every),
            waiting,
            dead,
            is_least,
        });
        Ok(samples.collect())
    }

    /// Adds a sample, unless these five minutes have one.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn note_depth(
        &self,
        host: &(impl KeyValue + Clock),
        counts: &OutboxCounts,
    ) -> Result<(), StoreError> {
        let (mut samples, number) = (stored(host).await?, number_of(host));
        self.state().sampled = Some(number);
        if samples.last().is_some_and(|(last, ..)| *last == number) {
            return Ok(());
        }
        let stats = counts.stats;
        samples.push((number, stats.waiting, stats.dead, !counts.is_whole));
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        let value = serde_json::to_vec(&samples).expect("plain numbers");
        host.set(KEY, &value).await
    }

    /// A worker's sample, if these five minutes have none: with one look an instance, and a short listing
    /// for all of them.
    ///
    /// # Errors
    /// Where the store fails.
    pub(super) async fn sample_depth(
        &self,
        host: &(impl KeyValue + Clock),
    ) -> Result<(), StoreError> {
        let number = number_of(host);
        if self.state().sampled == Some(number) {
            return Ok(());
        }
        let samples = stored(host).await?;
        if samples.last().is_some_and(|(last, ..)| *last == number) {
            self.state().sampled = Some(number);
            return Ok(());
        }
        let counts = self.counts(host, LISTED_BY_WORKER).await?;
        self.note_depth(host, &counts).await
    }
}

/// What is stored of the last 24 hours. What is damaged, or of a time that cannot be, is left out.
async fn stored(host: &(impl KeyValue + Clock)) -> Result<Vec<Stored>, StoreError> {
    let value = host.get(KEY).await?.unwrap_or_default();
    let mut samples: Vec<Stored> = serde_json::from_slice(&value).unwrap_or_default();
    let (now, mut next) = (number_of(host), 0);
    samples.retain(|(number, ..)| {
        let is_in_order = *number >= next && *number <= now;
        let is_recent = now.saturating_sub(*number) < SAMPLES as u64;
        if is_in_order {
            next = *number + 1;
        }
        is_in_order && is_recent
    });
    Ok(samples)
}

/// The number of these five minutes since 1970.
fn number_of(clock: &impl Clock) -> u64 {
    unix_time::millis(clock.now()) / unix_time::millis_in(EVERY)
}

#[cfg(test)]
mod tests;
