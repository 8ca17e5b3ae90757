//! The settings: variables become types here and nowhere else, all problems are found at once,
//! and a door gets its settings only when every one it depends on is right.

mod data_api;
mod doors;
mod parse;
mod pasted;
mod reader;
mod secret;
mod secrets;

use std::borrow::Cow;
use std::time::Duration;

use crate::delivery::Name;
use crate::ports::Variables;
use reader::Reader;

pub use data_api::{DataApi, Names, OAuth, Remote, Server, Table, Target};
pub use doors::{BodySignatureSettings, CallTokenSettings, Door, JwtSettings, Rule, StaticTokens};
pub use secret::Secret;

/// What an operator has set, as far as it is right.
#[derive(Debug)]
pub struct Config {
    /// Prefix of every path: empty, or `/…` without a slash at its end.
    pub root_path: String,
    /// Log lines below this are left out.
    pub log_level: Level,
    /// Largest request body that is taken, in bytes.
    pub max_body_bytes: usize,
    /// How many proxies in front append to `X-Forwarded-For`.
    pub trusted_proxies: usize,
    /// How many failed attempts a client has in a minute; 0: any number.
    pub failed_attempts_per_minute: usize,
    /// Paths of the callback below the root. `None`: not known, so every path is shut.
    pub callback_paths: Option<Vec<String>>,
    /// What takes the changes. `None`: misconfigured, and the door of every source is shut.
    pub data_api: Option<DataApi>,
    /// Rows are in the embedded store, and nobody has said that this is for trying things out.
    pub leaves_sam_untouched: bool,
    /// States of `Ejecuciones` that no callback changes; empty where the setting is wrong.
    pub final_states: Cow<'static, [Name]>,
    /// What tables are called there.
    pub names: Names,
    /// The callback's door. `None`: misconfigured, it stays shut.
    pub callback: Option<Door>,
    /// The door of signed messages. `None`: they have no secret, or a wrong one; it stays shut.
    pub messages: Option<Door>,
    /// How many messages a client has in a minute; 0: any number.
    pub messages_per_minute: usize,
    /// BlizWork's door. `None`: it is not set up, and not there; `Some(None)`: misconfigured, it
    /// stays shut.
    pub blizwork: Option<Option<Door>>,
    /// The operators' door. `None`: it has no token, and is not there; `Some(None)`:
    /// misconfigured, it stays shut.
    pub admin: Option<Option<Door>>,
    /// How long a change may wait in the outbox.
    pub outbox_max_age: Duration,
    /// The values of the settings that hold secrets, as they are set: for what must not show them.
    pub secrets: Vec<Secret>,
    /// Everything that is wrong, for the log and for readiness.
    pub problems: Vec<Problem>,
    /// What is used but should not be left so, for the log.
    pub warnings: Vec<Problem>,
}

/// Distance of the database's local time from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UtcOffset {
    /// West of Greenwich.
    pub behind: bool,
    /// At most 14 hours.
    pub distance: Duration,
}

/// `log_level`, from most to least talkative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Also what is only of use while looking for a fault.
    Debug,
    /// Every request.
    Info,
    /// Requests that were refused.
    Warn,
    /// Only what needs repair.
    Error,
}

impl Level {
    /// As it stands in the settings and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// One setting that is wrong. It never holds the value: that may be a secret in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name.
    pub setting: &'static str,
    /// What is wrong and what would be right, in Spanish.
    pub what: String,
    /// Whether reading it again may help: its provider failed.
    pub passing: bool,
}

const LEVELS: &[(&str, Level)] = &[
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("error", Level::Error),
];

/// A body is in the instance's memory several times over while it is kept, up to 16 requests
/// share an instance, and an edge host gives it 128 MiB: more than the default needs a roomier one.
const LARGEST_BODY: usize = 10 << 20;

const MOST_PROXIES: usize = 16;

/// A year, in hours.
const LONGEST_AGE: usize = 8760;

/// Each failed attempt of a minute is kept by its moment, and so is each message.
const MOST_A_MINUTE: usize = 1000;

/// Tables that `webhook_tables` names.
const WEBHOOK_TABLES: &[&str] = &["reservas", "promos", "usuarios"];

/// The table that `blizwork_table` names.
const BLIZWORK_TABLE: &[&str] = &["eventos_blizwork"];

