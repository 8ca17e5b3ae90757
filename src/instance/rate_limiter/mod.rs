//! A rate limiter by client: so many failed attempts, or so many messages, in a sliding minute, then 429
//! until the minute is over. Whoever has valid credentials is never counted as a failed attempt.
//!
//! An instance counts exactly what it sees itself. Instances learn of each other's counts through the
//! key-value store as well as that can tell, which has no counters: the last write wins, and an edge
//! host allows some 50 writes a second for a whole application. So each instance has a token bucket for
//! its accesses, and an attacker with many addresses gets no more than that out of it. Counts are written
//! after the reply, except the one that uses a client's attempts up: that is written before.

mod client;
mod limiter;
mod sliding_window;
mod stored;
mod tally;
mod token_bucket;

pub use client::Client;
pub use limiter::{Decision, RateLimiter};
pub use token_bucket::TokenBucket;

/// The rate limiters of one instance.
pub struct RateLimiters {
    /// Requests without a valid credential.
    pub failed: RateLimiter,
    /// Notifications of sources that accept so many in a minute.
    pub notifications: RateLimiter,
    /// Requests whose credential another service has refused. They are no guesses, and never lead to 429.
    pub checked: RateLimiter,
}

impl Default for RateLimiters {
    fn default() -> Self {
        Self {
            failed: RateLimiter::new("attempts"),
            notifications: RateLimiter::new("arrivals"),
            checked: RateLimiter::new("checks"),
        }
    }
}
