//! Programs that tests start.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// Variables that would send a request to this machine elsewhere.
const PROXIES: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

/// A program that finds this machine by its own address, and nothing to read.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.stdin(Stdio::null());
    for name in PROXIES {
        command.env_remove(name);
    }
    command
}

/// The same, with the name that this variable has.
#[allow(dead_code, reason = "the guide's programs have the names that it says")]
pub fn named_by(variable: &str) -> Command {
    let named = std::env::var_os(variable);
    program(named.unwrap_or_else(|| panic!("{variable} is set; `cargo xtask test` does that")))
}
