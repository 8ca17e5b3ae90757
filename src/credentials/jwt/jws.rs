//! A token's envelope: the compact serialization of a JWS (RFC 7515, 7.1).

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};

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
    #[serde(default)]
    crit: Presence,
}

/// Whether a member is there, whatever it is.
#[derive(Default)]
struct Presence(bool);

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

impl<'a> Jws<'a> {
    /// Takes a token apart.
    pub fn parse(token: &'a str) -> Result<Self, Fault> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Fault::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Fault::Malformed)?;
        let header: Header = object(&decoded(header)?)?;
        // RFC 7515, 4.1.11: what must be understood and is not makes the token invalid. No
        // extension is understood here, and an empty list is not allowed.
        if header.crit.0 {
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

/// A JSON object, all of it UTF-8 (RFC 7519, 7.2). Serde would take an array for a structure too,
/// and any bytes in a text that it skips.
pub fn object<T: DeserializeOwned>(json: &[u8]) -> Result<T, Fault> {
    let json = str::from_utf8(json).map_err(|_| Fault::Malformed)?;
    if !json.trim_ascii_start().starts_with('{') {
        return Err(Fault::Malformed);
    }
    serde_json::from_str(json).map_err(|_| Fault::Malformed)
}
