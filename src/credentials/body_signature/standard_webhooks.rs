//! Standard Webhooks 1.0 (standardwebhooks.com): `webhook-signature` has one signature or more,
//! each over id, moment and body, so that a message cannot be sent again much later.

use std::time::{Duration, SystemTime};

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::Signature;
use subtle::{Choice, ConstantTimeEq as _};

use super::hex_hmac::mac;
use super::{SignatureKeys, WRONG};
use crate::config::BodySignatureSettings;
use crate::credentials::shown::{REPEATED, Shown};
use crate::credentials::{Credential, Finding, Kind};
use crate::http::Received;
use crate::message::Headers;

/// The header with the signatures.
const SIGNATURE: &str = "webhook-signature";

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";

/// How many signatures are looked at. A sender has one for each of its keys, and each may cost a
/// public-key operation.
const MOST: usize = 16;

/// A message as its headers sign it.
struct Message<'a> {
    id: &'a [u8],
    timestamp: &'a [u8],
    body: &'a [u8],
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
    fn kind(&self) -> Kind {
        Kind::StandardWebhooks
    }

    fn challenge(&self) -> String {
        super::challenge(SIGNATURE)
    }

    fn examine(&self, received: &Received) -> Finding {
        let BodySignatureSettings { keys, tolerance } = &self.0;
        let signatures = match Shown::by(&received.headers, SIGNATURE) {
            Shown::Nothing => return Finding::Absent,
            Shown::Repeated => return Finding::Invalid(REPEATED),
            Shown::One(signatures) => signatures,
        };
        let judged = Message::of(received).and_then(|message| {
            let signed = message.is_signed(keys, signatures)?;
            signed.then_some(()).ok_or(WRONG)?;
            message.is_recent(received.at, *tolerance)
        });
        judged.map_or_else(Finding::Invalid, |()| Finding::Valid)
    }
}

impl<'a> Message<'a> {
    fn of(received: &'a Received) -> Result<Self, &'static str> {
        Ok(Self {
            id: one(&received.headers, ID)?,
            timestamp: one(&received.headers, TIMESTAMP)?,
            body: &received.body,
        })
    }

    fn parts(&self) -> [&'a [u8]; 5] {
        [self.id, b".", self.timestamp, b".", self.body]
    }

    /// Compares each signature with that of every key, whichever is right.
    fn is_signed(&self, keys: &SignatureKeys, signatures: &[u8]) -> Result<bool, &'static str> {
        let macs: Vec<_> = keys
            .shared
            .iter()
            .map(|secret| mac(secret, &self.parts()))
            .collect();
        // Ed25519 takes the message in one piece only.
        let message = (!keys.public.is_empty()).then(|| self.parts().concat());
        let mut signatures = signatures.split(|&byte| byte == b' ');
        let mut found = Choice::from(0);
        for signature in signatures.by_ref().take(MOST) {
            found |= match (version(signature), &message) {
                (Some(("v1", encoded)), _) => by_secret(&macs, encoded),
                (Some(("v1a", encoded)), Some(message)) => by_public_key(keys, message, encoded),
                // Versions to come stand beside those that are known.
                _ => Choice::from(0),
            };
        }
        match signatures.next() {
            None => Ok(found.into()),
            Some(_) => Err("too many signatures"),
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

fn one<'a>(headers: &'a Headers, name: &str) -> Result<&'a [u8], &'static str> {
    match Shown::by(headers, name) {
        Shown::One(value) => Ok(value),
        Shown::Nothing => Err("missing header"),
        Shown::Repeated => Err(REPEATED),
    }
}

/// Version and Base64 of one signature.
fn version(signature: &[u8]) -> Option<(&str, &str)> {
    str::from_utf8(signature).ok()?.split_once(',')
}

fn by_secret(macs: &[[u8; 32]], encoded: &str) -> Choice {
    let mut shown = [0; 32];
    let well_formed = Base64::decode(encoded, &mut shown).is_ok_and(|read| read.len() == 32);
    let found = macs
        .iter()
        .fold(Choice::from(0), |found, mac| found | mac.ct_eq(&shown));
    found & Choice::from(u8::from(well_formed))
}

fn by_public_key(keys: &SignatureKeys, message: &[u8], encoded: &str) -> Choice {
    let mut shown = [0; 64];
    let well_formed = Base64::decode(encoded, &mut shown).is_ok_and(|read| read.len() == 64);
    let signature = Signature::from_bytes(&shown);
    let verifies = |key: &ed25519_dalek::VerifyingKey| {
        u8::from(key.verify_strict(message, &signature).is_ok() & well_formed)
    };
    keys.public.iter().fold(Choice::from(0), |found, key| {
        found | Choice::from(verifies(key))
    })
}
