//! A sliding minute, exact: the moments that lie in it.

use std::time::Duration;

/// Milliseconds since 1970.
pub type Moment = u64;

/// How long a failed attempt counts, in milliseconds.
pub const MINUTE: u64 = 60_000;

/// Leaves what does not lie in the minute that ends at `now`. Instances' clocks differ, so a
/// moment may lie ahead; one further ahead than that was never true.
pub fn prune(moments: &mut Vec<Moment>, now: Moment) {
    moments.retain(|moment| moment.abs_diff(now) < MINUTE);
    moments.sort_unstable();
}

/// All that are in either list, both oldest first; as often as in the one that has it more often.
pub fn union(one: &[Moment], other: &[Moment]) -> Vec<Moment> {
    let mut all = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    while let Some(next) = one.peek().into_iter().chain(other.peek()).min() {
        let next = **next;
        one.next_if(|moment| **moment == next);
        other.next_if(|moment| **moment == next);
        all.push(next);
    }
    all
}

/// How long until fewer than `limit` of the moments count; `None` where it is so already.
pub fn closed_for(moments: &[Moment], now: Moment, limit: usize) -> Option<Duration> {
    let last_to_go = moments.get(moments.len().checked_sub(limit)?)?;
    let milliseconds = (last_to_go + MINUTE).saturating_sub(now).min(MINUTE);
    (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = 1_767_323_045_000;

    #[test]
    fn a_minute_after_each_attempt_there_is_room_for_one_more() {
        let moments = [NOW - 50_000, NOW - 30_000, NOW - 1];
        let seconds = |now, limit| closed_for(&moments, now, limit).map(|d| d.as_secs_f64());
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
        assert_eq!(closed_for(&ahead, NOW, 1), Some(Duration::from_secs(60)));
    }

    #[test]
    fn only_the_last_minute_counts_and_no_far_future() {
        let mut moments = vec![
            NOW + 59_999,
            0,
            NOW - 60_000,
            NOW - 59_999,
            NOW + 60_000,
            NOW,
        ];
        prune(&mut moments, NOW);
        assert_eq!(moments, [NOW - 59_999, NOW, NOW + 59_999]);
    }
}
