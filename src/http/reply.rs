//! What goes out. Every reply has `content-type`, `content-length` and `x-request-id`.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::http::message::{self, Headers, StatusCode};

/// A reply, complete.
pub type Response = message::Response<Vec<u8>>;

/// When a caller that gets 503 may try again.
const PAUSE: Duration = Duration::from_secs(30);

/// What is wrong with each of some fields or settings, by its name: an object of texts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<(&'static str, String)>);

impl FieldErrors {
    /// Adds what is wrong with `name`. What was said of it first stands.
    pub fn add(&mut self, name: &'static str, what: String) {
        if self.0.iter().all(|(known, _)| *known != name) {
            self.0.push((name, what));
        }
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<(&'static str, String)> for FieldErrors {
    fn from(one: (&'static str, String)) -> Self {
        Self(vec![one])
    }
}

/// `name: what; name: what`
impl fmt::Display for FieldErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, what)) in self.0.iter().enumerate() {
            let before = if index == 0 { "" } else { "; " };
            write!(formatter, "{before}{name}: {what}")?;
        }
        Ok(())
    }
}

impl Serialize for FieldErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, what)| (name, what)))
    }
}

/// `status` of a reply that says yes.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
pub enum Yes {
    /// The only word there is.
    #[serde(rename = "OK")]
    Ok,
}

/// `status` of a reply that says no.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
pub enum No {
    /// The only word there is.
    #[serde(rename = "ERROR")]
    Error,
}

/// A reply in the making.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    content_type: &'static str,
    headers: Headers,
    body: Vec<u8>,
}

impl Reply {
    /// A JSON reply.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Self {
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        let body = serde_json::to_vec(body).expect("replies are plain structures");
        Self::json_bytes(status, body)
    }

    /// A reply whose body is JSON already.
    pub fn json_bytes(status: StatusCode, body: Vec<u8>) -> Self {
        Self::of_type("application/json", status, body)
    }

    /// A reply of another kind.
    pub fn of_type(content_type: &'static str, status: StatusCode, body: Vec<u8>) -> Self {
        Self {
            status,
            content_type,
            headers: Headers::default(),
            body,
        }
    }

    /// With one header more.
    pub fn with(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.add(name, value);
        self
    }

    /// With word that the caller may try again in half a minute.
    pub fn retry_later(self) -> Self {
        self.retry_after(PAUSE)
    }

    /// With word when the caller may try again, in whole seconds and not too early.
    pub fn retry_after(self, pause: Duration) -> Self {
        let seconds = pause.as_millis().div_ceil(1000);
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        self.with("retry-after", seconds.to_string())
    }

    /// Not to be cached: it is for this caller alone.
    pub fn uncached(self) -> Self {
        self.with("cache-control", "no-store")
    }

    /// The reply as it goes out.
    pub fn into_response(self, request_id: &str) -> Response {
        let Self {
            status,
            content_type,
            mut headers,
            body,
        } = self;
        headers.add("content-type", content_type);
        // Without it the host sends chunks, and a caller waits 40 ms for the second one.
        headers.add("content-length", body.len().to_string());
        // A request id is made of header-safe characters only, whoever made it.
        headers.add("x-request-id", request_id);
        Response {
            status,
            headers,
            body,
        }
    }
}
