//! Variables → typed settings, here and nowhere else. All problems are found at once, and an endpoint
//! gets its settings only when every one it depends on is right.

mod access;
mod alerts;
mod data_api;
mod error;
mod jwt;
mod level;
mod mailbox;
mod parse;
mod pasted;
mod reader;
mod sam;
mod secret;
mod secrets;
mod settings;
mod setup;
mod signature_keys;
mod table_names;
mod utc_offset;

use std::borrow::Cow;
use std::time::Duration;

use crate::http::ClientAddress;
use crate::ports::Variables;
use reader::Reader;
use table_names::{BLIZWORK_TABLE, CAL_TABLE, WEBHOOK_TABLES};

pub use access::{
    AccessSettings, BodySignatureSettings, CallTokenSettings, Requirement, StaticTokens,
};
pub use alerts::AlertSettings;
pub use data_api::{
    DataApiSettings, OAuthSettings, Readers, RemoteSettings, ServerSettings, Table, WriteTarget,
};
pub use error::Problem;
pub use jwt::{JwtSettings, PublishedKeysSettings};
pub use level::Level;
pub use mailbox::CollectSettings;
pub use sam::{CALLBACK_INFO, COLUMNS, ESTADO, FINAL_STATES, LONGEST_STATE, Name, OTHER_STATES};
pub use secret::Secret;
pub use setup::{Noted, Setup};
pub use signature_keys::{SignatureKeyError, SignatureKeys};
pub use table_names::{ACTIVITY_TABLE, TableNames};
pub use utc_offset::UtcOffset;

/// What an operator has set, as far as it is right.
#[derive(Debug)]
pub struct Config {
    /// Prefix of every path: empty, or `/…` without a slash at its end.
    pub root_path: String,
    /// Log lines below this are left out.
    pub log_level: Level,
    /// Largest request body that is accepted, in bytes.
    pub max_body_bytes: usize,
    /// Who says what the caller's address is.
    pub client_address: ClientAddress,
    /// How many failed attempts a client has in a minute; 0: any number.
    pub failed_attempts_per_minute: usize,
    /// Paths of the callback below the root. `None`: a setting is wrong.
    pub callback_paths: Option<Vec<String>>,
    /// What changes are delivered to. `None`: a setting is wrong, and no source's endpoint works.
    pub data_api: Option<DataApiSettings>,
    /// Rows are in the embedded store, and nobody has said that this is for trying things out.
    pub leaves_sam_untouched: bool,
    /// States of `Ejecuciones` that no callback changes; empty where the setting is wrong.
    pub final_states: Cow<'static, [Name]>,
    /// What tables are called there.
    pub table_names: TableNames,
    /// Whether there is a history of activity.
    pub keeps_activity: bool,
    /// Who may send callbacks. `None`: a setting is wrong, or none is set.
    pub callback: Option<AccessSettings>,
    /// Who may send messages. `None`: a setting is wrong, or none is set.
    pub messages: Option<AccessSettings>,
    /// How many messages, or events of Cal.com, a client has in a minute; 0: any number.
    pub messages_per_minute: usize,
    /// Who may send Cal.com's events. `None`: a setting is wrong, or none is set.
    pub cal: Option<AccessSettings>,
    /// Who is BlizWork. Without it its endpoint is not there.
    pub blizwork: Setup<AccessSettings>,
    /// Who is an operator. Without it there is no `/admin`.
    pub admin: Setup<AccessSettings>,
    /// How many minutes a row may be active without a callback before it is overdue.
    pub overdue_minutes: usize,
    /// Where alerts go. `None`: nobody wants any, or a setting is wrong.
    pub alerts: Option<AlertSettings>,
    /// Who may collect from the mailbox that this instance is. Without `data_api=mailbox` there is none.
    pub mailbox: Setup<AccessSettings>,
    /// The mailbox that this instance collects from.
    pub collect: Setup<CollectSettings>,
    /// How long a change may wait in the outbox.
    pub outbox_max_age: Duration,
    /// The values of the settings that hold secrets, as they are set: for what must not show them.
    pub secrets: Vec<Secret>,
    /// Everything that is wrong, for the log and for readiness.
    pub problems: Vec<Problem>,
    /// What is used but should not be left so, for the log.
    pub warnings: Vec<Problem>,
}

