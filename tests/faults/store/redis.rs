//! A Redis server that Spin keeps its store in.

use std::sync::Arc;

use support::redis::Redis;

use super::Failing;

/// Longer than any fault lasts.
const PAUSE_MS: &str = "600000";

/// Lets the store fail like this until the returned function is called.
pub fn fail(redis: &Arc<Redis>, how: Failing) -> Box<dyn FnOnce()> {
    let permissions: &[&str] = match how {
        Failing::Sets => &["set"],
        Failing::Deletes => &["del"],
        Failing::Everything => &["set", "del", "get", "scan", "keys", "exists"],
        Failing::Locked => {
            redis.command(&["CLIENT", "PAUSE", PAUSE_MS, "WRITE"]);
            let redis = Arc::clone(redis);
            return Box::new(move || redis.command(&["CLIENT", "UNPAUSE"]));
        }
    };
    allow(redis, '-', permissions);
    let redis = Arc::clone(redis);
    Box::new(move || allow(&redis, '+', permissions))
}

/// Lets the server's user give these commands, or not.
fn allow(redis: &Redis, sign: char, commands: &[&str]) {
    let rules: Vec<_> = commands
        .iter()
        .map(|name| format!("{sign}{name}"))
        .collect();
    let rules = rules.iter().map(String::as_str);
    let command: Vec<_> = ["ACL", "SETUSER", "default"]
        .into_iter()
        .chain(rules)
        .collect();
    redis.command(&command);
}

/// Sets a key, or deletes it.
pub fn set(redis: &Redis, key: &str, value: Option<&str>) {
    match value {
        Some(value) => redis.command(&["SET", key, value]),
        None => redis.command(&["DEL", key]),
    }
}
