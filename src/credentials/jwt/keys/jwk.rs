//! Keys in JSON (RFC 7517; RFC 7518, 6; RFC 8037, 2).

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::{Map, Value as Json};

use super::{Key, KeyFault};
use crate::credentials::jwt::algorithm::PublicKey;

/// What stands before the coordinates of a point (SEC 1, 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// A key; its numbers are base64url without padding (RFC 7515, 2), still as text.
struct Jwk<'a>(&'a Map<String, Json>);

/// A JWK, or the keys of a JWKS.
pub fn parse(text: &str) -> Result<Vec<Key>, KeyFault> {
    let object: Map<String, Json> =
        serde_json::from_str(text).map_err(|_| KeyFault::Unrecognised)?;
    let members = match object.get("keys") {
        None | Some(Json::Null) => return key(&object).map(|key| vec![key]),
        Some(Json::Array(members)) => members,
        Some(_) => return Err(KeyFault::Unrecognised),
    };
    let mut keys = Vec::new();
    for member in members {
        match member.as_object().ok_or(KeyFault::Broken).and_then(key) {
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

fn key(object: &Map<String, Json>) -> Result<Key, KeyFault> {
    let jwk = Jwk(object);
    // Of every kind of private key.
    if jwk.member("d").is_some() {
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
    let mut algorithms = public.algorithms().iter().copied();
    algorithms.find(|algorithm| *algorithm == named)
}

impl Jwk<'_> {
    /// A member; null is as good as none.
    fn member(&self, name: &str) -> Option<&Json> {
        self.0.get(name).filter(|member| !member.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<&str>, KeyFault> {
        let member = self.member(name);
        member
            .map(|member| member.as_str().ok_or(KeyFault::Broken))
            .transpose()
    }

    fn number(&self, name: &str) -> Result<Vec<u8>, KeyFault> {
        let text = self.text(name)?.ok_or(KeyFault::Broken)?;
        Base64UrlUnpadded::decode_vec(text).map_err(|_| KeyFault::Broken)
    }

    fn is_for_signatures(&self) -> Result<bool, KeyFault> {
        let verifies = match self.member("key_ops") {
            None => true,
            Some(Json::Array(operations)) => operations.iter().any(|one| one == "verify"),
            Some(_) => return Err(KeyFault::Broken),
        };
        let purpose = self.text("use")?;
        Ok(verifies && purpose.is_none_or(|purpose| purpose == "sig"))
    }

    fn public(&self) -> Result<PublicKey, KeyFault> {
        let kind = self.text("kty")?.ok_or(KeyFault::Broken)?;
        match (kind, self.text("crv")?) {
            ("RSA", _) => PublicKey::rsa(&self.number("n")?, &self.number("e")?),
            ("EC", Some("P-256")) => {
                let coordinates = [self.number("x")?, self.number("y")?];
                if coordinates.iter().any(|coordinate| coordinate.len() != 32) {
                    return Err(KeyFault::Broken);
                }
                PublicKey::p256(&[&[UNCOMPRESSED], &coordinates.concat()[..]].concat())
            }
            ("OKP", Some("Ed25519")) => PublicKey::ed25519(&self.number("x")?),
            _ => Err(KeyFault::Unsupported),
        }
    }
}
