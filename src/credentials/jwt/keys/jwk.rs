//! Keys in JSON (RFC 7517; RFC 7518, 6; RFC 8037, 2).

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Key, KeyFault};
use crate::credentials::jwt::algorithm::PublicKey;

/// What stands before the coordinates of a point (SEC 1, 2.3.3).
const UNCOMPRESSED: u8 = 4;

#[derive(Deserialize)]
struct Set<'a> {
    #[serde(borrow)]
    keys: Option<Vec<&'a RawValue>>,
}

/// A key; its numbers are base64url without padding (RFC 7515, 2), still as text.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    /// Of every kind of private key.
    d: Option<IgnoredAny>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// A JWK, or the keys of a JWKS.
pub fn parse(text: &str) -> Result<Vec<Key>, KeyFault> {
    let set: Set = serde_json::from_str(text).map_err(|_| KeyFault::Unrecognised)?;
    let Some(members) = set.keys else {
        return key(text).map(|key| vec![key]);
    };
    let mut keys = Vec::new();
    for member in members {
        match key(member.get()) {
            Ok(key) => keys.push(key),
            Err(KeyFault::Unsupported | KeyFault::NotForSignatures) => {}
            Err(fault) => return Err(fault),
        }
    }
    if keys.is_empty() {
        return Err(KeyFault::NoneInSet);
    }
    Ok(keys)
}

fn key(text: &str) -> Result<Key, KeyFault> {
    let jwk: Jwk = serde_json::from_str(text).map_err(|_| KeyFault::Broken)?;
    if jwk.d.is_some() {
        return Err(KeyFault::Private);
    }
    if !jwk.is_for_signatures() {
        return Err(KeyFault::NotForSignatures);
    }
    let public = jwk.public()?;
    let only = match &jwk.alg {
        None => None,
        Some(named) => Some(algorithm(&public, named).ok_or(KeyFault::NotForSignatures)?),
    };
    Ok(Key {
        id: jwk.kid,
        only,
        public,
    })
}

fn algorithm(public: &PublicKey, named: &str) -> Option<&'static str> {
    let mut algorithms = public.algorithms().iter().copied();
    algorithms.find(|algorithm| *algorithm == named)
}

impl Jwk {
    fn is_for_signatures(&self) -> bool {
        let operations = self.key_ops.as_deref();
        self.purpose
            .as_deref()
            .is_none_or(|purpose| purpose == "sig")
            && operations.is_none_or(|operations| operations.iter().any(|one| one == "verify"))
    }

    fn public(&self) -> Result<PublicKey, KeyFault> {
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => PublicKey::rsa(&bytes(&self.n)?, &bytes(&self.e)?),
            ("EC", Some("P-256")) => {
                let coordinates = [bytes(&self.x)?, bytes(&self.y)?];
                if coordinates.iter().any(|coordinate| coordinate.len() != 32) {
                    return Err(KeyFault::Broken);
                }
                PublicKey::p256(&[&[UNCOMPRESSED], &coordinates.concat()[..]].concat())
            }
            ("OKP", Some("Ed25519")) => PublicKey::ed25519(&bytes(&self.x)?),
            _ => Err(KeyFault::Unsupported),
        }
    }
}

fn bytes(number: &Option<String>) -> Result<Vec<u8>, KeyFault> {
    let text = number.as_ref().ok_or(KeyFault::Broken)?;
    Base64UrlUnpadded::decode_vec(text).map_err(|_| KeyFault::Broken)
}
