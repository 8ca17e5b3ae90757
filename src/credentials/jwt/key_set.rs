//! A set of keys that the signer publishes (RFC 7517, 5), fetched once, and what can be wrong with it.

use std::time::Duration;

use serde_json::Value as Json;

use super::keys::{KeyError, Keys};
use crate::http::json;
use crate::http::message::Headers;
use crate::outbound::{OutboundError, json_request, send_once};
use crate::ports::{Clock, Outbound};

/// How long the signer has.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// Longest set that is used. Entra ID's has 20 KB.
const LONGEST: usize = 256 << 10;

/// Why keys could not be fetched. A text for the log and for readiness: it has nothing of what the signer
/// sent but codes and key ids.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// There was no reply, or one that says no. A redirect is one of those.
    #[error("{0}")]
    Request(#[from] OutboundError),
    /// More than [`LONGEST`].
    #[error("the set has more than 256 KiB")]
    TooLong,
    /// It is JSON, but no key in it can be used, or it is no set.
    #[error("{0}")]
    Keys(#[from] KeyError),
}

/// Fetches the set at this address, once, and checks that it can be used.
pub async fn fetch(
    host: &(impl Clock + Outbound),
    url: &str,
) -> Result<(String, Keys), KeySetError> {
    let request = json_request("GET", url.to_owned(), Headers::default(), None);
    let reply = send_once(host, request, DEADLINE).await?;
    if reply.body.len() > LONGEST {
        return Err(KeySetError::TooLong);
    }
    let keys = Keys::of_set(&reply.json()?)?;
    // It was JSON, so it is text.
    let text = String::from_utf8(reply.body).map_err(|_| KeyError::Unrecognised)?;
    Ok((text, keys))
}

/// The keys of a set that was stored.
pub fn restore(text: &str) -> Option<Keys> {
    let set: Json = json::parse(text.as_bytes()).ok()?;
    Keys::of_set(&set).ok()
}
