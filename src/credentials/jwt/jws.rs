//! A token's envelope: the compact serialization of a JWS (RFC 7515, 7.1), which jwt-compact reads.
//! What the envelope says is not verified here.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use jwt_compact::{ParseError, UntrustedToken};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};
use serde_json::json;

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

/// What is read of a header beside jwt-compact's members.
#[derive(Deserialize)]
struct Extensions {
    #[serde(default)]
    crit: Presence,
}

/// The members of a header that matter. Others, keys and their addresses among them, are the
/// sender's word and ignored.
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
        let essential;
        let parsed = match UntrustedToken::<Extensions>::try_from(token) {
            Err(ParseError::MalformedHeader(_) | ParseError::UnsupportedContentType(_)) => {
                essential = with_essential_header(token)?;
                UntrustedToken::try_from(essential.as_str())
            }
            parsed => parsed,
        };
        let parsed = parsed.map_err(|_| JwtError::Malformed)?;
        let header = parsed.header();
        header.other_fields.crit.refuse()?;
        let (signed, _) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (_, payload) = signed.split_once('.').ok_or(JwtError::Malformed)?;
        Ok(Self {
            algorithm: parsed.algorithm().to_owned(),
            key_id: header.key_id.clone(),
            signed: signed.as_bytes(),
            // jwt-compact gives claims out as its own type alone, which has no fractions of seconds.
            payload: decoded(payload)?,
            signature: parsed.signature_bytes().to_vec(),
        })
    }
}

/// The token with no more in its header than matters: jwt-compact refuses a thumbprint of another
/// length, or a content type that is not its own, though nobody here follows them.
fn with_essential_header(token: &str) -> Result<String, JwtError> {
    let (header, rest) = token.split_once('.').ok_or(JwtError::Malformed)?;
    let Essentials { alg, kid, crit } = object(&decoded(header)?)?;
    crit.refuse()?;
    let header = json!({ "alg": alg, "kid": kid }).to_string();
    let header = Base64UrlUnpadded::encode_string(header.as_bytes());
    Ok(format!("{header}.{rest}"))
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
