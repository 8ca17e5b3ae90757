//! Times as replies have them.

use std::time::{Duration, SystemTime};

/// Milliseconds since 1970 as RFC 3339; empty where it is no time that can be.
pub fn rfc3339(milliseconds: u64) -> String {
    let since = Duration::from_millis(milliseconds);
    let time = SystemTime::UNIX_EPOCH.checked_add(since);
    // Dates a thousand years away are not written.
    time.filter(|_| milliseconds < 1 << 45)
        .map(|time| humantime::format_rfc3339_millis(time).to_string())
        .unwrap_or_default()
}