impl Config {
    /// Reads every setting. Never fails: what is wrong is in `problems`, and its doors are shut.
    pub async fn load(variables: &impl Variables) -> Self {
        let mut reader = Reader::load(variables).await;
        let development = reader.read("environment", |value| {
            parse::one_of(value, &[("production", false), ("development", true)])
        });
        reader.is_development = development == Some(true);
        let root_path = reader.read("root_path", parse::root_path);
        let log_level = reader.read("log_level", |value| parse::one_of(value, LEVELS));
        let max_body_bytes = reader.read("max_body_bytes", |value| {
            parse::number(value, 1, LARGEST_BODY)
        });
        let trusted_proxies = reader.read("trusted_proxies", |value| {
            parse::number(value, 0, MOST_PROXIES)
        });
        let failed_attempts_per_minute = reader.read("failed_attempts_per_minute", |value| {
            parse::number(value, 0, MOST_A_MINUTE)
        });
        let outbox_max_age = reader.read("outbox_max_age_hours", |value| {
            parse::number(value, 1, LONGEST_AGE)
        });
        let data_api = data_api::read(&mut reader);
        // So far for what all doors depend on; what is wrong with one does not shut another.
        let sound = reader.is_sound();
        let callback_paths = reader.read("callback_endpoint_path", parse::paths);
        let door = doors::read_callback(&mut reader, development);
        let final_states = reader.read("sam_final_states", parse::final_states);
        let messages = doors::read_messages(&mut reader);
        let messages_per_minute = reader.read("webhook_rate_limit_per_minute", |value| {
            parse::number(value, 0, MOST_A_MINUTE)
        });
        let blizwork = doors::read_blizwork(&mut reader);
        let admin = doors::read_admin(&mut reader);
        let mut names = Names::default();
        let webhook_tables = names.read(&mut reader, "webhook_tables", WEBHOOK_TABLES);
        let blizwork_table = names.read(&mut reader, "blizwork_table", BLIZWORK_TABLE);
        let reused = secrets::reused(&mut reader);
        let is_own = |setting| !reused.contains(&setting);
        let secret_values = reader.secrets();
        let (problems, warnings) = reader.into_notes();

        let data_api = data_api.filter(|_| sound);
        let can_open = data_api.is_some();
        let messages_can = can_open && webhook_tables && messages_per_minute.is_some();
        let callback_can = can_open && callback_paths.is_some() && final_states.is_some();
        let is_embedded = matches!(data_api, Some(DataApi::Embedded { .. }));
        Self {
            // With the prefix unknown no path below it is known either.
            callback_paths: callback_paths.filter(|_| root_path.is_some()),
            root_path: root_path.unwrap_or_default(),
            log_level: log_level.unwrap_or(Level::Info),
            // Every door is shut where these are wrong; they only bound what is read and logged.
            max_body_bytes: max_body_bytes.unwrap_or(1 << 20),
            trusted_proxies: trusted_proxies.unwrap_or(0),
            failed_attempts_per_minute: failed_attempts_per_minute.unwrap_or(0),
            callback: door.filter(|_| callback_can && is_own("callback_token")),
            messages: messages.filter(|_| messages_can && is_own("webhook_secret")),
            messages_per_minute: messages_per_minute.unwrap_or(0),
            blizwork: blizwork.map(|door| door.filter(|_| can_open && blizwork_table)),
            leaves_sam_untouched: is_embedded && development == Some(false),
            final_states: final_states.unwrap_or_default(),
            data_api,
            names,
            admin: admin.map(|door| door.filter(|_| sound && is_own("admin_token"))),
            outbox_max_age: Duration::from_secs(
                outbox_max_age.unwrap_or(LONGEST_AGE) as u64 * 3600,
            ),
            secrets: secret_values,
            problems,
            warnings,
        }
    }

    /// Whether rows can be read back: those of a real database are not for the internet.
    pub fn shows_rows(&self) -> bool {
        matches!(self.data_api, None | Some(DataApi::Embedded { .. }))
    }

    /// Whether reading the settings again may give another result: a provider failed.
    pub fn may_pass(&self) -> bool {
        self.problems.iter().any(|problem| problem.passing)
    }
}

#[cfg(test)]
mod tests;
