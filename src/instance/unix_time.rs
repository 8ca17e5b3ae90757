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

/// A time in milliseconds since 1970 as RFC 3339 has it; empty where that is a thousand years away.
pub fn rfc3339(milliseconds: u64) -> String {
    let since = Duration::from_millis(milliseconds);
    let time = SystemTime::UNIX_EPOCH.checked_add(since);
    time.filter(|_| milliseconds < 1 << 45)
        .map(|time| humantime::format_rfc3339_millis(time).to_string())
        .unwrap_or_default()
}
