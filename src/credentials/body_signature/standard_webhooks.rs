//! Standard Webhooks 1.0 (standardwebhooks.com): `webhook-signature` has one signature or more,
//! each over id, time and body, so that a message cannot be sent again much later.

use std::time::{Duration, SystemTime};

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signature, VerifyingKey};
use subtle::{Choice, ConstantTimeEq as _};

use super::WRONG;
use super::hex_hmac::mac;
use crate::config::{BodySignatureSettings, SignatureKeys};
use crate::credentials::single_header::{REPEATED, SingleHeader};
use crate::credentials::{Credential, CredentialKind, Finding, OPERATIONS};
use crate::http::Received;
use crate::http::message::Headers;

/// The header with the signatures.
const SIGNATURE: &str = "webhook-signature";

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";

/// How many signatures are examined. A sender has one for each of its keys.
const MOST: usize = 16;

/// A message as its headers sign it.
struct SignedMessage<'a> {
    id: &'a [u8],
    timestamp: &'a [u8],
    body: &'a [u8],
    /// Each once, in the sender's order.
    signatures: Vec<&'a [u8]>,
}

/// Verifies signatures by one of several keys.
pub struct StandardWebhooks(BodySignatureSettings);

impl StandardWebhooks {
    /// Verifies as `settings` say; `None` where no key is for this kind.
    pub fn new(settings: &BodySignatureSettings) -> Option<Self> {
        settings.keys.has_standard().then(|| Self(settings.clone()))
    }
}

impl Credential for StandardWebhooks {
    fn kind(&self) -> CredentialKind {
        CredentialKind::StandardWebhooks
    }

    fn challenge(&self) -> String {
        super::challenge(SIGNATURE)
    }

    fn examine(&self, received: &Received) -> Finding {
        self.glance(received)
            .unwrap_or_else(|| self.verify(received))
    }

    fn glance(&self, received: &Received) -> Option<Finding> {
        let keys = &self.0.keys;
        let message = match self.message(received) {
            Ok(message) => message,
            Err(finding) => return Some(finding),
        };
        if message.has_shared_signature(keys) {
            return Some(Finding::Valid);
        }
        match message.public_signatures(keys).is_empty() {
            true => Some(Finding::Invalid(WRONG)),
            false => None,
        }
    }

    fn verify(&self, received: &Received) -> Finding {
        let verified = self.message(received).and_then(|message| {
            let signed = message.has_public_signature(&self.0.keys);
            signed.map_err(Finding::Invalid)
        });
        match verified {
            Ok(()) => Finding::Valid,
            Err(finding) => finding,
        }
    }

    fn needs_body(&self, received: &Received) -> bool {
        let keys = &self.0.keys;
        self.message(received).is_ok_and(|message| {
            !message.shared_signatures(keys).is_empty()
                || !message.public_signatures(keys).is_empty()
        })
    }
}

impl StandardWebhooks {
    /// The message of the request, unless its headers alone make it wrong: those are judged before
    /// anything is computed over the body.
    fn message<'a>(&self, received: &'a Received) -> Result<SignedMessage<'a>, Finding> {
        let signatures = match SingleHeader::of(&received.headers, SIGNATURE) {
            SingleHeader::Absent => return Err(Finding::Absent),
            SingleHeader::Repeated => return Err(Finding::Invalid(REPEATED)),
            SingleHeader::One(signatures) => signatures,
        };
        let message = SignedMessage::of(received, signatures);
        let recent = message.and_then(|message| {
            message.is_recent(received.at, self.0.tolerance)?;
            Ok(message)
        });
        recent.map_err(Finding::Invalid)
    }
}

