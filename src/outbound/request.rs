//! One request to another service: what every one of them carries, and its reply, within a time.

use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde_json::Value as Json;

use super::body::{BodyError, ErrorDetail};
use super::error::OutboundError;
use super::verdict::Verdict;
use crate::http::json;
use crate::http::message::{Body, Headers, Request, Response, StatusCode};
use crate::instance::within;
use crate::ports::{Clock, Outbound, SendError};

/// Longest reply that is read.
const LONGEST_REPLY: usize = 1 << 20;

/// The content type of nearly all that is sent, and of all that is wanted.
pub const JSON: &str = "application/json";

/// How much of a reply is read at a time, which is all of most.
const PIECE: usize = 4 << 10;

/// A reply that was read to its end.
#[derive(Debug)]
pub struct OutboundReply {
    /// Its status.
    pub status: StatusCode,
    /// Its body.
    pub body: Vec<u8>,
}

impl OutboundReply {
    /// The body as JSON.
    pub fn json(&self) -> Result<Json, OutboundError> {
        json::parse(&self.body).map_err(|error| {
            OutboundError::InvalidBody(self.status, BodyError::of(&self.body, &error))
        })
    }

    /// The body is JSON, but not what was promised.
    pub fn unexpected(&self) -> OutboundError {
        OutboundError::InvalidBody(self.status, BodyError::Shape)
    }
}

/// A name or key as one piece of a path or a query, whatever is in it.
pub fn encoded(text: &str) -> PercentEncode<'_> {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    utf8_percent_encode(text, ENCODED)
}

/// A request that wants JSON, and may bring something of a content type.
pub fn json_request(
    method: &str,
    url: String,
    mut headers: Headers,
    content: Option<(&str, Bytes)>,
) -> Request<Bytes> {
    headers.set("accept", JSON);
    let mut body = Bytes::new();
    if let Some((content_type, content)) = content {
        headers.set("content-type", content_type);
        // Without it the body goes out in chunks, and the server waits for the last one.
        headers.set("content-length", content.len().to_string());
        body = content;
    }
    Request {
        method: method.to_owned(),
        target: url,
        headers,
        body,
    }
}

/// Sends a request once and reads the reply to its end. Any status but 2xx is an error.
pub async fn send_once(
    host: &(impl Clock + Outbound),
    request: Request<Bytes>,
    limit: Duration,
) -> Result<OutboundReply, OutboundError> {
    send_for(host, request, limit, LONGEST_REPLY).await
}

/// The same for a reply of up to so many bytes.
pub async fn send_for(
    host: &(impl Clock + Outbound),
    request: Request<Bytes>,
    limit: Duration,
    longest: usize,
) -> Result<OutboundReply, OutboundError> {
    let until = host.monotonic() + limit;
    let late = OutboundError::TimedOut(limit);
    let Some(response) = within(host, limit, host.send(request)).await else {
        return Err(late);
    };
    let Response {
        status,
        headers,
        body,
    } = response?;
    let left = until.saturating_sub(host.monotonic());
    let body = within(host, left, read(status, body, longest)).await;
    let body = body.unwrap_or(Err(late));
    if status.is_success() {
        return body.map(|body| OutboundReply { status, body });
    }
    // Without its body nobody knows who has refused.
    let detail = body.map_or(ErrorDetail::BodyError(BodyError::CutOff), |body| {
        ErrorDetail::read(&body)
    });
    Err(OutboundError::Status {
        verdict: Verdict::of(status, &detail, &[]),
        status,
        detail,
        retry_after: retry_after(&headers),
    })
}

async fn read(
    status: StatusCode,
    mut body: impl Body<Error = SendError>,
    longest: usize,
) -> Result<Vec<u8>, OutboundError> {
    let mut all = Vec::new();
    loop {
        all.reserve(PIECE);
        let read = body.read(&mut all).await;
        if !read.map_err(|error| OutboundError::BrokeOff(status, error))? {
            return Ok(all);
        }
        if all.len() > longest {
            return Err(OutboundError::TooLong(status, longest));
        }
    }
}

/// `Retry-After` (RFC 9110, 10.2.3). A date is not read, and counts as longer than anybody waits
/// here.
fn retry_after(headers: &Headers) -> Option<Duration> {
    let value = headers.first("retry-after")?;
    let seconds = str::from_utf8(value).ok();
    let seconds = seconds.and_then(|value| value.trim().parse().ok());
    Some(seconds.map_or(Duration::MAX, Duration::from_secs))
}
