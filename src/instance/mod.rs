//! What one instance remembers, for as long as the host keeps it.

mod breaker;
mod deadline;
pub mod deduplication;
mod gauge;
pub mod key_locks;
pub mod rate_limiter;
mod single_flight;
mod together;
pub mod unix_time;

pub use breaker::Breaker;
pub use deadline::within;
pub use gauge::{Gauge, GaugeGuard};
pub use single_flight::SingleFlightCache;
pub use together::together;
