//! Keys in JSON (RFC 7517; RFC 7518, 6; RFC 8037, 2).

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::{Map, Value as Json};

use super::{Key, KeyFault, Keys, LeftOut, MOST};
use crate::credentials::jwt::algorithm::{PublicKey, canonical};

/// What stands before the coordinates of a point (SEC 1, 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// Members that only private keys have (RFC 7518, 6.2.2 and 6.3.2; `priv` is that of AKP).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "priv"];

/// A key; its numbers are base64url without padding (RFC 7515, 2), still as text.
struct Jwk<'a>(&'a Map<String, Json>);

/// A JWK, a JWKS, or the list of a JWKS without what is around it.
pub fn parse(text: &str) -> Result<Keys, KeyFault> {
    let json: Json = serde_json::from_str(text).map_err(|_| KeyFault::Unrecognised)?;
    let object = match &json {
        Json::Array(members) if !members.is_empty() => return set(members),
        Json::Object(object) => object,
        _ => return Err(KeyFault::Unrecognised),
    };
    match object.get("keys") {
        None | Some(Json::Null) => {}
        Some(Json::Array(members)) => return set(members),
        Some(_) => return Err(KeyFault::Unrecognised),
    }
    let only = match key(object) {
        Err(KeyFault::Missing("kty")) if object.contains_key("jwks_uri") => {
            Err(KeyFault::Discovery)
        }
        other => other,
    };
    Ok(Keys {
        keys: vec![only?],
        left_out: Vec::new(),
    })
}

/// The members that can be used: one that is odd does not shut out who signs with the others.
fn set(members: &[Json]) -> Result<Keys, KeyFault> {
    if members.iter().filter_map(Json::as_object).any(is_private) {
        return Err(KeyFault::Private);
    }
    let (mut keys, mut left_out) = (Vec::new(), Vec::new());
    for (index, member) in members.iter().enumerate() {
        let read = match member.as_object() {
            Some(_) if keys.len() == MOST => Err(KeyFault::TooMany),
            Some(object) => key(object),
            None => Err(KeyFault::Broken),
        };
        let id = member.get("kid").and_then(Json::as_str);
        match read {
            Ok(key) => keys.push(key),
            Err(why) => left_out.push(LeftOut::new(index, id, why)),
        }
    }
    match keys.is_empty() {
        true => Err(KeyFault::NoneInSet(left_out)),
        false => Ok(Keys { keys, left_out }),
    }
}

fn is_private(object: &Map<String, Json>) -> bool {
    let jwk = Jwk(object);
    PRIVATE.iter().any(|name| jwk.member(name).is_some())
}

fn key(object: &Map<String, Json>) -> Result<Key, KeyFault> {
    let jwk = Jwk(object);
    if is_private(object) {
        return Err(KeyFault::Private);
    }
    let id = jwk.text("kid")?;
    if !jwk.is_for_signatures()? {
        return Err(KeyFault::NotForSignatures);
    }
    let public = jwk.public()?;
    let only = match jwk.text("alg")? {
        None => None,
        Some(named) => Some(algorithm(&public, named).ok_or(KeyFault::NotForSignatures)?),
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

    fn text(&self, name: &'static str) -> Result<Option<&str>, KeyFault> {
        let member = self.member(name);
        member
            .map(|member| member.as_str().ok_or(KeyFault::Malformed(name)))
            .transpose()
    }

    fn number(&self, name: &'static str) -> Result<Vec<u8>, KeyFault> {
        let text = self.text(name)?.ok_or(KeyFault::Missing(name))?;
        Base64UrlUnpadded::decode_vec(text).map_err(|_| KeyFault::Malformed(name))
    }

    fn is_for_signatures(&self) -> Result<bool, KeyFault> {
        let verifies = match self.member("key_ops") {
            None => true,
            Some(Json::Array(operations)) => operations.iter().any(|one| one == "verify"),
            Some(_) => return Err(KeyFault::Malformed("key_ops")),
        };
        let purpose = self.text("use")?;
        Ok(verifies && purpose.is_none_or(|purpose| purpose == "sig"))
    }

    fn public(&self) -> Result<PublicKey, KeyFault> {
        let kind = self.text("kty")?.ok_or(KeyFault::Missing("kty"))?;
        match (kind, self.text("crv")?) {
            ("RSA", _) => {
                let has = |name| self.member(name).is_some();
                if has("x5c") && !has("n") && !has("e") {
                    return Err(KeyFault::OnlyCertificate);
                }
                PublicKey::rsa(&self.number("n")?, &self.number("e")?)
            }
            ("EC", Some("P-256")) => {
                let coordinates = [self.number("x")?, self.number("y")?];
                if coordinates.iter().any(|coordinate| coordinate.len() != 32) {
                    return Err(KeyFault::CoordinateSize);
                }
                PublicKey::p256(&[&[UNCOMPRESSED], &coordinates.concat()[..]].concat())
            }
            ("OKP", Some("Ed25519")) => PublicKey::ed25519(&self.number("x")?),
            ("EC" | "OKP", None) => Err(KeyFault::Missing("crv")),
            _ => Err(KeyFault::Unsupported),
        }
    }
}
