//! Reads a Spin application's files, spin.toml and runtime-config.toml, and answers what they say:
//! what the component is, what its variables are, what it may reach.
//!
//! Rules and defaults are Spin's; what only Spin itself can serve is refused in a sentence. No
//! error and no `Debug` output contains a variable's value. Nothing here runs anything.

mod allowed_hosts;
mod component;
pub mod dotenv;
mod environment;
mod manifest;
mod names;
mod runtime;
mod section;
mod store;
mod template;
mod trigger;
mod variables;

pub use allowed_hosts::AllowedHosts;
pub use component::STORE;
pub use manifest::Manifest;
pub use runtime::{OutboundHttp, RuntimeConfig};
pub use store::{RedisUrl, StoreLocation};
pub use variables::{VariableError, Variables};

#[cfg(test)]
mod tests;
