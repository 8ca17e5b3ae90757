//! sam-callback: hears that a robot has finished and puts that into SAM's database.
//!
//! # Layout
//! A module imports from those below it, never from those above; `imports.rs` holds them to it.
//!
//! - [`app`]: one request's way, from the host's ports to the reply
//! - [`sources`]: who notifies; one file a source
//! - [`operations`], [`interface`]: what operators ask; the description of the interface
//! - [`credentials`]: what callers are let in by; one file a credential, and the policy
//! - [`delivery`]: changes, the data APIs that take them, and the outbox
//! - [`audit`], [`outbound`]: the log; a request to another service
//! - [`config`]: variables as typed settings
//! - [`instance`]: what an instance remembers
//! - [`http`]: messages, bodies, addresses, replies
//! - [`ports`]: what the component needs from a host, as traits; `spin` has them on Spin's SDK
//! - `sorting`: a sort that is small

pub mod app;
pub mod audit;
pub mod config;
pub mod credentials;
pub mod delivery;
pub mod http;
pub mod instance;
pub mod interface;
pub mod operations;
pub mod outbound;
pub mod ports;
mod sorting;
pub mod sources;

#[cfg(test)]
mod imports;
#[cfg(target_arch = "wasm32")]
mod spin;
#[cfg(test)]
mod testing;
