//! What the component needs from a host, as traits. `spin.rs` has them on Spin's SDK; the
//! tests have fakes. Nothing below `app.rs` reaches a clock, randomness or storage another way.
//!
//! The requests of an instance are tasks of the host, and none can wake another: a request that
//! waits for another one, on a lock or a channel, would trap. It has to look again after a
//! [`Clock::sleep`].

// One thread runs an instance, so no caller needs the futures to be `Send`.
#![allow(async_fn_in_trait)]

use std::time::{Duration, SystemTime};

/// All ports of one host.
pub trait Host: Variables + KeyValue + Clock + Random + Log {}

impl<T: Variables + KeyValue + Clock + Random + Log> Host for T {}

/// The application's settings as the host has them.
pub trait Variables {
    /// The value of the variable `name`; an unset one has its default of `spin.toml`.
    async fn variable(&self, name: &str) -> Result<String, VariableError>;
}

/// Why a variable has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// `spin.toml` does not give it to the component.
    #[error("not declared")]
    Undeclared,
    /// A provider failed; the next attempt may succeed.
    #[error("the provider failed")]
    Unreadable,
}

/// The host's default key-value store. Last write wins; there is no compare-and-set.
pub trait KeyValue {
    /// The value under `key`, if there is one.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Sets `key`; when this returns `Ok` the value outlives the instance.
    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError>;
}

/// The key-value store did not do what was asked. The text is the host's and holds no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// The host's clocks.
pub trait Clock {
    /// Wall-clock time, UTC.
    fn now(&self) -> SystemTime;
    /// Time since an arbitrary moment; never goes back.
    fn monotonic(&self) -> Duration;
    /// Returns when `time` has passed; the instance's other requests go on meanwhile.
    async fn sleep(&self, time: Duration);
}

/// The host's cryptographically secure randomness.
pub trait Random {
    /// 128 random bits.
    fn random(&self) -> u128;
}

/// Where log lines go: the component's standard output.
pub trait Log {
    /// Writes one line; `line` has no line break in it.
    fn log(&self, line: &str);
}
