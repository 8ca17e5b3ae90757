//! Callbacks reach SAM's database, through servers that speak as the real ones do.

mod activity;
mod dab;
mod failures;
mod postgrest;

use serde_json::{Value, json};
use support::server::Server;

const HOSTILE: [&str; 7] = [
    "x'); drop table--",
    "../../admin",
    "a/b?c=d&e",
    "*",
    ",",
    "%2F",
    "ñandú \u{1f916}",
];

fn start(settings: &[(&'static str, String)], more: &[(&str, &str)]) -> Server {
    Server::start(&[&borrowed(settings), more].concat())
}

fn start_patient(settings: &[(&'static str, String)], more: &[(&str, &str)]) -> Server {
    Server::start_patient(&[&borrowed(settings), more].concat())
}

fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    let settings = settings.iter();
    settings
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

fn callback(deployment_id: &str, status: &str) -> String {
    json!({"deploymentId": deployment_id, "status": status, "botOutput": {"ñ": "\"1\""}})
        .to_string()
}

fn result(server: &Server, deployment_id: &str, status: &str) -> (u16, Value) {
    let reply = server.callback(callback(deployment_id, status));
    let body = reply.json();
    let word = ["result", "code"].iter().find_map(|name| body.get(name));
    (reply.status, word.cloned().unwrap_or_default())
}
