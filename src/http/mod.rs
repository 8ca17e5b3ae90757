//! HTTP: which path is whose, what is taken in, and what goes out. No credential, no payload.

mod client;
mod receive;
mod refusal;
mod reply;
mod request_id;
mod routes;

pub use client::client_address;
pub use receive::{Incoming, Received, require_identity, require_json};
#[cfg(test)]
pub use refusal::{ErrorBody, InternalBody};
pub use refusal::{Refusal, Told};
pub use reply::{No, Reply, Response, Wrong, Yes};
pub use request_id::request_id;
pub use routes::{Endpoint, Route, Routes};
