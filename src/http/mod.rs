//! HTTP: what is taken in, and what goes out. No source, no credential, no payload.

mod client;
pub mod json;
pub mod message;
mod receive;
mod refusal;
mod reply;
mod request_id;

pub use client::client_address;
pub use receive::{Incoming, Received, require_identity, require_json};
#[cfg(test)]
pub use refusal::{ErrorBody, InternalBody};
pub use refusal::{Refusal, Told};
pub use reply::{No, Reply, Response, Wrong, Yes};
pub use request_id::request_id;
