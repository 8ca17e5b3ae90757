//! The settings: variables become types here and nowhere else, all problems are found at once,
//! and a door gets its settings only when every one it depends on is right.

mod parse;
mod secret;

use std::time::Duration;

use crate::credentials::Keys;
use crate::ports::Variables;
use parse::{Fault, Reader};

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
    /// The callback's door and what is behind it. `None`: misconfigured, the door stays shut.
    pub callback: Option<Callback>,
    /// Everything that is wrong, for the log and for readiness.
    pub problems: Vec<Problem>,
}

/// What the callback's endpoint needs to open.
#[derive(Debug)]
pub struct Callback {
    /// Which credentials open it.
    pub door: Door,
    /// What takes the changes.
    pub data_api: DataApi,
}

/// The door of an endpoint: the credentials that are looked at, and what they must show.
#[derive(Debug)]
pub struct Door {
    /// How many of them must be right.
    pub rule: Rule,
    /// The static token, where it counts.
    pub static_token: Option<StaticTokens>,
    /// The JWT, where it counts.
    pub jwt: Option<JwtSettings>,
}

/// How many of a door's credentials must be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// One of them, whatever the others.
    Any,
    /// Each of them.
    All,
    /// None: open to everybody.
    Open,
}

/// The static tokens of a door.
#[derive(Debug)]
pub struct StaticTokens {
    /// Accepted tokens.
    pub tokens: Vec<Secret>,
    /// Headers that one may come in, lower case.
    pub headers: Vec<::http::HeaderName>,
}

/// What a door takes for a valid JWT.
#[derive(Debug, Clone)]
pub struct JwtSettings {
    /// `jwt_public_key`: who may have signed it.
    pub keys: Keys,
    /// `jwt_issuer`: what `iss` must be, where set.
    pub issuer: Option<String>,
    /// `jwt_audience`: what `aud` must name, where set.
    pub audience: Option<String>,
    /// `jwt_leeway_seconds`: how far clocks may differ.
    pub leeway: Duration,
}

/// `callback_auth_mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// One valid credential opens.
    Optional,
    /// The static token and the JWT.
    Required,
    /// The static token opens, and nothing else.
    Strict,
    /// Open to all; development only.
    None,
}

/// `data_api`, with the settings of the one chosen.
#[derive(Debug)]
pub enum DataApi {
    /// Rows in the host's key-value store; dates are UTC shifted by this offset.
    Embedded {
        /// `sam_utc_offset`.
        utc_offset: UtcOffset,
    },
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

const MODES: &[(&str, Mode)] = &[
    ("optional", Mode::Optional),
    ("required", Mode::Required),
    ("strict", Mode::Strict),
    ("none", Mode::None),
];

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

/// Each failed attempt of a minute is kept by its moment.
const MOST_ATTEMPTS: usize = 1000;

/// An hour, in seconds: clocks that differ by more are broken, and a token lives hardly longer.
const LONGEST_LEEWAY: usize = 3600;

impl Config {
    /// Reads every setting. Never fails: what is wrong is in `problems`, and its doors are shut.
    pub async fn load(variables: &impl Variables) -> Self {
        let mut reader = Reader::new(variables);
        let development = reader
            .read("environment", |value| {
                parse::one_of(value, &[("production", false), ("development", true)])
            })
            .await;
        let root_path = reader.read("root_path", parse::root_path).await;
        let log_level = reader
            .read("log_level", |value| parse::one_of(value, LEVELS))
            .await;
        let max_body_bytes = reader
            .read("max_body_bytes", |value| {
                parse::number(value, 1, LARGEST_BODY)
            })
            .await;
        let trusted_proxies = reader
            .read("trusted_proxies", |value| {
                parse::number(value, 0, MOST_PROXIES)
            })
            .await;
        let failed_attempts_per_minute = reader
            .read("failed_attempts_per_minute", |value| {
                parse::number(value, 0, MOST_ATTEMPTS)
            })
            .await;
        let callback_paths = reader.read("callback_endpoint_path", parse::paths).await;
        let door = read_door(&mut reader, development).await;
        let data_api = read_data_api(&mut reader).await;

        let problems = reader.into_problems();
        let callback = match (door, data_api) {
            (Some(door), Some(data_api)) if problems.is_empty() => {
                Some(Callback { door, data_api })
            }
            _ => None,
        };
        Self {
            // With the prefix unknown no path below it is known either.
            callback_paths: callback_paths.filter(|_| root_path.is_some()),
            root_path: root_path.unwrap_or_default(),
            log_level: log_level.unwrap_or(Level::Info),
            // Every door is shut where these are wrong; they only bound what is read and logged.
            max_body_bytes: max_body_bytes.unwrap_or(1 << 20),
            trusted_proxies: trusted_proxies.unwrap_or(0),
            failed_attempts_per_minute: failed_attempts_per_minute.unwrap_or(0),
            callback,
            problems,
        }
    }

