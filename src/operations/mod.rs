//! What operators and probes ask of the service.

pub mod health;
pub mod outbox;
pub mod overdue;
mod query;
pub mod refusals;
mod request;
pub mod trace;

pub use request::{OperatorRequest, request};
