//! What operators and probes ask of the service.

pub mod collect;
pub mod health;
pub mod mailbox;
pub mod outbox;
mod query;
mod request;

pub use request::{OperatorRequest, request};
