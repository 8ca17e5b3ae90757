//! A token's envelope: the compact serialization of a JWS (RFC 7515, 7.1).

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::Fault;

/// A token taken apart. Nothing in it is verified.
#[derive(Debug)]
pub struct Jws<'a> {
    /// `alg`: what the token says of itself.
    pub algorithm: String,
    /// `kid`
    pub key_id: Option<String>,
    /// What the signature is over.
    pub signed: &'a [u8],
    /// The claims, still as bytes.
    pub payload: Vec<u8>,
    /// The signature, of any length.
    pub signature: Vec<u8>,
}

/// The members of a header that matter. Others, keys and their addresses among them, are the
/// sender's word and ignored.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

impl<'a> Jws<'a> {
    /// Takes a token apart.
    pub fn parse(token: &'a str) -> Result<Self, Fault> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Fault::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Fault::Malformed)?;
        let header: Header = object(&decoded(header)?)?;
        // RFC 7515, 4.1.11: what must be understood and is not makes the token invalid. No
        // extension is understood here, and an empty list is not allowed.
        if header.crit.is_some() {
            return Err(Fault::Critical);
        }
        Ok(Self {
            algorithm: header.alg,
            key_id: header.kid,
            signed: signed.as_bytes(),
            payload: decoded(payload)?,
            signature: decoded(signature)?,
        })
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, Fault> {
    Base64UrlUnpadded::decode_vec(text).map_err(|_| Fault::Malformed)
}

/// A JSON object. Serde would take an array for a structure too.
pub fn object<T: DeserializeOwned>(json: &[u8]) -> Result<T, Fault> {
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err(Fault::Malformed);
    }
    serde_json::from_slice(json).map_err(|_| Fault::Malformed)
}
