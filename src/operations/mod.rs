//! What operators and probes ask of the service.

pub mod health;
pub mod outbox;
