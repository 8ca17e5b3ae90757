//! Keys in PEM (RFC 7468): SPKI (`PUBLIC KEY`, RFC 5280, 4.1.2.7) and PKCS#1 (`RSA PUBLIC KEY`,
//! RFC 8017, A.1.1). People also paste them in Base64 once more, as many secret stores want it, or
//! without the lines BEGIN and END, as Keycloak shows a key.

use base64ct::{Base64, Base64Unpadded, Encoding as _};
use rsa::pkcs1;
use rsa::pkcs8::ObjectIdentifier;
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;

use super::{Key, KeyError};
use crate::credentials::jwt::algorithm::PublicKey;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

const RSA: ObjectIdentifier = pkcs1::ALGORITHM_OID;
/// id-ecPublicKey (RFC 5480, 2.1.1).
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// secp256r1 (RFC 5480, 2.1.1.1).
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// id-Ed25519 (RFC 8410, 3).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// What a text amounts to.
pub enum PemContent {
    /// Keys.
    Keys(Vec<Key>),
    /// JSON that was in Base64.
    Json(String),
}

/// Every key of `text`, whatever stands between them.
pub fn parse(text: &str) -> Result<PemContent, KeyError> {
    // Once for the file it came from and once more for the place it was pasted into.
    let text = text.replace("\\\\", "\\");
    let text = text.replace("\\n", "\n").replace("\\r", "\r");
    if text.contains(BEGIN) {
        return blocks(&text).map(PemContent::Keys);
    }
    if text.contains("BEGIN ") && text.contains(" KEY") {
        return Err(KeyError::Dashes);
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        return Err(KeyError::Address);
    }
    if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") {
        return Err(KeyError::OpenSsh);
    }
    bare(&text)
}

fn blocks(text: &str) -> Result<Vec<Key>, KeyError> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some((_, block)) = rest.split_once(BEGIN) {
        let (label, block) = block.split_once(DASHES).ok_or(KeyError::Broken)?;
        let end = format!("{DASHES}END {label}{DASHES}");
        let read = reader(label)?;
        let (body, after) = block.split_once(&end).ok_or(KeyError::Broken)?;
        let der = decoded(body).ok_or(KeyError::Broken)?;
        keys.push(unnamed(read(&der)?));
        rest = after;
    }
    Ok(keys)
}

/// One key without its lines BEGIN and END, or a whole text, in Base64.
fn bare(text: &str) -> Result<PemContent, KeyError> {
    let bytes = decoded(text).ok_or(KeyError::Unrecognised)?;
    if let Ok(inner) = str::from_utf8(&bytes) {
        let inner = inner.trim();
        if inner.contains(BEGIN) {
            return blocks(inner).map(PemContent::Keys);
        }
        if inner.starts_with(['{', '[']) {
            return Ok(PemContent::Json(inner.to_owned()));
        }
    }
    let key = match inside(&bytes) {
        // PKCS#8 or PKCS#1, or SEC 1: a version, where a public key has none.
        [2, 1, 0 | 1, ..] => return Err(KeyError::Private),
        [2, ..] => pkcs1(&bytes),
        [0x30, ..] if inside(inside(&bytes)).first() == Some(&0xa0) => {
            return Err(KeyError::Certificate);
        }
        [0x30, ..] => spki(&bytes),
        _ => return Err(KeyError::Unrecognised),
    };
    key.map(|public| PemContent::Keys(vec![unnamed(public)]))
}

/// What a SEQUENCE (X.690, 8.9) at the beginning has in it, and what stands behind that; nothing
/// where there is none.
fn inside(der: &[u8]) -> &[u8] {
    match der {
        [0x30, 0x82, _, _, inside @ ..] | [0x30, 0x81, _, inside @ ..] => inside,
        [0x30, ..=0x7f, inside @ ..] => inside,
        _ => &[],
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_ascii_whitespace().collect();
    let bytes = Base64::decode_vec(&text);
    bytes.or_else(|_| Base64Unpadded::decode_vec(&text)).ok()
}

fn unnamed(public: PublicKey) -> Key {
    Key {
        id: None,
        only: None,
        public,
    }
}

type Read = fn(&[u8]) -> Result<PublicKey, KeyError>;

fn reader(label: &str) -> Result<Read, KeyError> {
    match label {
        "PUBLIC KEY" => Ok(spki),
        "RSA PUBLIC KEY" => Ok(pkcs1),
        _ if label.ends_with("CERTIFICATE") => Err(KeyError::Certificate),
        _ if label.ends_with("PRIVATE KEY") => Err(KeyError::Private),
        _ => Err(KeyError::Unrecognised),
    }
}

fn spki(der: &[u8]) -> Result<PublicKey, KeyError> {
    let key = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| KeyError::Broken)?;
    let bits = key.subject_public_key.as_bytes().ok_or(KeyError::Broken)?;
    match key.algorithm.oid {
        RSA => pkcs1(bits),
        EC if key.algorithm.parameters_oid() == Ok(P256) => PublicKey::p256(bits),
        ED25519 => PublicKey::ed25519(bits),
        _ => Err(KeyError::Unsupported),
    }
}

fn pkcs1(der: &[u8]) -> Result<PublicKey, KeyError> {
    let key = pkcs1::RsaPublicKey::try_from(der).map_err(|_| KeyError::Broken)?;
    PublicKey::rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes())
}
