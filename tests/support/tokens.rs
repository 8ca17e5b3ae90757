//! Makes tokens as an authorization server would, with ring: nothing of what is tested takes part.
//! The keys are those of `tests/keys/`.

use std::path::PathBuf;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaEncoding, RsaKeyPair,
};
use serde_json::Value;

use crate::project;

/// A token over `header` and `claims`, signed by `algorithm` with the private key named `key`.
/// `HS…` signs with the public key's PEM as the secret, and `none` not at all.
pub fn token(algorithm: &str, key: &str, header: &Value, claims: &Value) -> String {
    let (header, claims) = (header.to_string(), claims.to_string());
    token_of(algorithm, key, header.as_bytes(), claims.as_bytes())
}

/// The same over bytes that need not be JSON.
pub fn token_of(algorithm: &str, key: &str, header: &[u8], claims: &[u8]) -> String {
    let encoded = Base64UrlUnpadded::encode_string;
    let signed = format!("{}.{}", encoded(header), encoded(claims));
    let signature = sign(algorithm, key, signed.as_bytes());
    format!("{signed}.{}", encoded(&signature))
}

/// The text of a public key.
pub fn public_key(file: &str) -> String {
    let path = folder().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{}", path.display()))
}

/// The Ed25519 key pair named `key`.
pub fn ed25519(key: &str) -> Ed25519KeyPair {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(&private_key(key)).expect("an Ed25519 key")
}

fn private_key(key: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{key}.private.der"))).expect("a key")
}

fn folder() -> PathBuf {
    project::root().join("tests/keys")
}

fn sign(algorithm: &str, key: &str, message: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    let private = || private_key(key);
    let secret = |hash| hmac::Key::new(hash, public_key(&format!("{key}.pem")).as_bytes());
    match algorithm {
        "RS256" => rsa(&private(), &signature::RSA_PKCS1_SHA256, message),
        "RS384" => rsa(&private(), &signature::RSA_PKCS1_SHA384, message),
        "RS512" => rsa(&private(), &signature::RSA_PKCS1_SHA512, message),
        "PS256" => rsa(&private(), &signature::RSA_PSS_SHA256, message),
        "PS384" => rsa(&private(), &signature::RSA_PSS_SHA384, message),
        "PS512" => rsa(&private(), &signature::RSA_PSS_SHA512, message),
        "ES256" => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &private(), &random)
            .expect("a P-256 key")
            .sign(&random, message)
            .expect("signed")
            .as_ref()
            .to_vec(),
        "EdDSA" => ed25519(key).sign(message).as_ref().to_vec(),
        "HS256" => hmac::sign(&secret(hmac::HMAC_SHA256), message)
            .as_ref()
            .to_vec(),
        "HS384" => hmac::sign(&secret(hmac::HMAC_SHA384), message)
            .as_ref()
            .to_vec(),
        "HS512" => hmac::sign(&secret(hmac::HMAC_SHA512), message)
            .as_ref()
            .to_vec(),
        "none" => Vec::new(),
        other => panic!("{other} signs nothing here"),
    }
}

fn rsa(private: &[u8], encoding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
    let key = RsaKeyPair::from_pkcs8(private).expect("an RSA key");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(encoding, &SystemRandom::new(), message, &mut signature)
        .expect("signed");
    signature
}
