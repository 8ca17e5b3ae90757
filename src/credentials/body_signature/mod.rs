//! A signature over the body, in headers of its own: the hex HMAC that many senders use, or
//! Standard Webhooks. Each has its own keys; a message that shows both is let in by either.

mod hex_hmac;
mod keys;
mod standard_webhooks;

use super::{Credential, Finding, Kind};
use crate::config::BodySignatureSettings;
use crate::http::Received;

pub use keys::{SignatureKeyFault, SignatureKeys};

/// Why a signature is refused, in the log's words.
const WRONG: &str = "wrong signature";

/// Verifies signatures.
pub struct BodySignature(BodySignatureSettings);

impl BodySignature {
    /// Verifies as `settings` say.
    pub fn new(settings: &BodySignatureSettings) -> Self {
        Self(settings.clone())
    }
}

impl Credential for BodySignature {
    fn kind(&self) -> Kind {
        Kind::BodySignature
    }

    fn challenge(&self) -> String {
        let keys = &self.0.keys;
        let hmac = (!keys.plain.is_empty()).then_some(&hex_hmac::HEADER);
        let standard = keys.has_standard().then_some(&standard_webhooks::SIGNATURE);
        let headers = hmac.into_iter().chain(standard);
        let names: Vec<_> = headers.map(|name| name.as_str()).collect();
        format!(
            "BodySignature realm=\"webhook\", headers=\"{}\"",
            names.join(" ")
        )
    }

    fn examine(&self, received: &Received) -> Finding {
        let BodySignatureSettings { keys, tolerance } = &self.0;
        hex_hmac::examine(&keys.plain, received)
            .or(standard_webhooks::examine(keys, *tolerance, received))
    }
}

#[cfg(test)]
mod tests;