/// A body is in the instance's memory several times over while it is processed, up to 16 requests
/// share an instance, and an edge host gives it 128 MiB: more than the default needs a roomier one.
const LARGEST_BODY: usize = 10 << 20;

const MOST_PROXIES: usize = 16;

/// A year, in hours.
const LONGEST_AGE: usize = 8760;

/// A year, in minutes.
pub const MOST_OVERDUE_MINUTES: usize = 60 * LONGEST_AGE;

/// `overdue_minutes` of `spin.toml`.
const USUAL_OVERDUE_MINUTES: usize = 60;

/// The time of each failed attempt of a minute is kept, and of each message.
const MOST_A_MINUTE: usize = 1000;

impl Config {
    /// Reads every setting. Never fails: what is wrong is in `problems`, and what depends on it is not
    /// there.
    pub async fn load(variables: &impl Variables) -> Self {
        let mut reader = Reader::load(variables).await;
        let is_development = reader.read(settings::ENVIRONMENT, |value| {
            parse::one_of(value, &[("production", false), ("development", true)])
        });
        reader.is_development = is_development == Ok(true);
        let root_path = reader.read(settings::ROOT_PATH, parse::root_path);
        let log_level = reader.read(settings::LOG_LEVEL, |value| {
            parse::one_of(value, level::LEVELS)
        });
        let mut number =
            |setting, least, most| reader.read(setting, |value| parse::number(value, least, most));
        let max_body_bytes = number(settings::MAX_BODY_BYTES, 1, LARGEST_BODY);
        let trusted_proxies = number(settings::TRUSTED_PROXIES, 0, MOST_PROXIES);
        let failed_attempts_per_minute =
            number(settings::FAILED_ATTEMPTS_PER_MINUTE, 0, MOST_A_MINUTE);
        let outbox_max_age = number(settings::OUTBOX_MAX_AGE_HOURS, 1, LONGEST_AGE);
        let client_address = read_client_address(&mut reader, trusted_proxies);
        // An operator is to be let in where the data API's settings are wrong, and to read just that.
        let is_bounded = reader.is_sound();
        let data_api = data_api::read(&mut reader);
        let is_mailbox = matches!(data_api, Ok(DataApiSettings::Mailbox));
        // So far what all endpoints depend on; what is wrong with one does not stop another.
        let is_sound = reader.is_sound();
        let callback_paths = reader.read(settings::CALLBACK_ENDPOINT_PATH, parse::paths);
        let callback = access::read_callback(&mut reader, is_development);
        let final_states = reader.read(settings::SAM_FINAL_STATES, parse::final_states);
        let messages = access::read_messages(&mut reader);
        let messages_per_minute = reader.read(settings::WEBHOOK_RATE_LIMIT_PER_MINUTE, |value| {
            parse::number(value, 0, MOST_A_MINUTE)
        });
        let cal = access::read_cal(&mut reader);
        let blizwork = access::read_blizwork(&mut reader);
        let admin = access::read_admin(&mut reader);
        let readers = data_api::read_readers(&mut reader);
        let overdue_minutes = reader.read(settings::OVERDUE_MINUTES, |value| {
            parse::number(value, 1, MOST_OVERDUE_MINUTES)
        });
        let alerts = alerts::read(&mut reader);
        let mailbox = mailbox::read_access(&mut reader, is_mailbox);
        let collect = mailbox::read_collect(&mut reader);
        let mut table_names = TableNames::default();
        let webhook_tables =
            table_names.read(&mut reader, settings::WEBHOOK_TABLES, WEBHOOK_TABLES);
        let cal_table = table_names.read(&mut reader, settings::CAL_TABLE, CAL_TABLE);
        let blizwork_table =
            table_names.read(&mut reader, settings::BLIZWORK_TABLE, BLIZWORK_TABLE);
        let keeps_activity = table_names.read_activity(&mut reader, &data_api);
        let reused = secrets::reused(&mut reader);
        let is_own = |setting| !reused.contains(&setting);
        let secret_values = reader.secrets();
        let (problems, warnings) = reader.into_notes();

        let data_api = data_api.ok().filter(|_| is_sound);
        let data_api = data_api.map(|chosen| chosen.with_readers(readers));
        let can_deliver = data_api.is_some();
        let messages_can = can_deliver && webhook_tables && messages_per_minute.is_ok();
        let callback_can = can_deliver && callback_paths.is_ok() && final_states.is_ok();
        let utc_offset = data_api.as_ref().map(DataApiSettings::utc_offset);
        let destination = alerts.ok().flatten().zip(utc_offset);
        let alerts = destination.zip(root_path.as_ref().ok());
        let is_embedded = matches!(data_api, Some(DataApiSettings::Embedded { .. }));
        Self {
            alerts: alerts.map(|((to, utc_offset), root_path)| to.with(utc_offset, root_path)),
            // With the prefix unknown no path below it is known either.
            callback_paths: callback_paths.ok().filter(|_| root_path.is_ok()),
            root_path: root_path.unwrap_or_default(),
            log_level: log_level.unwrap_or(Level::Info),
            // No endpoint works where these are wrong; they only bound what is read and logged.
            max_body_bytes: max_body_bytes.unwrap_or(1 << 20),
            client_address: client_address.unwrap_or(ClientAddress::Peer),
            failed_attempts_per_minute: failed_attempts_per_minute.unwrap_or(0),
            callback: callback
                .ok()
                .filter(|_| callback_can && is_own(settings::CALLBACK_TOKEN)),
            messages: messages
                .ready()
                .filter(|_| messages_can && is_own(settings::WEBHOOK_SECRET)),
            cal: cal.ready().filter(|_| {
                can_deliver
                    && cal_table
                    && messages_per_minute.is_ok()
                    && is_own(settings::CAL_SECRET)
            }),
            messages_per_minute: messages_per_minute.unwrap_or(0),
            blizwork: blizwork.only_if(can_deliver && blizwork_table),
            leaves_sam_untouched: is_embedded && is_development == Ok(false),
            final_states: final_states.unwrap_or_default(),
            data_api,
            table_names,
            keeps_activity,
            admin: admin.only_if(is_bounded && is_own(settings::ADMIN_TOKEN)),
            overdue_minutes: overdue_minutes.unwrap_or(USUAL_OVERDUE_MINUTES),
            mailbox: mailbox.only_if(is_sound && is_own(settings::MAILBOX_TOKEN)),
            collect: collect.only_if(is_sound && is_own(settings::COLLECT_TOKEN)),
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
        matches!(self.data_api, None | Some(DataApiSettings::Embedded { .. }))
    }

    /// Whether reading the settings again may give another result: a provider failed.
    pub fn has_transient_problem(&self) -> bool {
        self.problems.iter().any(|problem| problem.is_transient)
    }
}

fn read_client_address(
    reader: &mut Reader,
    trusted_proxies: Result<usize, Noted>,
) -> Result<ClientAddress, Noted> {
    let setting = settings::CLIENT_ADDRESS_HEADER;
    let header = reader.read(setting, parse::address_header)?;
    match (header, trusted_proxies?) {
        (Some(_), 1..) => {
            let what = "no se puede usar junto con trusted_proxies: deje una de las dos";
            Err(reader.problem(setting, error::SettingError::new(what)))
        }
        (Some(header), 0) => Ok(ClientAddress::Header(header)),
        (None, 0) => Ok(ClientAddress::Peer),
        (None, proxies) => Ok(ClientAddress::Forwarded(proxies)),
    }
}

#[cfg(test)]
mod tests;
