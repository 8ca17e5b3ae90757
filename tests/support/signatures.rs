//! Signs bodies as the senders of messages do, with ring: nothing of what is tested takes part.

use std::time::{SystemTime, UNIX_EPOCH};

use base64ct::{Base64, Encoding as _};
use ring::hmac::{self, HMAC_SHA256};

/// The key of signatures in hex.
pub const SECRET: &str = "un-s3creto-de-mensajes";

/// The key of Standard Webhooks.
pub const STANDARD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// `x-webhook-signature` by [`SECRET`].
pub fn hex(body: &[u8]) -> String {
    hex_by(SECRET, body)
}

/// `x-webhook-signature` by this secret.
pub fn hex_by(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, body);
    let hex = tag.as_ref().iter().map(|byte| format!("{byte:02x}"));
    hex.collect()
}

/// `webhook-timestamp` and `webhook-signature` of what was sent so many seconds ago.
pub fn standard(id: &str, ago: u64, body: &str) -> (String, String) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let sent = (now.expect("after 1970").as_secs() - ago).to_string();
    let secret = Base64::decode_vec(&STANDARD["whsec_".len()..]).expect("Base64");
    let key = hmac::Key::new(HMAC_SHA256, &secret);
    let tag = hmac::sign(&key, format!("{id}.{sent}.{body}").as_bytes());
    let signature = format!("v1,{}", Base64::encode_string(tag.as_ref()));
    (sent, signature)
}
