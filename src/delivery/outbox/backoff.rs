//! When a change that failed is tried again.

use std::time::Duration;

/// A row that is not there yet: the Lanzador's insert usually comes within seconds.
const NOT_THERE: &[u64] = &[1, 2, 5];

/// A data API that failed.
const FAILED: &[u64] = &[5];

const LONGEST: u64 = 3600;

/// How long to wait after this many attempts, the last of which found no row or failed otherwise.
/// A fifth more or less, by chance: not all that failed together come back together.
pub fn pause(tries: u64, no_row: bool, random: u128) -> Duration {
    let first = if no_row { NOT_THERE } else { FAILED };
    let tries = usize::try_from(tries).unwrap_or(usize::MAX).max(1) - 1;
    let seconds = first.get(tries).copied().unwrap_or_else(|| {
        let doublings = u32::try_from(tries - first.len() + 1).unwrap_or(u32::MAX);
        let last = first[first.len() - 1];
        2_u64.saturating_pow(doublings).saturating_mul(last)
    });
    let milliseconds = seconds.min(LONGEST) * 1000;
    let spread = milliseconds * 2 / 5;
    let chance = random as u64 % (spread + 1);
    Duration::from_millis(milliseconds - spread / 2 + chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_differ_by_a_fifth() {
        for (no_row, steps) in [
            (true, &[1, 2, 5, 10, 20, 40][..]),
            (false, &[5, 10, 20, 40, 80, 160]),
        ] {
            for (tries, seconds) in (1..).zip(steps) {
                let milliseconds = seconds * 1000;
                let (least, most) = (milliseconds * 4 / 5, milliseconds * 6 / 5);
                for random in [0, 1, 12_345, u128::MAX] {
                    let pause = pause(tries, no_row, random).as_millis();
                    assert!((least..=most).contains(&pause), "{tries}: {pause}");
                }
            }
            for tries in [14, 64, u64::MAX] {
                let pause = pause(tries, no_row, 7);
                assert!(pause <= Duration::from_secs(4320) && pause >= Duration::from_secs(2880));
            }
        }
    }
}
