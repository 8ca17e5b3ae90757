//! How often something may be done: a token bucket.

use std::time::Duration;

/// So many at a time, and so many more with each second.
#[derive(Debug)]
pub struct TokenBucket {
    per_second: f64,
    most: f64,
    left: f64,
    at: Duration,
}

impl TokenBucket {
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

    /// Takes one, if more than `reserved` are left. `now` is on the monotonic clock.
    pub fn take(&mut self, now: Duration, reserved: u32) -> bool {
        let affordable = self.wait(now, reserved).is_zero();
        if affordable {
            self.left -= 1.0;
        }
        affordable
    }

    /// How long until [`take`](Self::take) will do.
    pub fn wait(&mut self, now: Duration, reserved: u32) -> Duration {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.left = (self.left + passed * self.per_second).min(self.most);
        self.at = now;
        let lacking = f64::from(reserved) + 1.0 - self.left;
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

    fn taken(bucket: &mut TokenBucket, now: Duration, reserved: u32) -> usize {
        std::iter::repeat_with(|| bucket.take(now, reserved))
            .take_while(|&taken| taken)
            .count()
    }

    #[test]
    fn no_more_is_spent_than_was_given() {
        let mut bucket = TokenBucket::new(1, 2, 4);
        assert_eq!(taken(&mut bucket, Duration::ZERO, 0), 1);
        assert_eq!(taken(&mut bucket, SECOND / 4, 0), 0);
        assert_eq!(taken(&mut bucket, SECOND / 2, 0), 1);
        assert_eq!(taken(&mut bucket, SECOND * 2, 0), 3);
        assert_eq!(taken(&mut bucket, SECOND * 100, 0), 4);
    }

    #[test]
    fn what_is_reserved_is_left_for_others() {
        let mut bucket = TokenBucket::new(1, 2, 4);
        assert_eq!(bucket.wait(Duration::ZERO, 1), SECOND / 2);
        assert_eq!(taken(&mut bucket, Duration::ZERO, 1), 0);
        assert_eq!(taken(&mut bucket, Duration::ZERO, 0), 1);
        assert_eq!(bucket.wait(Duration::ZERO, 1), SECOND);
        assert_eq!(taken(&mut bucket, SECOND, 1), 1);
        assert_eq!(taken(&mut bucket, SECOND, 0), 1);
    }

    #[test]
    fn after_the_wait_it_is_there() {
        let mut bucket = TokenBucket::new(0, 3, 4);
        let mut now = Duration::from_nanos(7);
        for _ in 0..1000 {
            now += bucket.wait(now, 1);
            assert!(bucket.take(now, 1));
        }
        assert!(now < SECOND * 335);
    }
}
