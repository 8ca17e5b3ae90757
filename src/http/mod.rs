//! HTTP: what is taken in, and what goes out. No source, no credential, no payload.

mod client;
mod disposition;
pub mod json;
pub mod message;
mod receive;
mod refusal;
mod reply;
mod request_id;

pub use client::client_address;
pub use disposition::Disposition;
pub use receive::{Incoming, Received, require_identity, require_json};
#[cfg(test)]
pub use refusal::{ErrorBody, InternalBody};
pub use refusal::{ErrorSummary, Refusal};
pub use reply::{FieldErrors, No, Reply, Response, Yes};
pub use request_id::request_id;
