//! The database's local time.

use std::time::Duration;

use super::error::SettingError;

/// Distance of the database's local time from UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UtcOffset {
    /// West of Greenwich.
    pub behind: bool,
    /// At most 14 hours.
    pub distance: Duration,
}

/// `+HH:MM` or `-HH:MM`, at most 14 hours.
pub fn parse(value: &str) -> Result<UtcOffset, SettingError> {
    let error = || SettingError::new("debe tener la forma +HH:MM o -HH:MM, hasta 14 horas");
    let (sign, rest) = value.split_at_checked(1).ok_or_else(error)?;
    let (hours, minutes) = rest.split_once(':').ok_or_else(error)?;
    let two_digits = |text: &str| {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u64>().ok())
            .flatten()
    };
    let hours = two_digits(hours).ok_or_else(error)?;
    let minutes = two_digits(minutes).filter(|&m| m < 60).ok_or_else(error)?;
    let behind = match sign {
        "+" => false,
        "-" => true,
        _ => return Err(error()),
    };
    let distance = Duration::from_secs(hours * 3600 + minutes * 60);
    if distance > Duration::from_secs(14 * 3600) {
        return Err(error());
    }
    Ok(UtcOffset { behind, distance })
}
