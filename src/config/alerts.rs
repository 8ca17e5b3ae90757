//! Where alerts go, what they are signed with, and how long something may be wrong before.

use std::time::Duration;

use super::error::SettingError;
use super::reader::Reader;
use super::{Noted, Secret, SignatureKeys, UtcOffset, parse, secrets, settings};

/// Where alerts go, and how.
#[derive(Debug)]
pub struct AlertSettings {
    /// `alert_origin` and `alert_path`. With most chat tools whoever has the address may write there.
    pub url: Secret,
    /// `alert_secret`: alerts have a signature by each of these, where set.
    pub keys: Option<SignatureKeys>,
    /// `alert_after_minutes`.
    pub after: Duration,
    /// `sam_utc_offset`: whoever reads an alert has SAM's clock on the wall.
    pub utc_offset: UtcOffset,
    /// `root_path`: where the alert sends its reader.
    pub root_path: String,
}

/// A day, in minutes.
const LONGEST_AFTER: usize = 1440;

const LONGEST_PATH: usize = 2048;

/// What is read of the settings, but for what other settings say as well.
pub struct Destination {
    url: Secret,
    keys: Option<SignatureKeys>,
    after: Duration,
}

impl Destination {
    /// With what an alert says of times and addresses.
    pub fn with(self, utc_offset: UtcOffset, root_path: &str) -> AlertSettings {
        let Self { url, keys, after } = self;
        AlertSettings {
            url,
            keys,
            after,
            utc_offset,
            root_path: root_path.to_owned(),
        }
    }
}

/// Where alerts go; `None`: nobody wants any.
pub fn read(reader: &mut Reader) -> Result<Option<Destination>, Noted> {
    let origin = reader.read(settings::ALERT_ORIGIN, |value| match value {
        "" => Ok(None),
        value => parse::origin(value).map(Some),
    });
    let path = read_path(reader);
    let keys = secrets::signing_keys(reader, settings::ALERT_SECRET);
    let after = reader.read(settings::ALERT_AFTER_MINUTES, |value| {
        parse::number(value, 1, LONGEST_AFTER)
    });
    let (origin, path, keys, after) = (origin?, path?, keys?, after?);
    let Some(origin) = origin else {
        if path.is_none() && keys.is_none() {
            return Ok(None);
        }
        let what = "falta, y alert_path o alert_secret están configuradas";
        return Err(reader.problem(settings::ALERT_ORIGIN, SettingError::new(what)));
    };
    let path = path.as_ref().map_or("/", Secret::expose);
    Ok(Some(Destination {
        url: Secret::new(format!("{origin}{path}")),
        keys,
        after: Duration::from_secs(after as u64 * 60),
    }))
}

/// A path with its query. It is kept as a secret, and an error does not quote it.
fn read_path(reader: &mut Reader) -> Result<Option<Secret>, Noted> {
    let Some(path) = secrets::sent(reader, settings::ALERT_PATH)? else {
        return Ok(None);
    };
    let text = path.expose();
    let is_of_url = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte);
    let what = match text {
        _ if text.contains("://") => "es una dirección entera: el servidor va en alert_origin",
        _ if !text.starts_with('/') => "debe empezar por «/»",
        _ if text.len() > LONGEST_PATH => "es demasiado larga",
        _ if !text.bytes().all(is_of_url) => {
            "lleva un carácter que no puede ir en una URL: cópiela entera otra vez"
        }
        _ => return Ok(Some(path)),
    };
    Err(reader.problem(settings::ALERT_PATH, SettingError::new(what)))
}
