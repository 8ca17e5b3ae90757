//! Keys in JSON (RFC 7517; RFC 7518, 6; RFC 8037, 2).

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::{Map, Value as Json};

use super::{Key, KeyError, Keys, LeftOut, MAX_KEYS};
use crate::credentials::jwt::algorithm::{PublicKey, canonical};

/// What stands before the coordinates of a point (SEC 1, 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// Length of a coordinate on P-256.
const COORDINATE_BYTES: usize = 32;

/// Members that only private keys have (RFC 7518, 6.2.2 and 6.3.2; `priv` is that of AKP).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "priv"];

/// A key as it is written.
struct Jwk<'a>(&'a Map<String, Json>);

/// A JWK, a JWKS, or the list of a JWKS without what is around it.
pub fn parse(text: &str) -> Result<Keys, KeyError> {
    let json: Json = serde_json::from_str(text).map_err(|_| KeyError::Unrecognised)?;
    let object = match &json {
        Json::Array(members) if !members.is_empty() => return set(members),
        Json::Object(object) => object,
        _ => return Err(KeyError::Unrecognised),
    };
    match object.get("keys") {
        None | Some(Json::Null) => {}
        Some(Json::Array(members)) => return set(members),
        Some(_) => return Err(KeyError::Unrecognised),
    }
    let only = match key(object) {
        Err(KeyError::Missing("kty")) if object.contains_key("jwks_uri") => {
            Err(KeyError::Discovery)
        }
        other => other,
    };
    Ok(Keys {
        keys: vec![only?],
        left_out: Vec::new(),
    })
}

/// A JWKS as a signer publishes it: an object with the list of its keys.
pub fn published(json: &Json) -> Result<Keys, KeyError> {
    match json.get("keys") {
        Some(Json::Array(members)) => set(members),
        _ if json.get("jwks_uri").is_some() => Err(KeyError::Discovery),
        _ => Err(KeyError::NotASet),
    }
}

/// The members that can be used: one that is odd does not shut out who signs with the others.
fn set(members: &[Json]) -> Result<Keys, KeyError> {
    if members.iter().filter_map(Json::as_object).any(is_private) {
        return Err(KeyError::Private);
    }
    let (mut keys, mut left_out) = (Vec::new(), Vec::new());
    for (index, member) in members.iter().enumerate() {
        let read = match member.as_object() {
            Some(_) if keys.len() == MAX_KEYS => Err(KeyError::TooMany),
            Some(object) => key(object),
            None => Err(KeyError::Broken),
        };
        let id = member.get("kid").and_then(Json::as_str);
        match read {
            Ok(key) => keys.push(key),
            Err(why) => left_out.push(LeftOut::new(index, id, why)),
        }
    }
    match keys.is_empty() {
        true => Err(KeyError::NoneInSet(left_out)),
        false => Ok(Keys { keys, left_out }),
    }
}

fn is_private(object: &Map<String, Json>) -> bool {
    let jwk = Jwk(object);
    PRIVATE.iter().any(|name| jwk.member(name).is_some())
}

fn key(object: &Map<String, Json>) -> Result<Key, KeyError> {
    let jwk = Jwk(object);
    if is_private(object) {
        return Err(KeyError::Private);
    }
    let id = jwk.text("kid")?;
    if !jwk.is_for_signatures()? {
        return Err(KeyError::NotForSignatures);
    }
    let public = jwk.public()?;
    let only = match jwk.text("alg")? {
        None => None,
        Some(named) => Some(algorithm(&public, named).ok_or(KeyError::NotForSignatures)?),
    };
    Ok(Key {
        id: id.map(str::to_owned),
        only,
        public,
    })
}

fn algorithm(public: &PublicKey, named: &str) -> Option<&'static str> {
    let named = canonical(named);
    let mut algorithms = public.algorithms().iter().copied();
    algorithms.find(|algorithm| *algorithm == named)
}

impl Jwk<'_> {
    /// A member; null is as good as none.
    fn member(&self, name: &str) -> Option<&Json> {
        self.0.get(name).filter(|member| !member.is_null())
    }

    fn text(&self, name: &'static str) -> Result<Option<&str>, KeyError> {
        let member = self.member(name);
        member
            .map(|member| member.as_str().ok_or(KeyError::Malformed(name)))
            .transpose()
    }

    /// A number, which must be there, in base64url without padding (RFC 7515, 2).
    fn number(&self, name: &'static str) -> Result<Vec<u8>, KeyError> {
        let text = self.text(name)?.ok_or(KeyError::Missing(name))?;
        Base64UrlUnpadded::decode_vec(text).map_err(|_| KeyError::Malformed(name))
    }

    fn is_for_signatures(&self) -> Result<bool, KeyError> {
        let verifies = match self.member("key_ops") {
            None => true,
            Some(Json::Array(operations)) => operations.iter().any(|one| one == "verify"),
            Some(_) => return Err(KeyError::Malformed("key_ops")),
        };
        let purpose = self.text("use")?;
        Ok(verifies && purpose.is_none_or(|purpose| purpose == "sig"))
    }

    fn public(&self) -> Result<PublicKey, KeyError> {
        let kind = self.text("kty")?.ok_or(KeyError::Missing("kty"))?;
        match (kind, self.text("crv")?) {
            ("RSA", _) => self.rsa(),
            ("EC", Some("P-256")) => {
                let (x, y) = (self.number("x")?, self.number("y")?);
                if x.len() != COORDINATE_BYTES || y.len() != COORDINATE_BYTES {
                    return Err(KeyError::CoordinateSize);
                }
                PublicKey::p256(&[&[UNCOMPRESSED], &x[..], &y[..]].concat())
            }
            ("OKP", Some("Ed25519")) => PublicKey::ed25519(&self.number("x")?),
            ("EC" | "OKP", None) => Err(KeyError::Missing("crv")),
            _ => Err(KeyError::Unsupported),
        }
    }

    fn rsa(&self) -> Result<PublicKey, KeyError> {
        let has = |name| self.member(name).is_some();
        if has("x5c") && !has("n") && !has("e") {
            return Err(KeyError::OnlyCertificate);
        }
        PublicKey::rsa(&self.number("n")?, &self.number("e")?)
    }
}
