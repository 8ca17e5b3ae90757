//! A token's envelope: the compact serialization of a JWS (RFC 7515, 7.1). What it says is not verified
//! here.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};

use super::JwtError;

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
/// sender's word and ignored: jwt-compact refuses a content type that is not its own, or a thumbprint of
/// another length, and its reading of what nobody here follows would be a hundredth of the component.
#[derive(Deserialize)]
struct Essentials {
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

impl Presence {
    /// RFC 7515, 4.1.11: what must be understood and is not makes the token invalid. No extension
    /// is understood here, and an empty list is not allowed.
    fn refuse(&self) -> Result<(), JwtError> {
        if self.0 {
            return Err(JwtError::Critical);
        }
        Ok(())
    }
}

impl<'a> Jws<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`JwtError::Malformed`] and [`JwtError::Critical`].
    pub fn parse(token: &'a str) -> Result<Self, JwtError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(JwtError::Malformed)?;
        let Essentials { alg, kid, crit } = object(&decoded(header)?)?;
        // A further dot in the payload is none of base64url.
        let (payload, signature) = (decoded(payload)?, decoded(signature)?);
        crit.refuse()?;
        Ok(Self {
            algorithm: alg,
            key_id: kid,
            signed: signed.as_bytes(),
            payload,
            signature,
        })
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, JwtError> {
    Base64UrlUnpadded::decode_vec(text).map_err(|_| JwtError::Malformed)
}

/// A JSON object, all of it UTF-8 (RFC 7519, 7.2). Serde would take an array for a structure too,
/// and any bytes in a text that it skips.
pub fn object<T: DeserializeOwned>(json: &[u8]) -> Result<T, JwtError> {
    let json = str::from_utf8(json).map_err(|_| JwtError::Malformed)?;
    if !json.trim_ascii_start().starts_with('{') {
        return Err(JwtError::Malformed);
    }
    serde_json::from_str(json).map_err(|_| JwtError::Malformed)
}
