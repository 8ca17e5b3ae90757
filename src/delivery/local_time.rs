//! The database's local time.

use std::time::SystemTime;

use crate::config::UtcOffset;

/// `now` on the database's clock, as `YYYY-MM-DDThh:mm:ss`.
pub fn local_time(now: SystemTime, offset: UtcOffset) -> String {
    let local = match offset.behind {
        true => now.checked_sub(offset.distance),
        false => now.checked_add(offset.distance),
    };
    // A host whose clock has not been set is no reason to fail.
    let local = local.map_or(SystemTime::UNIX_EPOCH, |it| it.max(SystemTime::UNIX_EPOCH));
    let mut text = humantime::format_rfc3339_seconds(local).to_string();
    // The clock is shifted to local time, so the zone it claims to be in is not true.
    text.truncate(text.trim_end_matches('Z').len());
    text
}
