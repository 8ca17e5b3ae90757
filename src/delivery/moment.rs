//! Moments, as senders and databases write them.

use std::fmt;
use std::time::{Duration, SystemTime};

/// A moment, to the microsecond: as exact as the databases keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(SystemTime);

/// A text is not a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a date and time of RFC 3339, or before 1970")]
pub struct NoMoment;

/// The last one that is written with four digits for its year: 9999-12-31T23:59:59Z.
const LAST: Duration = Duration::from_secs(253_402_300_799);

impl Moment {
    /// Reads a date and time of RFC 3339.
    pub fn parse(text: &str) -> Result<Self, NoMoment> {
        let text = text.is_ascii().then(|| text.to_ascii_uppercase());
        let text = text.ok_or(NoMoment)?;
        let (local, ahead, distance) = match text.strip_suffix('Z') {
            Some(utc) => (utc, false, Duration::ZERO),
            None => {
                let at = text.len().checked_sub("+00:00".len()).ok_or(NoMoment)?;
                let (local, offset) = text.split_at(at);
                let ahead = offset.starts_with('+');
                if !ahead && !offset.starts_with('-') {
                    return Err(NoMoment);
                }
                (local, ahead, distance(&offset[1..]).ok_or(NoMoment)?)
            }
        };
        // What is parsed next ends at the first Z, and takes a full stop without digits.
        if local.contains('Z') || local.ends_with('.') {
            return Err(NoMoment);
        }
        let utc = humantime::parse_rfc3339(&format!("{local}Z")).map_err(|_| NoMoment)?;
        let utc = match ahead {
            true => utc.checked_sub(distance),
            false => utc.checked_add(distance),
        };
        utc.and_then(Self::at).ok_or(NoMoment)
    }

    /// The same as a database shows it: one without an offset is UTC.
    pub fn of_database(text: &str) -> Result<Self, NoMoment> {
        Self::parse(text).or_else(|_| Self::parse(&format!("{text}Z")))
    }

    /// This moment; `None` where it cannot be written.
    pub fn at(time: SystemTime) -> Option<Self> {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let finer = Duration::from_nanos(u64::from(since.subsec_nanos() % 1000));
        (since <= LAST).then(|| Self(time - finer))
    }
}

/// `hh:mm`
fn distance(text: &str) -> Option<Duration> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, below| {
        let is_two_digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = text.parse().ok().filter(|_| is_two_digits)?;
        (number < below).then_some(number)
    };
    let minutes = number(hours, 24)? * 60 + number(minutes, 60)?;
    Some(Duration::from_secs(minutes * 60))
}

/// In UTC and always as long, so that the order of the texts is that of the moments.
impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_micros(self.0).fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_write_a_moment_is_understood() {
        for (text, utc) in [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"),
            ("2026-01-02t03:04:05z", "2026-01-02T03:04:05.000000Z"),
            ("2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.100000Z"),
            (
                "2026-01-02T03:04:05.123456789Z",
                "2026-01-02T03:04:05.123456Z",
            ),
            ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05.000000Z"),
            ("2026-01-01T22:04:05.5-05:00", "2026-01-02T03:04:05.500000Z"),
            ("2026-01-02T08:49:05+05:45", "2026-01-02T03:04:05.000000Z"),
            ("2024-02-29T23:59:59-00:00", "2024-02-29T23:59:59.000000Z"),
        ] {
            let moment = Moment::parse(text).expect(text);
            assert_eq!(moment.to_string(), utc, "{text}");
            assert_eq!(Moment::of_database(text), Ok(moment));
        }
        let bare = Moment::of_database("2026-01-02T03:04:05.12");
        assert_eq!(bare, Moment::parse("2026-01-02T03:04:05.12Z"));
    }

    #[test]
    fn what_is_no_moment_is_not_taken_for_one() {
        for text in [
            "",
            "Z",
            "+00:00",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04Z",
            "2026-13-02T03:04:05Z",
            "2026-02-30T03:04:05Z",
            "2026-01-02T24:04:05Z",
            "2026-01-02T03:04:05+24:00",
            "2026-01-02T03:04:05+00:60",
            "2026-01-02T03:04:05+0:00",
            "2026-01-02T03:04:05+0000",
            "2026-01-02T03:04:05 00:00",
            "2026-01-02T03:04:05++0:00",
            "2026-01-02T03:04:05ñ00:00",
            "2026-01-02T03:04:05Z+00:00",
            "2026-01-02T03:04:05.Z",
            "2026-01-02 03:04:05Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "1767323045",
            "mañana",
        ] {
            assert_eq!(Moment::parse(text), Err(NoMoment), "{text:?}");
        }
    }
}
