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

/// The latest time that is written, in milliseconds since 1970: a store may hold anything, no clock is right
/// that is a thousand years away, and humantime writes no time that is much later.
pub const LATEST: u64 = (1 << 45) - 1;

/// A time in milliseconds since 1970 as RFC 3339 has it; empty where it is later than [`LATEST`].
pub fn rfc3339(milliseconds: u64) -> String {
    match milliseconds <= LATEST {
        true => humantime::format_rfc3339_millis(time(milliseconds)).to_string(),
        false => String::new(),
    }
}

/// The same to the second, and [`LATEST`] where it is later.
pub fn rfc3339_seconds(milliseconds: u64) -> String {
    humantime::format_rfc3339_seconds(time(milliseconds.min(LATEST))).to_string()
}

fn time(milliseconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds)
}
