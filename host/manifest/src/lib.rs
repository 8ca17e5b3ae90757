//! Reads a Spin application's files, spin.toml and runtime-config.toml: what the component is, what
//! its variables are, what it may reach.
//!
//! Rules and defaults are Spin's; what this application does not use of Spin is refused in a
//! sentence. No error and no `Debug` output contains a variable's value.
//!
//! # Layout
//! | files | |
//! | --- | --- |
//! | `manifest`, `trigger`, `component` | spin.toml |
//! | `runtime`, `store` | runtime-config.toml |
//! | `variables`, `environment`, `dotenv`, `template`, `names` | variables, and who provides them |
//! | `allowed_hosts` | `allowed_outbound_hosts`, with variables filled in |
//! | `section` | a table of a TOML file, whose errors quote no value |

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
