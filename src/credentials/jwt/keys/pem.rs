//! Keys in PEM (RFC 7468): SPKI (`PUBLIC KEY`, RFC 5280, 4.1.2.7) and PKCS#1 (`RSA PUBLIC KEY`,
//! RFC 8017, A.1.1).

use base64ct::{Base64, Encoding as _};
use rsa::pkcs1;
use rsa::pkcs8::ObjectIdentifier;
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;

use super::{Key, KeyFault};
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

/// Every key of `text`, whatever stands between them.
pub fn parse(text: &str) -> Result<Vec<Key>, KeyFault> {
    let text = text.replace("\\n", "\n").replace("\\r", "\r");
    let mut keys = Vec::new();
    let mut rest = text.as_str();
    while let Some((_, block)) = rest.split_once(BEGIN) {
        let (label, block) = block.split_once(DASHES).ok_or(KeyFault::Broken)?;
        let end = format!("{DASHES}END {label}{DASHES}");
        let read = reader(label)?;
        let (body, after) = block.split_once(&end).ok_or(KeyFault::Broken)?;
        let body: String = body.split_ascii_whitespace().collect();
        let der = Base64::decode_vec(&body).map_err(|_| KeyFault::Broken)?;
        keys.push(Key {
            id: None,
            only: None,
            public: read(&der)?,
        });
        rest = after;
    }
    if keys.is_empty() {
        return Err(KeyFault::Unrecognised);
    }
    Ok(keys)
}

type Read = fn(&[u8]) -> Result<PublicKey, KeyFault>;

fn reader(label: &str) -> Result<Read, KeyFault> {
    match label {
        "PUBLIC KEY" => Ok(spki),
        "RSA PUBLIC KEY" => Ok(pkcs1),
        _ if label.ends_with("CERTIFICATE") => Err(KeyFault::Certificate),
        _ if label.ends_with("PRIVATE KEY") => Err(KeyFault::Private),
        _ => Err(KeyFault::Unrecognised),
    }
}

fn spki(der: &[u8]) -> Result<PublicKey, KeyFault> {
    let key = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| KeyFault::Broken)?;
    let bits = key.subject_public_key.as_bytes().ok_or(KeyFault::Broken)?;
    match key.algorithm.oid {
        RSA => pkcs1(bits),
        EC if key.algorithm.parameters_oid() == Ok(P256) => PublicKey::p256(bits),
        ED25519 => PublicKey::ed25519(bits),
        _ => Err(KeyFault::Unsupported),
    }
}

fn pkcs1(der: &[u8]) -> Result<PublicKey, KeyFault> {
    let key = pkcs1::RsaPublicKey::try_from(der).map_err(|_| KeyFault::Broken)?;
    PublicKey::rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes())
}
