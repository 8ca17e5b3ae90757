//! Dates and times, as senders and databases write them.
//!
//! Years outside those that humantime reads are moved by whole cycles of the calendar: it repeats
//! itself every 400 years, to the day.

use std::fmt;
use std::time::{Duration, SystemTime};

/// A point in time, to the microsecond: as exact as the databases keep it. From the year 1 to the year 9999
/// in UTC, which is what `datetimeoffset` has and RFC 3339 can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Microseconds since 1970, negative before.
    micros: i64,
}

/// Why a text is no timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseTimestampError {
    /// It is written in another way, or no calendar has it.
    #[error("is not a date and time of RFC 3339")]
    Malformed,
    /// It is one of RFC 3339, but in a year that the column does not have.
    #[error("is not between the years 1 and 9999 in UTC")]
    OutOfRange,
}

const SECOND: i64 = 1_000_000;

/// 400 years of the Gregorian calendar.
const CYCLE: i64 = 146_097 * 86_400 * SECOND;

/// The cycle in which humantime is asked begins on 2000-01-01.
const BASE_YEAR: i64 = 2000;
const BASE: i64 = 946_684_800 * SECOND;

/// 0001-01-01T00:00:00Z
const FIRST: i64 = -62_135_596_800 * SECOND;

/// 9999-12-31T23:59:59.999999Z
const LAST: i64 = 253_402_300_800 * SECOND - 1;

impl Timestamp {
    /// Reads a date and time of RFC 3339.
    pub fn parse(text: &str) -> Result<Self, ParseTimestampError> {
        let text = text.is_ascii().then(|| text.to_ascii_uppercase());
        let text = text.ok_or(ParseTimestampError::Malformed)?;
        let (local, offset) = match text.strip_suffix('Z') {
            Some(utc) => (utc, 0),
            None => {
                let at = text.len().checked_sub("+00:00".len());
                let (local, offset) = text.split_at(at.ok_or(ParseTimestampError::Malformed)?);
                let distance = distance(&offset[1..]).ok_or(ParseTimestampError::Malformed)?;
                match offset.as_bytes()[0] {
                    b'+' => (local, distance),
                    b'-' => (local, -distance),
                    _ => return Err(ParseTimestampError::Malformed),
                }
            }
        };
        let local = local_micros(local).ok_or(ParseTimestampError::Malformed)?;
        Self::of_micros(local - offset).ok_or(ParseTimestampError::OutOfRange)
    }

    /// The same as a database shows it: one without an offset is UTC.
    pub fn of_database(text: &str) -> Result<Self, ParseTimestampError> {
        Self::parse(text).or_else(|_| Self::parse(&format!("{text}Z")))
    }

    /// The timestamp of this time; `None` where it cannot be written.
    pub fn at(time: SystemTime) -> Option<Self> {
        let since = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).ok()?,
            Err(before) => -i64::try_from(before.duration().as_micros()).ok()?,
        };
        Self::of_micros(since)
    }

    fn of_micros(micros: i64) -> Option<Self> {
        (FIRST..=LAST).contains(&micros).then_some(Self { micros })
    }
}

/// Microseconds since 1970 of a date and time without an offset.
fn local_micros(local: &str) -> Option<i64> {
    // What is parsed next ends at the first Z, and takes a full stop without digits.
    if local.contains('Z') || local.ends_with('.') {
        return None;
    }
    let (year, rest) = local.split_at_checked(4)?;
    let is_year = year.bytes().all(|byte| byte.is_ascii_digit());
    let year: i64 = year.parse().ok().filter(|_| is_year)?;
    let base = BASE_YEAR + year % 400;
    let time = humantime::parse_rfc3339(&format!("{base}{rest}Z")).ok()?;
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(i64::try_from(since.as_micros()).ok()? + (year - base) / 400 * CYCLE)
}

/// `hh:mm`, in microseconds.
fn distance(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, below| {
        let is_two_digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = text.parse().ok().filter(|_| is_two_digits)?;
        (number < below).then_some(number)
    };
    let minutes = number(hours, 24)? * 60 + number(minutes, 60)?;
    Some(minutes * 60 * SECOND)
}

/// In UTC and always as long, so that the order of the texts is that of the times.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since_base = self.micros - BASE;
        let within = (BASE + since_base.rem_euclid(CYCLE)).unsigned_abs();
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(within);
        let text = humantime::format_rfc3339_micros(time).to_string();
        let (base, rest) = text.split_at(4);
        let base: i64 = base.parse().map_err(|_| fmt::Error)?;
        let year = base + since_base.div_euclid(CYCLE) * 400;
        write!(formatter, "{year:04}{rest}")
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
            // Before 1970, on the days that calendars get wrong, and at both ends.
            ("1969-12-31T23:59:59.9Z", "1969-12-31T23:59:59.900000Z"),
            ("1970-01-01T00:00:00+00:01", "1969-12-31T23:59:00.000000Z"),
            ("1900-02-28T23:59:59-01:00", "1900-03-01T00:59:59.000000Z"),
            ("1600-02-29T12:00:00Z", "1600-02-29T12:00:00.000000Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
            ("0000-12-31T23:00:00-01:00", "0001-01-01T00:00:00.000000Z"),
            (
                "9999-12-31T23:59:59.999999999Z",
                "9999-12-31T23:59:59.999999Z",
            ),
            ("9999-12-31T23:59:59.5+14:00", "9999-12-31T09:59:59.500000Z"),
            ("2400-02-29T00:00:00Z", "2400-02-29T00:00:00.000000Z"),
        ] {
            let time = Timestamp::parse(text).expect(text);
            assert_eq!(time.to_string(), utc, "{text}");
            assert_eq!(Timestamp::of_database(text), Ok(time));
        }
        let bare = Timestamp::of_database("2026-01-02T03:04:05.12");
        assert_eq!(bare, Timestamp::parse("2026-01-02T03:04:05.12Z"));
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
            "1900-02-29T00:00:00Z",
            "1969-02-29T00:00:00Z",
            "-001-01-01T00:00:00Z",
            "+001-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "969-12-31T23:59:59Z",
            "1969",
            "1767323045",
            "mañana",
        ] {
            assert_eq!(
                Timestamp::parse(text),
                Err(ParseTimestampError::Malformed),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_moment_of_a_year_that_the_column_has_not_is_told_from_what_is_none() {
        for text in [
            "0000-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
        ] {
            assert_eq!(
                Timestamp::parse(text),
                Err(ParseTimestampError::OutOfRange),
                "{text:?}"
            );
        }
    }

    #[test]
    fn the_order_of_the_texts_is_that_of_the_moments() {
        let texts = [
            "0001-01-01T00:00:00Z",
            "0999-12-31T23:59:59.9Z",
            "1599-12-31T00:00:00Z",
            "1969-12-31T23:59:59.999999Z",
            "1970-01-01T00:00:00Z",
            "2399-12-31T23:59:59Z",
            "9999-12-31T23:59:59.999999Z",
        ];
        let times = texts.map(|text| Timestamp::parse(text).expect(text));
        assert!(times.is_sorted());
        assert!(times.map(|time| time.to_string()).is_sorted());
    }

    #[test]
    fn a_clock_may_stand_before_1970() {
        let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1);
        let before = Timestamp::at(before).expect("within the range");
        assert_eq!(before.to_string(), "1969-12-31T23:59:59.999000Z");
        let after = SystemTime::UNIX_EPOCH + Duration::from_nanos(1999);
        let after = Timestamp::at(after).expect("within the range");
        assert_eq!(after.to_string(), "1970-01-01T00:00:00.000001Z");
    }
}
