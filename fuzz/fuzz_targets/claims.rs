//! Claims as a signer may write them, signed for real so that they are read: what gets in says
//! that it may.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use libfuzzer_sys::fuzz_target;
use sam_callback::config::{AccessSettings, JwtSettings};
use sam_callback::credentials::{Keys, Policy};
use sam_callback_fuzz::{NOW, received, token};
use serde_json::Value;

const LEEWAY: f64 = 60.0;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    let der = include_bytes!("../../tests/keys/ed25519.private.der");
    // PKCS#8 without a public key ends with the secret one.
    SigningKey::from_bytes(der.last_chunk().expect("32 bytes"))
});

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let keys = Keys::parse(include_str!("../../tests/keys/ed25519.pem"));
    Policy::new(&AccessSettings {
        jwt: Some(JwtSettings {
            keys: Some(keys.expect("a key")),
            published: None,
            issuer: Some("i".to_owned()),
            audience: Some("a".to_owned()),
            leeway: Duration::from_secs(LEEWAY as u64),
        }),
        ..AccessSettings::NONE
    })
});

fuzz_target!(|data: (&[u8], &[u8])| {
    let (more_of_header, claims) = data;
    let header = [br#"{"alg":"EdDSA""#, more_of_header, b"}"].concat();
    let unsigned = token(&header, claims, b"");
    let signature = KEY.sign(unsigned.trim_end_matches('.').as_bytes());
    let signature = Base64UrlUnpadded::encode_string(&signature.to_bytes());
    let value = format!("Bearer {unsigned}{signature}");
    let admitted = POLICY.judge(received([("authorization", value.as_bytes())], b""), None);
    // What nobody asks about may be what this reader does not take: a number too large.
    if let (Ok(_), Ok(claims)) = (admitted, serde_json::from_slice::<Value>(claims)) {
        let now = NOW.as_secs_f64();
        let is_past =
            |time: &Value| time.is_null() || time.as_f64().is_some_and(|t| t <= now + LEEWAY);
        assert!(claims["exp"].as_f64().is_some_and(|exp| exp + LEEWAY > now));
        assert!(is_past(&claims["nbf"]) && is_past(&claims["iat"]));
        assert!(claims["iss"] == "i");
        let is_among = |all: &Vec<Value>| all.iter().any(|one| one == "a");
        assert!(claims["aud"] == "a" || claims["aud"].as_array().is_some_and(is_among));
    }
});