    /// Whether reading the settings again may give another result: a provider failed.
    pub fn may_pass(&self) -> bool {
        self.problems.iter().any(|problem| problem.passing)
    }
}

async fn read_door(
    reader: &mut Reader<'_, impl Variables>,
    development: Option<bool>,
) -> Option<Door> {
    let mode = reader
        .read("callback_auth_mode", |value| parse::one_of(value, MODES))
        .await;
    let static_token = read_static_tokens(reader).await;
    let jwt = read_jwt(reader).await;

    if mode == Some(Mode::None) && development == Some(false) {
        reader.problem(
            "callback_auth_mode",
            Fault::new("«none» solo se admite con environment=development"),
        );
    }
    let (mode, static_token, jwt) = (mode?, static_token?, jwt?);
    let (no_token, no_key) = (static_token.is_none(), jwt.is_none());
    let lacking = match mode {
        Mode::Optional if no_token && no_key => Some(
            "falta, o falta jwt_public_key: la puerta no tiene ninguna credencial que comprobar",
        ),
        Mode::Required | Mode::Strict if no_token => Some("falta, y callback_auth_mode la exige"),
        _ => None,
    };
    if let Some(lacking) = lacking {
        reader.problem("callback_token", Fault::new(lacking));
    }
    if mode == Mode::Required && no_key {
        let lacking = "falta, y callback_auth_mode=required la exige";
        reader.problem("jwt_public_key", Fault::new(lacking));
    }
    Some(Door {
        rule: match mode {
            Mode::Optional | Mode::Strict => Rule::Any,
            Mode::Required => Rule::All,
            Mode::None => Rule::Open,
        },
        static_token,
        jwt: jwt.filter(|_| mode != Mode::Strict),
    })
}

/// `Some(None)`: no token is set.
async fn read_static_tokens(
    reader: &mut Reader<'_, impl Variables>,
) -> Option<Option<StaticTokens>> {
    let tokens = reader.read("callback_token", parse::tokens).await;
    let headers = reader.read("callback_token_headers", parse::headers).await;
    let (tokens, headers) = (tokens?, headers?);
    Some((!tokens.is_empty()).then_some(StaticTokens { tokens, headers }))
}

/// `Some(None)`: no key is set.
async fn read_jwt(reader: &mut Reader<'_, impl Variables>) -> Option<Option<JwtSettings>> {
    let keys = reader.read("jwt_public_key", parse::keys).await;
    let issuer = reader.read("jwt_issuer", parse::text).await;
    let audience = reader.read("jwt_audience", parse::text).await;
    let leeway = reader
        .read("jwt_leeway_seconds", |value| {
            parse::number(value, 0, LONGEST_LEEWAY)
        })
        .await;
    let (keys, issuer, audience, leeway) = (keys?, issuer?, audience?, leeway?);
    Some(keys.map(|keys| JwtSettings {
        keys,
        issuer,
        audience,
        leeway: Duration::from_secs(leeway as u64),
    }))
}

async fn read_data_api(reader: &mut Reader<'_, impl Variables>) -> Option<DataApi> {
    let chosen = reader
        .read("data_api", |value| {
            parse::one_of(value, &[("embedded", ())])
        })
        .await;
    let utc_offset = reader.read("sam_utc_offset", parse::utc_offset).await;
    chosen?;
    Some(DataApi::Embedded {
        utc_offset: utc_offset?,
    })
}

#[cfg(test)]
mod tests;
