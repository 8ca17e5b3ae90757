//! One message to the chat: a POST, signed where there is a key.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value as Json, json};

use super::message::Message;
use crate::config::AlertSettings;
use crate::credentials::standard_webhooks_headers;
use crate::http::message::Headers;
use crate::outbound::{JSON, OutboundError, json_request, send_once};
use crate::ports::{Clock, Outbound};

/// How long the chat has for one request.
const LIMIT: Duration = Duration::from_secs(5);

/// Sends a message; any 2xx means that the chat has it. Google Chat refuses an object with names that it
/// does not know (400), so after such a refusal the text is sent alone.
pub async fn send(
    host: &(impl Clock + Outbound),
    settings: &AlertSettings,
    message: &Message,
) -> Result<(), OutboundError> {
    let data = &message.data;
    let mut body = json!({"text": message.text, "type": message.message_type(), "data": data});
    loop {
        let sent = post(host, settings, &message.id, bytes_of(&body)).await;
        match &sent {
            Err(OutboundError::Status { status, .. })
                if matches!(status.as_u16(), 400 | 422) && !body["data"].is_null() =>
            {
                body = json!({"text": message.text});
            }
            _ => return sent,
        }
    }
}

fn bytes_of(body: &Json) -> Vec<u8> {
    // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
    serde_json::to_vec(body).expect("plain JSON")
}

async fn post(
    host: &(impl Clock + Outbound),
    settings: &AlertSettings,
    id: &str,
    body: Vec<u8>,
) -> Result<(), OutboundError> {
    let mut headers = Headers::default();
    if let Some(keys) = &settings.keys {
        for (name, value) in standard_webhooks_headers(keys, id, host.now(), &body) {
            headers.set(name, value);
        }
    }
    let url = settings.url.expose().to_owned();
    let request = json_request("POST", url, headers, Some((JSON, Bytes::from(body))));
    send_once(host, request, LIMIT).await.map(drop)
}
