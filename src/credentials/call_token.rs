//! BlizWork's call token: made for one call, carried in its body, and checked with BlizWork's API.
//!
//! Whatever a body has or lacks, the API is asked once and its answer is waited for, so that nobody
//! learns from the time it took what was wrong with a token.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Finding;
use crate::config::CallTokenSettings;
use crate::http::Received;
use crate::http::json::{self, Field, Fields};
use crate::http::message::{Headers, Request, StatusCode};
use crate::outbound::{JSON, OutboundError, encoded, json_request, send_once};
use crate::ports::{Clock, Outbound, Random};

/// How long the API has.
const DEADLINE: Duration = Duration::from_secs(5);

/// Longest token that is sent to the API. BlizWork's have 24 characters.
const LONGEST: usize = 256;

/// Checks call tokens.
pub struct CallToken(CallTokenSettings);

/// What came of a token.
#[derive(Debug, PartialEq, Eq)]
pub struct Checked {
    /// Whether it opens.
    pub finding: Finding,
    /// SHA-256 of the token in lower case, in hex: whoever reads hex takes both cases for one.
    pub hash: String,
}

/// Why no token could be checked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallTokenError {
    /// The API refused to answer. What it says besides may quote the token.
    #[error("call token: the check was answered with status {0}")]
    Status(StatusCode),
    /// There was no whole answer.
    #[error("call token: {0}")]
    Request(#[source] OutboundError),
    /// It answered, but not that the call is valid, nor that it is not.
    #[error("call token: the check failed with resultCode {0}")]
    Code(i64),
    /// Its answer is not what is documented.
    #[error("call token: the check was not answered with a resultCode")]
    Shape,
}

#[derive(Serialize)]
struct Question<'a> {
    endpoint: &'a str,
    token: &'a str,
}

impl CallToken {
    /// Checks as `settings` say.
    pub fn new(settings: &CallTokenSettings) -> Self {
        Self(settings.clone())
    }

    /// Asks the API for the token in the body.
    pub async fn check(
        &self,
        host: &(impl Clock + Outbound + Random),
        received: &Received,
    ) -> Result<Checked, CallTokenError> {
        let presented = self.presented(&received.body);
        // Nobody has made this one: it stands in for what is no token.
        let decoy = || format!("{:024x}", host.random() >> 32);
        let token = presented.as_ref().map_or_else(|_| decoy(), String::clone);
        let answer = send_once(host, self.request(&token), DEADLINE).await?;
        let code = result_code(&answer.body).ok_or(CallTokenError::Shape)?;
        let finding = match (code, presented) {
            (0, Ok(_)) => Finding::Valid,
            (1, Ok(_)) => Finding::Invalid("refused"),
            (0 | 1, Err(why)) => Finding::Invalid(why),
            (code, _) => return Err(CallTokenError::Code(code)),
        };
        let hash = Sha256::digest(token.to_ascii_lowercase());
        let hash = base16ct::lower::encode_string(&hash);
        Ok(Checked { finding, hash })
    }

    /// The token in the body, or why there is none.
    fn presented(&self, body: &[u8]) -> Result<String, &'static str> {
        let names: Vec<_> = self.0.fields.iter().map(String::as_str).collect();
        let text = json::text(body).map_err(|_| "not JSON")?;
        let fields = Fields::read(text, &names).map_err(|_| "not JSON")?;
        let found = names.iter().fold(Field::Missing, |found, name| {
            // The first that is there counts, whatever the others are.
            found.or(fields.get(name))
        });
        match found {
            Field::Missing => Err("missing"),
            Field::Repeated => Err("repeated"),
            // What the API might trim, or stumble over, is none: it would be another token that is
            // good for the same call.
            found => found
                .text()
                .ok()
                .filter(|token| (1..=LONGEST).contains(&token.len()))
                .filter(|token| token.bytes().all(|byte| byte.is_ascii_graphic()))
                .ok_or("malformed"),
        }
    }

    fn request(&self, token: &str) -> Request<Bytes> {
        let CallTokenSettings {
            origin,
            api_token,
            endpoint_url,
            ..
        } = &self.0;
        let api_token = encoded(api_token.expose());
        let question = Question {
            endpoint: endpoint_url,
            token,
        };
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        let body = serde_json::to_vec(&question).expect("an object of texts");
        let url = format!("{origin}/utils/validatecall/{api_token}");
        let content = (JSON, body.into());
        json_request("POST", url, Headers::default(), Some(content))
    }
}

impl From<OutboundError> for CallTokenError {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::Status { status, .. } => Self::Status(status),
            error => Self::Request(error),
        }
    }
}

/// `resultCode` of an answer, where it is as documented: a whole number, once.
fn result_code(answer: &[u8]) -> Option<i64> {
    let name = "resultCode";
    let fields = Fields::read(json::text(answer).ok()?, &[name]).ok()?;
    fields.get(name).raw().ok()?.parse().ok()
}
