//! Latencies to the microsecond, without the corrections that wrk adds.

use anyhow::{Result, bail};

/// How often each latency was seen: microseconds and times, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram(Vec<(u64, u64)>);

impl Histogram {
    /// What wrk has counted, without what it has added. For each reply that took more than twice
    /// the mean `interval` of its connection's requests, wrk adds those latencies that requests
    /// would have had that come once an interval, whatever became of the one before. A table of
    /// latencies must not depend on throughput twice, so here they are taken off again: from the
    /// longest down, since what is added is always shorter than what it is added for.
    ///
    /// # Errors
    /// Where something is to be taken off that is not there: another version of wrk.
    pub fn without_corrections(counted: &[(u64, u64)], interval: u64) -> Result<Self> {
        let mut left = counted.to_vec();
        left.sort_unstable();
        for at in (0..left.len()).rev() {
            let (microseconds, times) = left[at];
            if times == 0 || interval == 0 || microseconds < 2 * interval {
                continue;
            }
            let mut added = microseconds - interval;
            while added > interval {
                let found = left.binary_search_by_key(&added, |(value, _)| *value);
                match found.map(|place| &mut left[place].1) {
                    Ok(count) if *count >= times => *count -= times,
                    _ => bail!("wrk counts latencies in a way that is not known here"),
                }
                added -= interval;
            }
        }
        left.retain(|(_, times)| *times > 0);
        Ok(Self(left))
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, times)| times).sum()
    }

    /// The latency that `percent` of all do not exceed, in milliseconds; 0 where there are none.
    pub fn percentile(&self, percent: f64) -> f64 {
        let rank = (self.count() as f64 * percent / 100.0).ceil().max(1.0);
        let mut seen = 0;
        for (microseconds, times) in &self.0 {
            seen += times;
            if seen as f64 >= rank {
                return *microseconds as f64 / 1000.0;
            }
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// `stats_correct` of wrk 4.1.
    fn corrected(raw: &[(u64, u64)], interval: u64) -> Vec<(u64, u64)> {
        let mut counts: BTreeMap<u64, u64> = raw.iter().copied().collect();
        for (microseconds, times) in raw {
            let mut added = microseconds.saturating_sub(interval);
            while *microseconds >= 2 * interval && added > interval {
                *counts.entry(added).or_default() += times;
                added -= interval;
            }
        }
        counts.into_iter().collect()
    }

    #[test]
    fn what_wrk_adds_is_taken_off_again() {
        for (raw, interval) in [
            (&[(90, 50), (100, 40), (110, 10)][..], 100),
            (&[(90, 50), (5000, 3)], 100),
            (&[(90, 50), (200, 4), (201, 7), (300, 1), (1000, 2)], 100),
            (&[(7, 1)], 1),
            (&[], 100),
        ] {
            let counted = corrected(raw, interval);
            let histogram = Histogram::without_corrections(&counted, interval);
            assert_eq!(histogram.expect("wrk's"), Histogram(raw.to_vec()));
        }
    }

    #[test]
    fn latencies_that_wrk_cannot_have_counted_are_refused() {
        assert!(Histogram::without_corrections(&[(90, 50), (5000, 3)], 100).is_err());
    }

    #[test]
    fn a_percentile_is_a_latency_that_was_seen() {
        let histogram = Histogram(vec![(100, 98), (200, 1), (9000, 1)]);
        for (percent, milliseconds) in [(0.0, 0.1), (50.0, 0.1), (98.0, 0.1), (99.0, 0.2)] {
            assert_eq!(histogram.percentile(percent), milliseconds, "{percent}");
        }
        assert_eq!(histogram.percentile(100.0), 9.0);
        assert_eq!(Histogram(Vec::new()).percentile(50.0), 0.0);
    }
}
