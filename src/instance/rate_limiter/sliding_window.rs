//! A sliding minute, exact: the times that lie in it.

use std::time::Duration;

use crate::sorting::sort_by_key;

/// Milliseconds since 1970.
pub type Millis = u64;

/// How long a failed attempt counts, in milliseconds.
pub const MINUTE: u64 = 60_000;

/// Leaves what does not lie in the minute that ends at `now`. Instances' clocks differ, so a
/// time may lie ahead; one further ahead than that was never true.
pub fn prune(times: &mut Vec<Millis>, now: Millis) {
    times.retain(|time| time.abs_diff(now) < MINUTE);
    // They mostly are in order: they were when they were stored.
    if !times.is_sorted() {
        sort_by_key(times, |time| *time);
    }
}

/// All that are in either list, both oldest first; as often as in the one that has it more often.
pub fn union(one: &[Millis], other: &[Millis]) -> Vec<Millis> {
    let mut all = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    while let Some(next) = one.peek().into_iter().chain(other.peek()).min() {
        let next = **next;
        one.next_if(|time| **time == next);
        other.next_if(|time| **time == next);
        all.push(next);
    }
    all
}

/// How long until fewer than `limit` of the times count; `None` where it is so already.
pub fn retry_after(times: &[Millis], now: Millis, limit: usize) -> Option<Duration> {
    let last_to_go = times.get(times.len().checked_sub(limit)?)?;
    let milliseconds = (last_to_go + MINUTE).saturating_sub(now).min(MINUTE);
    (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_767_323_045_000;

    #[test]
    fn a_minute_after_each_attempt_there_is_room_for_one_more() {
        let times = [NOW - 50_000, NOW - 30_000, NOW - 1];
        let seconds = |now, limit| retry_after(&times, now, limit).map(|d| d.as_secs_f64());
        assert_eq!(seconds(NOW, 4), None);
        assert_eq!(seconds(NOW, 3), Some(10.0));
        assert_eq!(seconds(NOW, 2), Some(30.0));
        assert_eq!(seconds(NOW, 1), Some(59.999));
        assert_eq!(seconds(NOW + 10_000, 3), None);
    }

    #[test]
    fn a_union_has_each_moment_as_often_as_either() {
        for (one, other, both) in [
            (&[][..], &[][..], &[][..]),
            (&[1, 2, 2], &[], &[1, 2, 2]),
            (&[1, 3, 3], &[2, 3, 3, 3], &[1, 2, 3, 3, 3]),
            (&[1, 2], &[1, 2], &[1, 2]),
        ] {
            assert_eq!(union(one, other), both);
            assert_eq!(union(other, one), both);
        }
    }

    #[test]
    fn nobody_waits_longer_than_a_minute() {
        let ahead = [NOW + 30_000];
        assert_eq!(retry_after(&ahead, NOW, 1), Some(Duration::from_secs(60)));
    }

    #[test]
    fn only_the_last_minute_counts_and_no_far_future() {
        let mut times = vec![
            NOW + 59_999,
            0,
            NOW - 60_000,
            NOW - 59_999,
            NOW + 60_000,
            NOW,
        ];
        prune(&mut times, NOW);
        assert_eq!(times, [NOW - 59_999, NOW, NOW + 59_999]);
    }
}
