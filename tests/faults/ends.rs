//! The instances that a run has: one that callers reach and that has the data API; or a mailbox, and one
//! behind it that has the data API.

use std::net::SocketAddr;

use support::redis::Redis;
use support::server::Server;
use support::signatures;

use crate::blizwork::{self, BlizWork};
use crate::bookings;
use crate::data_api::{self, DataApi};
use crate::dialect::Dialect;
use crate::mailbox::{self, Inner};
use crate::operator;
use crate::store::Store;

/// As the shipped runtime-config.toml has it.
const OUTBOUND: &str = "[outbound_http]\nconnection_pooling = true";

/// What they need.
pub struct Ends<'a> {
    pub dialect: Dialect,
    pub data_api: &'a DataApi,
    pub blizwork: &'a BlizWork,
    /// The store of the one that callers reach, where that is no file.
    pub redis: Option<&'a Redis>,
    pub flags: &'static [&'static str],
}

impl Ends<'_> {
    /// The instance that callers reach, and the one behind it.
    pub fn start(&self, is_mailbox: bool) -> (Server, Option<Inner>) {
        let of_callers = callers_settings(self.blizwork);
        let of_data_api = data_api_settings(self.dialect, self.data_api);
        if !is_mailbox {
            let settings = [of_callers, of_data_api].concat();
            return (server(&settings, self.redis, self.flags), None);
        }
        let settings = [of_callers, mailbox_settings()].concat();
        let front = server(&settings, self.redis, self.flags);
        let collecting = collecting_settings(front.address);
        let settings = [of_data_api, collecting].concat();
        let inner = inner_server(&settings, front.address, self.flags);
        (front, Some(inner))
    }
}

type Settings = Vec<(&'static str, String)>;

/// What callers need, and operators.
fn callers_settings(blizwork: &BlizWork) -> Settings {
    let secrets = format!("{} {}", signatures::SECRET, signatures::STANDARD);
    vec![
        ("webhook_secret", secrets),
        ("webhook_rate_limit_per_minute", "0".to_owned()),
        ("cal_secret", bookings::SECRET.to_owned()),
        ("blizwork_api_origin", blizwork.origin()),
        ("blizwork_api_token", blizwork::API_TOKEN.to_owned()),
        ("blizwork_endpoint_url", blizwork::ENDPOINT.to_owned()),
        ("admin_token", operator::TOKEN.to_owned()),
    ]
}

fn data_api_settings(dialect: Dialect, data_api: &DataApi) -> Settings {
    vec![
        ("data_api", dialect.name().to_owned()),
        ("data_api_origin", data_api.origin()),
        ("data_api_timeout_ms", data_api::TIMEOUT_MS.to_string()),
        ("activity_table", "actividad".to_owned()),
        // The overview would ask for it, which breaks no promise and is no change.
        ("sam_overdue_procedure", "-".to_owned()),
    ]
}

fn mailbox_settings() -> Settings {
    vec![
        ("data_api", "mailbox".to_owned()),
        ("mailbox_token", mailbox::TOKEN.to_owned()),
    ]
}

fn collecting_settings(mailbox: SocketAddr) -> Settings {
    vec![
        ("admin_token", operator::TOKEN.to_owned()),
        ("collect_origin", format!("http://{mailbox}")),
        ("collect_token", mailbox::TOKEN.to_owned()),
    ]
}

/// The instance behind a mailbox; its store is in a file.
fn inner_server(
    settings: &[(&'static str, String)],
    mailbox: SocketAddr,
    flags: &'static [&'static str],
) -> Inner {
    let server = server(settings, None, flags);
    let store = Store::Sqlite(server.state.path().join("sqlite_key_value.db"));
    Inner {
        server,
        store,
        mailbox,
    }
}

/// The server, with everything set up.
fn server(
    settings: &[(&'static str, String)],
    redis: Option<&Redis>,
    flags: &'static [&'static str],
) -> Server {
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        // The journal says more, and a long run's log is long.
        .chain([("log_level", "error")])
        .collect();
    Server::start_prepared_with(&settings, flags, |folder| {
        if let Some(redis) = redis {
            let config = redis.runtime_config(OUTBOUND);
            std::fs::write(folder.join("runtime-config.toml"), config).expect("it is written");
        }
    })
}
