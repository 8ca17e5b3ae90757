//! Times as they are stored: in whole milliseconds.

use std::time::{Duration, SystemTime};

/// Milliseconds since 1970. A clock that has not been set stands at 1970.
pub fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    millis_in(since.unwrap_or_default())
}

/// The milliseconds in a span of time.
pub fn millis_in(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
