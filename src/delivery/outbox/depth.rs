//! How full the outbox was in the last 24 hours: one value of the store, with a sample each five minutes by
//! whoever lists the outbox anyway. Where nobody did there is none.

use std::fmt;
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
const SAMPLES: u32 = 288;

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

impl Outbox {
    /// The samples of the last 24 hours, the oldest first.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn depth(&self, host: &(impl KeyValue + Clock)) -> Result<Vec<Sample>, StoreError> {
        stored(host).await
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
        let (mut samples, time) = (stored(host).await?, this_time(host));
        self.state().sampled = Some(time);
        if samples.last().is_some_and(|last| last.time == time) {
            return Ok(());
        }
        let stats = counts.stats;
        samples.push(Sample {
            time,
            waiting: stats.waiting,
            dead: stats.dead,
            is_least: !counts.is_whole,
        });
        let lines: String = samples.iter().map(Sample::to_string).collect();
        host.set(KEY, lines.as_bytes()).await
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
        let time = this_time(host);
        if self.state().sampled == Some(time) {
            return Ok(());
        }
        let samples = stored(host).await?;
        if samples.last().is_some_and(|last| last.time == time) {
            self.state().sampled = Some(time);
            return Ok(());
        }
        let counts = self.counts(host, LISTED_BY_WORKER).await?;
        self.note_depth(host, &counts).await
    }
}

/// As it is stored: a line.
impl fmt::Display for Sample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = if self.is_least { "+" } else { "=" };
        let Self {
            time,
            waiting,
            dead,
            ..
        } = self;
        writeln!(formatter, "{time} {waiting} {dead} {least}")
    }
}

impl Sample {
    /// Reads what [`Display`](fmt::Display) has written.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let sample = Self {
            time: words.next()?.parse().ok()?,
            waiting: words.next()?.parse().ok()?,
            dead: words.next()?.parse().ok()?,
            is_least: words.next()? == "+",
        };
        words.next().is_none().then_some(sample)
    }
}

/// What is stored of the last 24 hours. What is damaged, or of a time that cannot be, is left out.
async fn stored(host: &(impl KeyValue + Clock)) -> Result<Vec<Sample>, StoreError> {
    let value = host.get(KEY).await?.unwrap_or_default();
    let (now, mut next) = (this_time(host), now_less_a_day(host));
    let samples = String::from_utf8_lossy(&value);
    let samples = samples.lines().filter_map(Sample::parse);
    let in_order = samples.filter(|sample| {
        let is_next = (next..=now).contains(&sample.time);
        if is_next {
            next = sample.time + 1;
        }
        is_next
    });
    Ok(in_order.collect())
}

/// The beginning of these five minutes, in milliseconds since 1970.
fn this_time(clock: &impl Clock) -> u64 {
    let (now, every) = (unix_time::millis(clock.now()), unix_time::millis_in(EVERY));
    now - now % every
}

/// The beginning of the five minutes of the first sample that is still wanted.
fn now_less_a_day(clock: &impl Clock) -> u64 {
    this_time(clock).saturating_sub(unix_time::millis_in(EVERY * (SAMPLES - 1)))
}

#[cfg(test)]
mod tests;
