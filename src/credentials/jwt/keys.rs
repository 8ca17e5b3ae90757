//! The keys that tokens are verified with, as operators get them from whoever signs.

mod error;
mod jwk;
mod pem;

use rsa::{BigUint, RsaPublicKey};
use serde_json::Value as Json;

use super::algorithm::{PublicKey, canonical};
use super::jws::Jws;
use super::{JwtError, OPERATIONS};

use pem::PemContent;

pub use error::{KeyError, LeftOut};

/// Sizes of an RSA modulus, in bits: RFC 7518, 3.3 wants 2048; beyond 4096 a verification takes
/// too long to let strangers ask for it.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// Size of an RSA exponent, in bits; 65537 is what everybody has. A longer one costs more too.
const EXPONENT_BITS: usize = 32;

/// How many keys there may be.
const MAX_KEYS: usize = 16;

/// One key or more.
#[derive(Debug, Clone)]
pub struct Keys {
    keys: Vec<Key>,
    left_out: Vec<LeftOut>,
}

#[derive(Debug, Clone)]
struct Key {
    /// `kid`; keys in PEM have none.
    id: Option<String>,
    /// The one algorithm it is for, where a JWK says so.
    only: Option<&'static str>,
    public: PublicKey,
}

impl Keys {
    /// Reads PEM (SPKI or PKCS#1, one or more, line breaks written `\n` too), a JWK or a JWKS; also
    /// in Base64, and what stands between the lines BEGIN and END alone.
    ///
    /// # Errors
    /// The first key that is wrong. In a JWKS, members that cannot be used are left out (RFC 7517,
    /// 5); wrong are a private key among them, and a set of which nothing remains.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.starts_with(['{', '[']) {
            return jwk::parse(text);
        }
        let keys = match pem::parse(text)? {
            PemContent::Keys(keys) => keys,
            PemContent::Json(json) => return jwk::parse(&json),
        };
        if keys.len() > MAX_KEYS {
            return Err(KeyError::TooMany);
        }
        let left_out = Vec::new();
        Ok(Self { keys, left_out })
    }

    /// The keys of a JWKS alone, as a signer publishes it.
    ///
    /// # Errors
    /// As [`parse`](Self::parse); wrong is also what is no set.
    pub fn of_set(json: &Json) -> Result<Self, KeyError> {
        jwk::published(json)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// Whether one of them has this `kid`.
    pub fn knows(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref() == Some(id))
    }

    /// These keys behind those of `first`.
    pub fn behind(&self, first: Option<&Self>) -> Self {
        let first = first.into_iter().flat_map(|first| &first.keys);
        Self {
            keys: first.chain(&self.keys).cloned().collect(),
            left_out: self.left_out.clone(),
        }
    }

    /// Members of the set that are not used, and why.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Which of the keys has signed the token, by its place: of those that the token's `alg` and
    /// `kid` leave, or `alg` alone where there is no `kid`, the first [`OPERATIONS`] are tried, always
    /// the same ones, so that a signer gets in every time or never. Of these `last`, which verified
    /// a token before, goes first. Where the token can have meant none of the keys, one is tried all
    /// the same, so that the refusal takes as long and does not tell which key ids there are.
    pub(super) fn verify(&self, jws: &Jws, last: usize) -> Result<usize, JwtError> {
        let mut meant = self.meant_by(jws);
        let mut tried: Vec<_> = meant.by_ref().take(OPERATIONS).collect();
        let has_more = meant.next().is_some();
        if let Some(index) = tried.iter().position(|(place, _)| *place == last) {
            tried.swap(0, index);
        }
        for (place, key) in &tried {
            if key
                .public
                .verifies(&jws.algorithm, jws.signed, &jws.signature)
            {
                return Ok(*place);
            }
        }
        if has_more {
            return Err(JwtError::KeysLeft);
        }
        if !tried.is_empty() {
            return Err(JwtError::Signature);
        }
        let likely = self.keys.iter().find(|key| key.is_for(&jws.algorithm));
        if let Some(key) = likely.or(self.keys.first()) {
            key.public.verify_for_timing(jws.signed, &jws.signature);
        }
        Err(JwtError::UnknownKey)
    }

    fn meant_by<'a>(&'a self, jws: &'a Jws) -> impl Iterator<Item = (usize, &'a Key)> {
        let id = jws.key_id.as_ref();
        let named = self
            .keys
            .iter()
            .any(|key| id.is_some() && key.id.as_ref() == id);
        self.keys.iter().enumerate().filter(move |(_, key)| {
            let is_meant = id.is_none() || key.id.as_ref() == if named { id } else { None };
            is_meant && key.is_for(&jws.algorithm)
        })
    }
}

impl Key {
    fn is_for(&self, algorithm: &str) -> bool {
        let algorithm = canonical(algorithm);
        match self.only {
            Some(only) => only == algorithm,
            None => self.public.algorithms().contains(&algorithm),
        }
    }
}

impl PublicKey {
    /// From modulus and exponent, big-endian.
    fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let modulus = BigUint::from_bytes_be(modulus);
        let exponent = BigUint::from_bytes_be(exponent);
        let bits = modulus.bits();
        // A size that is no multiple of 8 has a signature whose first bits nobody looks at.
        if !RSA_BITS.contains(&bits) || !bits.is_multiple_of(8) {
            return Err(KeyError::RsaSize);
        }
        if exponent.bits() > EXPONENT_BITS {
            return Err(KeyError::Broken);
        }
        RsaPublicKey::new(modulus, exponent)
            .map(Self::Rsa)
            .map_err(|_| KeyError::Broken)
    }

    /// From a point on P-256 (SEC 1, 2.3.3).
    fn p256(point: &[u8]) -> Result<Self, KeyError> {
        p256::ecdsa::VerifyingKey::from_sec1_bytes(point)
            .map(Self::P256)
            .map_err(|_| KeyError::Broken)
    }

    /// From a point on Ed25519 (RFC 8032, 5.1.2).
    fn ed25519(point: &[u8]) -> Result<Self, KeyError> {
        ed25519_dalek::VerifyingKey::try_from(point)
            .ok()
            // With a point of small order a signature can fit every message.
            .filter(|key| !key.is_weak())
            .map(Self::Ed25519)
            .ok_or(KeyError::Broken)
    }
}

#[cfg(test)]
mod tests;
