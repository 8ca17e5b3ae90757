//! A signature over the body, in headers of its own: the hex HMAC that many senders use, or
//! Standard Webhooks. Each is a credential with its own keys.

mod hex_hmac;
mod standard_webhooks;

pub use hex_hmac::HexHmac;
pub use standard_webhooks::{StandardWebhooks, standard_webhooks_headers};

/// Why a signature is refused, in the log's words.
const WRONG: &str = "wrong signature";

fn challenge(header: &str) -> String {
    format!("BodySignature realm=\"webhook\", headers=\"{header}\"")
}

#[cfg(test)]
mod tests;
