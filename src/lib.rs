//! sam-callback: hears that a robot has finished and puts that into SAM's database.
//!
//! The way of one request is in [`app`]; this file only hands the host's ports to it.

pub mod admin;
pub mod app;
pub mod attempts;
pub mod audit;
pub mod config;
pub mod credentials;
pub mod delivery;
pub mod health;
pub mod held;
pub mod http;
pub mod instance;
pub mod interface;
pub mod json;
pub mod message;
pub mod milliseconds;
pub mod ports;
pub mod seen;
pub mod sources;

#[cfg(target_arch = "wasm32")]
mod spin;
#[cfg(test)]
mod testing;
