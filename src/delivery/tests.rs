//! What all data APIs have in common.

use std::time::Duration;

use super::*;
use crate::testing::FakeHost;

#[test]
fn dates_are_the_databases_local_time() {
    let now = FakeHost::default().now();
    for (behind, hours, expected) in [
        (true, 5, "2026-01-01T22:04:05"),
        (false, 1, "2026-01-02T04:04:05"),
        (false, 0, "2026-01-02T03:04:05"),
    ] {
        let distance = Duration::from_secs(hours * 3600);
        let offset = UtcOffset { behind, distance };
        assert_eq!(local_time(now, offset), expected);
    }
}
