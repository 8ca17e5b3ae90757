//! The keys of body signatures: plain secrets, and those of Standard Webhooks.

use std::fmt;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::VerifyingKey;
use zeroize::Zeroizing;

use super::Secret;

/// How many keys there may be: each signature of a message is compared with each.
const MOST: usize = 16;

/// What messages may be signed with. Prints how many there are of each kind, and none of them.
#[derive(Clone, Default)]
pub struct SignatureKeys {
    /// Secrets of the hex HMAC.
    pub plain: Vec<Secret>,
    /// `whsec_…`: secrets of Standard Webhooks.
    pub shared: Vec<Zeroizing<Vec<u8>>>,
    /// `whpk_…`: public keys of Standard Webhooks.
    pub public: Vec<VerifyingKey>,
}

/// What is wrong with a key, in Spanish, for operators. It never quotes the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureKeyError {
    /// What follows `whsec_` is no Base64, or empty.
    #[error("lo que sigue a «whsec_» debe ser Base64")]
    Shared,
    /// What follows `whpk_` is no Ed25519 key in Base64.
    #[error("lo que sigue a «whpk_» debe ser una clave pública Ed25519 en Base64")]
    Public,
    /// The sender's own key.
    #[error("«whsk_» es la clave privada del remitente; ponga la pública, «whpk_»")]
    Private,
    /// More than are tried with a message.
    #[error("se admiten 16 claves como máximo")]
    TooMany,
}

impl SignatureKeys {
    /// Reads keys separated by spaces; `None` where there is none.
    ///
    /// # Errors
    /// The first key that is wrong.
    pub fn parse(text: &str) -> Result<Option<Self>, SignatureKeyError> {
        let mut keys = Self::default();
        let words: Vec<_> = text.split_whitespace().collect();
        match words.len() {
            0 => return Ok(None),
            1..=MOST => {}
            _ => return Err(SignatureKeyError::TooMany),
        }
        for word in words {
            if let Some(encoded) = word.strip_prefix("whsec_") {
                keys.shared.push(shared(encoded)?);
            } else if let Some(encoded) = word.strip_prefix("whpk_") {
                keys.public.push(public(encoded)?);
            } else if word.starts_with("whsk_") {
                return Err(SignatureKeyError::Private);
            } else {
                keys.plain.push(Secret::new(word));
            }
        }
        Ok(Some(keys))
    }

    /// The first plain secret.
    pub fn plain_secret(&self) -> Option<&str> {
        self.plain.first().map(Secret::expose)
    }

    /// The first secret of Standard Webhooks, without its prefix.
    pub fn shared_secret(&self) -> Option<&[u8]> {
        self.shared.first().map(|secret| secret.as_slice())
    }

    /// Whether there are keys of Standard Webhooks.
    pub fn has_standard(&self) -> bool {
        !self.shared.is_empty() || !self.public.is_empty()
    }
}

impl fmt::Debug for SignatureKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (plain, shared, public) = (self.plain.len(), self.shared.len(), self.public.len());
        write!(
            formatter,
            "*** {plain} plain, {shared} whsec, {public} whpk"
        )
    }
}

fn shared(encoded: &str) -> Result<Zeroizing<Vec<u8>>, SignatureKeyError> {
    Base64::decode_vec(encoded)
        .ok()
        .filter(|secret| !secret.is_empty())
        .map(Zeroizing::new)
        .ok_or(SignatureKeyError::Shared)
}

fn public(encoded: &str) -> Result<VerifyingKey, SignatureKeyError> {
    Base64::decode_vec(encoded)
        .ok()
        .and_then(|point| VerifyingKey::try_from(point.as_slice()).ok())
        // With a point of small order a signature can fit every message.
        .filter(|key| !key.is_weak())
        .ok_or(SignatureKeyError::Public)
}
