//! How often something may be done: a token bucket.

use std::time::Duration;

/// So many at a time, and so many more with each second.
#[derive(Debug)]
pub struct Budget {
    per_second: f64,
    most: f64,
    left: f64,
    at: Duration,
}

impl Budget {
    /// `first` may be done at once, `per_second` more in each second, and never more than `most`
    /// at a time.
    pub fn new(first: u32, per_second: u32, most: u32) -> Self {
        Self {
            per_second: per_second.into(),
            most: most.into(),
            left: first.into(),
            at: Duration::ZERO,
        }
    }

    /// Spends one, if more than `kept` are left. `now` is on the monotonic clock.
    pub fn spend(&mut self, now: Duration, kept: u32) -> bool {
        let affordable = self.wait(now, kept).is_zero();
        if affordable {
            self.left -= 1.0;
        }
        affordable
    }

    /// How long until [`spend`](Self::spend) will do.
    pub fn wait(&mut self, now: Duration, kept: u32) -> Duration {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.left = (self.left + passed * self.per_second).min(self.most);
        self.at = now;
        let lacking = f64::from(kept) + 1.0 - self.left;
        // A nanosecond's fraction must not make the sum fall short for ever.
        if lacking <= 1e-6 {
            return Duration::ZERO;
        }
        Duration::from_secs_f64(lacking / self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn spent(budget: &mut Budget, now: Duration, kept: u32) -> usize {
        std::iter::repeat_with(|| budget.spend(now, kept))
            .take_while(|&spent| spent)
            .count()
    }

    #[test]
    fn no_more_is_spent_than_was_given() {
        let mut budget = Budget::new(1, 2, 4);
        assert_eq!(spent(&mut budget, Duration::ZERO, 0), 1);
        assert_eq!(spent(&mut budget, SECOND / 4, 0), 0);
        assert_eq!(spent(&mut budget, SECOND / 2, 0), 1);
        assert_eq!(spent(&mut budget, SECOND * 2, 0), 3);
        assert_eq!(spent(&mut budget, SECOND * 100, 0), 4);
    }

    #[test]
    fn what_is_kept_is_left_for_others() {
        let mut budget = Budget::new(1, 2, 4);
        assert_eq!(budget.wait(Duration::ZERO, 1), SECOND / 2);
        assert_eq!(spent(&mut budget, Duration::ZERO, 1), 0);
        assert_eq!(spent(&mut budget, Duration::ZERO, 0), 1);
        assert_eq!(budget.wait(Duration::ZERO, 1), SECOND);
        assert_eq!(spent(&mut budget, SECOND, 1), 1);
        assert_eq!(spent(&mut budget, SECOND, 0), 1);
    }

    #[test]
    fn after_the_wait_it_is_there() {
        let mut budget = Budget::new(0, 3, 4);
        let mut now = Duration::from_nanos(7);
        for _ in 0..1000 {
            now += budget.wait(now, 1);
            assert!(budget.spend(now, 1));
        }
        assert!(now < SECOND * 335);
    }
}
