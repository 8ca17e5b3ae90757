//! Keys in JSON (RFC 7517; RFC 7518, 6; RFC 8037, 2).

use jwt_compact::jwk::JsonWebKey;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Key, KeyFault};
use crate::credentials::jwt::algorithm::{ED25519, P256, PublicKey, RSA};

#[derive(Deserialize)]
struct Set<'a> {
    #[serde(borrow)]
    keys: Option<Vec<&'a RawValue>>,
}

/// What a JWK says about itself, beside the key.
#[derive(Deserialize)]
struct About {
    kty: String,
    crv: Option<String>,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    /// The private part of every kind that has one.
    d: Option<IgnoredAny>,
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
    let about: About = serde_json::from_str(text).map_err(|_| KeyFault::Broken)?;
    if about.d.is_some() {
        return Err(KeyFault::Private);
    }
    let algorithms = match (about.kty.as_str(), about.crv.as_deref()) {
        ("RSA", _) => RSA,
        ("EC", Some("P-256")) => P256,
        ("OKP", Some("Ed25519")) => ED25519,
        _ => return Err(KeyFault::Unsupported),
    };
    let only = only(&about, algorithms)?;
    let key: JsonWebKey = serde_json::from_str(text).map_err(|_| KeyFault::Broken)?;
    Ok(Key {
        id: about.kid,
        only,
        public: public(&key)?,
    })
}

/// The one algorithm the key is for, where it says so.
fn only(about: &About, algorithms: &[&'static str]) -> Result<Option<&'static str>, KeyFault> {
    let purpose = about.purpose.as_deref();
    let operations = about.key_ops.as_deref();
    if purpose.is_some_and(|purpose| purpose != "sig")
        || operations.is_some_and(|operations| !operations.iter().any(|one| one == "verify"))
    {
        return Err(KeyFault::NotForSignatures);
    }
    let Some(named) = &about.alg else {
        return Ok(None);
    };
    let only = algorithms.iter().find(|algorithm| *algorithm == named);
    only.copied().map(Some).ok_or(KeyFault::NotForSignatures)
}

fn public(key: &JsonWebKey) -> Result<PublicKey, KeyFault> {
    match key {
        JsonWebKey::Rsa {
            modulus,
            public_exponent,
            ..
        } => PublicKey::rsa(modulus, public_exponent),
        JsonWebKey::EllipticCurve { .. } => key
            .try_into()
            .map(PublicKey::P256)
            .map_err(|_| KeyFault::Broken),
        JsonWebKey::KeyPair { x, .. } => PublicKey::ed25519(x),
        _ => Err(KeyFault::Unsupported),
    }
}
