//! What the service says of itself, against the built component: the page at /docs in a real
//! browser, and /openapi.json compared with the replies by schemathesis.
//!
//! The server is the one that `SAM_CALLBACK_SERVER` names, as for the tests over HTTP; the others are
//! `SAM_CALLBACK_CHROMEDRIVER` and `SAM_CALLBACK_SCHEMATHESIS`. `cargo xtask test` sees to all three.

mod document;
mod page;
#[path = "../over_http/server.rs"]
#[allow(
    dead_code,
    reason = "made for the tests over HTTP, which need more of it"
)]
mod server;
mod webdriver;

use std::process::{Command, Stdio};

/// The program that this variable names, which finds this machine by its own address, and nothing to
/// read.
fn program(variable: &str) -> Command {
    let named = std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is set; `cargo xtask test` does that"));
    let mut command = Command::new(named);
    command.stdin(Stdio::null());
    for name in PROXIES {
        command.env_remove(name);
    }
    command
}

/// Variables that would send a request to this machine elsewhere.
const PROXIES: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
