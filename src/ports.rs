//! What the component needs from a host, as traits. `spin` has them on Spin's SDK; the
//! tests have fakes. Nothing below `app/` reaches a clock, randomness or storage another way.
//!
//! The requests of an instance are tasks of the host, and none can wake another: a request that
//! waits for another one, on a lock or a channel, would trap. It has to look again after a
//! [`Clock::sleep`].

// One thread runs an instance, so no caller needs the futures to be `Send`.
#![allow(async_fn_in_trait)]

use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::http::message::{Body, Request, Response};

/// All ports of one host.
pub trait Host: Variables + KeyValue + Outbound + Clock + Random + Log {}

impl<T: Variables + KeyValue + Outbound + Clock + Random + Log> Host for T {}

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
    /// Removes `key`, if it is there.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;
    /// Lists the keys there are, in any order, until `each` has seen enough. There may be far more
    /// than fit in memory.
    async fn keys(&self, each: impl FnMut(&str) -> ControlFlow<()>) -> Result<(), StoreError>;
}

/// The key-value store did not do what was asked. The text is the host's and holds no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// HTTP requests to other services.
pub trait Outbound {
    /// A reply's body.
    type Body: Body<Error = SendError>;
    /// Sends a request, whose target is a URL, and returns when the reply's head is there. A
    /// redirect is a reply like any other. Dropping the future, or the body, ends the exchange.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Self::Body>, SendError>;
}

/// Why a request got no reply, or not the whole of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// `spin.toml`, or the operator's network rules, keep the component from that place.
    #[error("the host does not allow requests there")]
    Denied,
    /// Nobody listens there, or no way leads there.
    #[error("connection refused")]
    Refused,
    /// The name has no address.
    #[error("host name not found")]
    Unresolved,
    /// Closed or reset before all of the reply was there, or what came was no HTTP.
    #[error("connection broken")]
    Broken,
    /// TLS failed: a certificate that is not trusted, for instance.
    #[error("TLS failed")]
    Tls,
    /// The host's own deadline passed.
    #[error("the host gave up waiting")]
    TimedOut,
    /// Anything else, in the host's words.
    #[error("{0}")]
    Other(String),
}

/// The host's clocks.
pub trait Clock {
    /// Wall-clock time, UTC.
    fn now(&self) -> SystemTime;
    /// Time since an arbitrary time; never goes back.
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
