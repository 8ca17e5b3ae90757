//! What operators and probes ask of the service.

pub mod health;
pub mod metrics;
pub mod outbox;
pub mod overdue;
pub mod overview;
mod query;
pub mod refusals;
mod request;
mod time;
pub mod trace;

pub use request::{OperatorRequest, request};
