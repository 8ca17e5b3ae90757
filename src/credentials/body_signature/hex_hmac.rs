//! HMAC-SHA256 (RFC 2104) over the body, in hex, in the header that the settings name, with `sha256=`
//! before it or without. Spaces around them do not count, nor case.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use super::WRONG;
use crate::config::{BodySignatureSettings, Secret};
use crate::credentials::single_header::{REPEATED, SingleHeader};
use crate::credentials::{Credential, CredentialKind, Finding};
use crate::http::Received;

const HASH: &[u8] = b"sha256";

/// Verifies signatures by one of several secrets.
pub struct HexHmac {
    header: &'static str,
    secrets: Vec<Secret>,
}

impl HexHmac {
    /// Verifies as `settings` say; `None` where no secret is for this kind.
    pub fn new(settings: &BodySignatureSettings) -> Option<Self> {
        let secrets = &settings.keys.plain;
        (!secrets.is_empty()).then(|| Self {
            header: settings.header,
            secrets: secrets.clone(),
        })
    }
}

impl Credential for HexHmac {
    fn kind(&self) -> CredentialKind {
        CredentialKind::HexHmac
    }

    fn challenge(&self) -> String {
        super::challenge(self.header)
    }

    fn examine(&self, received: &Received) -> Finding {
        match SingleHeader::of(&received.headers, self.header) {
            SingleHeader::Absent => Finding::Absent,
            SingleHeader::Repeated => Finding::Invalid(REPEATED),
            SingleHeader::One(value) if is_signed(&self.secrets, &received.body, value) => {
                Finding::Valid
            }
            SingleHeader::One(_) => Finding::Invalid(WRONG),
        }
    }

    fn needs_body(&self, received: &Received) -> bool {
        match SingleHeader::of(&received.headers, self.header) {
            SingleHeader::One(value) => signature(value).is_some(),
            SingleHeader::Absent | SingleHeader::Repeated => false,
        }
    }
}

/// Compares with the signature of every secret, whichever is right.
fn is_signed(secrets: &[Secret], body: &[u8], value: &[u8]) -> bool {
    let Some(presented) = signature(value) else {
        return false;
    };
    let is_one = secrets.iter().fold(Choice::from(0), |found, secret| {
        found | mac(secret.expose().as_bytes(), &[body]).ct_eq(&presented)
    });
    is_one.into()
}

/// The signature of the header; `None` where it is no such thing, which the sender knows too.
fn signature(value: &[u8]) -> Option<[u8; 32]> {
    let mut presented = [0; 32];
    let read = base16ct::mixed::decode(hex(value), &mut presented)
        .ok()?
        .len();
    (read == presented.len()).then_some(presented)
}

/// The hex of a header's value: without what says which hash it is, and without the spaces that
/// templates leave around either.
fn hex(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    let hex = value
        .split_at_checked(HASH.len())
        .filter(|(hash, _)| hash.eq_ignore_ascii_case(HASH))
        .and_then(|(_, rest)| rest.trim_ascii_start().strip_prefix(b"="));
    hex.unwrap_or(value).trim_ascii()
}

/// HMAC-SHA256 over the parts, one after the other.
pub fn mac(secret: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}
