//! What one instance remembers, for as long as the host keeps it.

mod breaker;
mod deadline;

pub use breaker::Breaker;
pub use deadline::within;
