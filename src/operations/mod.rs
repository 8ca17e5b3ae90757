//! What operators and probes ask of the service.

pub mod health;
pub mod metrics;
pub mod outbox;
pub mod overview;
mod query;
mod request;
mod time;

pub use request::{OperatorRequest, request};
