//! HTTP: messages, bodies, the client's address, and replies. It knows no source, credential or payload.

mod client;
mod content;
mod disposition;
pub mod json;
pub mod message;
mod receive;
mod refusal;
mod reply;
mod request_id;
mod trace_context;

pub use client::{ClientAddress, client_address};
pub use content::{require_identity, require_json};
pub use disposition::Disposition;
pub use receive::{IncomingBody, Received};
#[cfg(test)]
pub use refusal::{ErrorBody, InternalBody};
pub use refusal::{ErrorSummary, Refusal};
pub use reply::{FieldErrors, No, Reply, Response, Yes};
pub use request_id::request_id;
pub use trace_context::TraceContext;
