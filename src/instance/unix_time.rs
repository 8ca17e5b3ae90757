//! Times as they are kept: in whole milliseconds, and moments since 1970.

use std::time::{Duration, SystemTime};

/// A span of time.
pub fn of(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A moment. A clock that has not been set stands at 1970.
pub fn since_1970(moment: SystemTime) -> u64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH);
    of(since.unwrap_or_default())
}