impl<'a> SignedMessage<'a> {
    fn of(received: &'a Received, signatures: &'a [u8]) -> Result<Self, &'static str> {
        let mut all = signatures.split(|&byte| byte == b' ');
        let mut different = Vec::new();
        for signature in all.by_ref().take(MOST) {
            if !different.contains(&signature) {
                different.push(signature);
            }
        }
        if all.next().is_some() {
            return Err("too many signatures");
        }
        Ok(Self {
            id: one(&received.headers, ID)?,
            timestamp: one(&received.headers, TIMESTAMP)?,
            body: &received.body,
            signatures: different,
        })
    }

    fn parts(&self) -> [&'a [u8]; 5] {
        [self.id, b".", self.timestamp, b".", self.body]
    }

    /// The well-formed signatures of this version, each once. Those of versions to come stand beside
    /// them.
    fn signatures<const LENGTH: usize>(&self, version: &str) -> Vec<[u8; LENGTH]> {
        let own = self.signatures.iter().filter_map(|signature| {
            let (named, encoded) = str::from_utf8(signature).ok()?.split_once(',')?;
            (named == version).then_some(encoded)
        });
        own.filter_map(|encoded| {
            let mut signature = [0; LENGTH];
            let read = Base64::decode(encoded, &mut signature).ok()?.len();
            (read == LENGTH).then_some(signature)
        })
        .collect()
    }

    fn shared_signatures(&self, keys: &SignatureKeys) -> Vec<[u8; 32]> {
        match keys.shared.is_empty() {
            true => Vec::new(),
            false => self.signatures("v1"),
        }
    }

    fn public_signatures(&self, keys: &SignatureKeys) -> Vec<[u8; 64]> {
        match keys.public.is_empty() {
            true => Vec::new(),
            false => self.signatures("v1a"),
        }
    }

    /// Compares each signature with that of every secret, whichever is right.
    fn has_shared_signature(&self, keys: &SignatureKeys) -> bool {
        let signatures = self.shared_signatures(keys);
        if signatures.is_empty() {
            return false;
        }
        let found = keys.shared.iter().fold(Choice::from(0), |found, secret| {
            let mac = mac(secret, &self.parts());
            let equal = signatures.iter().map(|signature| mac.ct_eq(signature));
            equal.fold(found, |found, equal| found | equal)
        });
        found.into()
    }

    /// Tries each signature with the first key, then with the next one, as often as a stranger may
    /// have it done.
    fn has_public_signature(&self, keys: &SignatureKeys) -> Result<(), &'static str> {
        let signatures = self.public_signatures(keys);
        // Ed25519 takes the message in one piece only.
        let message = self.parts().concat();
        let mut pairs = keys
            .public
            .iter()
            .flat_map(|key| signatures.iter().map(move |signature| (key, signature)));
        let is_right = |(key, signature): (&VerifyingKey, &[u8; 64])| {
            #[cfg(test)]
            crate::credentials::operations::count();
            let signature = Signature::from_bytes(signature);
            key.verify_strict(&message, &signature).is_ok()
        };
        if pairs.by_ref().take(OPERATIONS).any(is_right) {
            return Ok(());
        }
        match pairs.next() {
            None => Err(WRONG),
            Some(_) => Err("more signatures or keys than are tried, and those tried are wrong"),
        }
    }

    fn is_recent(&self, now: SystemTime, tolerance: Duration) -> Result<(), &'static str> {
        let seconds = Some(self.timestamp)
            .filter(|digits| digits.iter().all(u8::is_ascii_digit))
            .and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
        let sent = seconds
            .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
            .ok_or("wrong timestamp")?;
        match now.duration_since(sent) {
            Ok(age) if age > tolerance => Err("too old"),
            Err(ahead) if ahead.duration() > tolerance => Err("from the future"),
            _ => Ok(()),
        }
    }
}

/// The headers of a message that the component sends, with a signature by each of its shared secrets.
pub fn standard_webhooks_headers(
    keys: &SignatureKeys,
    id: &str,
    at: SystemTime,
    body: &[u8],
) -> [(&'static str, String); 3] {
    let since = at.duration_since(SystemTime::UNIX_EPOCH);
    let timestamp = since.unwrap_or_default().as_secs().to_string();
    let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    let signatures = keys.shared.iter().map(|secret| {
        let signature = Base64::encode_string(&mac(secret, &parts));
        format!("v1,{signature}")
    });
    let signatures: Vec<_> = signatures.collect();
    [
        (ID, id.to_owned()),
        (TIMESTAMP, timestamp),
        (SIGNATURE, signatures.join(" ")),
    ]
}

fn one<'a>(headers: &'a Headers, name: &str) -> Result<&'a [u8], &'static str> {
    match SingleHeader::of(headers, name) {
        SingleHeader::One(value) => Ok(value),
        SingleHeader::Absent => Err("missing header"),
        SingleHeader::Repeated => Err(REPEATED),
    }
}
