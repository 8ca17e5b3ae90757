//! Whatever comes, nothing panics (it would take the instance's other requests with it) and
//! nothing opens. `fuzz/` looks further, with the coverage to guide it.

use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use proptest::prelude::*;

use super::{Keys, Policy, SignatureKeys};
use crate::config::{AccessSettings, BodySignatureSettings, JwtSettings};
use crate::testing::{received, signer};

fn keys() -> Keys {
    let files = ["rsa.pem", "p256.pem", "ed25519.pem"];
    let text = files.map(signer::public_key).concat();
    Keys::parse(&text).expect("keys")
}

fn policy(keys: Option<Keys>, signatures: Option<&str>) -> Policy {
    let keys_of = |text| SignatureKeys::parse(text).expect("keys").expect("one");
    Policy::new(&AccessSettings {
        jwt: keys.map(|keys| JwtSettings {
            keys: Some(keys),
            published: None,
            issuer: None,
            audience: None,
            leeway: Duration::from_secs(60),
        }),
        body_signature: signatures.map(|text| BodySignatureSettings {
            header: "x-webhook-signature",
            keys: keys_of(text),
            tolerance: Duration::from_secs(300),
        }),
        ..AccessSettings::NONE
    })
}

fn opens(policy: &Policy, headers: &[(&'static str, &[u8])], body: &[u8]) -> bool {
    policy.judge(received(headers, body), None).is_ok()
}

/// JSON, most of it of the kind that a token or a key has.
fn json(names: &'static [&'static str], words: &'static [&'static str]) -> BoxedStrategy<String> {
    let word = proptest::sample::select(words).prop_map(|word| format!("\"{word}\""));
    let leaf = prop_oneof![
        4 => word,
        1 => "[a-zA-Z0-9_-]{0,60}".prop_map(|text| format!("\"{text}\"")),
        1 => any::<f64>().prop_map(|number| format!("{number}")),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => Just("null".to_owned()),
        1 => Just("true".to_owned()),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(|all| format!("[{}]", all.join(",")))
    });
    let member = (proptest::sample::select(names), value)
        .prop_map(|(name, value)| format!("\"{name}\":{value}"));
    prop::collection::vec(member, 0..8)
        .prop_map(|members| format!("{{{}}}", members.join(",")))
        .boxed()
}

const HEADER: &[&str] = &["alg", "kid", "crit", "typ", "jwk", "b64", "cty"];
const ALGORITHMS: &[&str] = &[
    "RS256", "PS384", "ES256", "EdDSA", "none", "HS256", "ES384", "",
];
const CLAIMS: &[&str] = &["exp", "nbf", "iat", "iss", "aud"];
const JWK: &[&str] = &[
    "kty", "crv", "use", "key_ops", "alg", "kid", "n", "e", "x", "y", "d",
];
const JWK_WORDS: &[&str] = &[
    "RSA", "EC", "OKP", "oct", "P-256", "Ed25519", "sig", "enc", "verify", "RS256", "AQAB", "AQ",
    "",
];

fn token() -> impl Strategy<Value = String> {
    let sizes = prop_oneof![
        Just(0_usize),
        Just(63),
        Just(64),
        Just(255),
        Just(256),
        0..600_usize
    ];
    let signature = sizes.prop_flat_map(|size| prop::collection::vec(any::<u8>(), size));
    (json(HEADER, ALGORITHMS), json(CLAIMS, &["sam"]), signature).prop_map(
        |(header, claims, signature)| {
            let parts = [header.as_bytes(), claims.as_bytes(), &signature];
            let parts = parts.map(Base64UrlUnpadded::encode_string);
            format!("Bearer {}", parts.join("."))
        },
    )
}

/// The key of a signature nobody could have made.
const SECRETS: &str = "s3creto whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_in_authorization_open(
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..3),
    ) {
        let policy = policy(Some(keys()), None);
        let bearer: Vec<_> = values.iter().map(|value| [b"Bearer ", &value[..]].concat()).collect();
        for values in [&values, &bearer] {
            let headers: Vec<_> = values.iter().map(|v| ("authorization", v.as_slice())).collect();
            prop_assert!(!opens(&policy, &headers, b""));
        }
    }

    #[test]
    fn no_text_is_a_key_by_mistake(text in "(?s).{0,200}", json in json(JWK, JWK_WORDS)) {
        for text in [
            text.clone(),
            json.clone(),
            format!("{{\"keys\":[{json},{json}]}}"),
            format!("-----BEGIN PUBLIC KEY-----{text}-----END PUBLIC KEY-----"),
            format!("-----BEGIN {text}-----{text}-----END {text}-----"),
        ] {
            prop_assert!(Keys::parse(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_headers_are_a_signature_by_mistake(
        hex in "(sha256=)?[0-9a-fA-F]{0,66}",
        id in "[ -~]{0,20}",
        timestamp in "(17673230[0-9]{2}|[ -~]{0,12})",
        signatures in "((v1|v1a|v2),[A-Za-z0-9+/]{0,88}={0,2} ?){0,4}",
        body in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let headers = [
            ("x-webhook-signature", hex.as_bytes()),
            ("webhook-id", id.as_bytes()),
            ("webhook-timestamp", timestamp.as_bytes()),
            ("webhook-signature", signatures.as_bytes()),
        ];
        prop_assert!(!opens(&policy(None, Some(SECRETS)), &headers, &body));
    }

    #[test]
    fn no_text_makes_signature_keys_panic(text in "(whsec_|whpk_|whsk_)?.{0,60}") {
        let _ = SignatureKeys::parse(&text);
    }
}

proptest! {
    // Each costs a public-key operation or two.
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_token_opens_without_the_private_key(token in token()) {
        let policy = policy(Some(keys()), None);
        prop_assert!(!opens(&policy, &[("authorization", token.as_bytes())], b""), "{token}");
    }

    #[test]
    fn a_changed_key_never_verifies_what_the_key_has_signed(at in 60..390_usize, to in "[A-Za-z0-9+/]") {
        let header = serde_json::json!({"alg": "RS256"});
        let claims = serde_json::json!({"exp": 1e12});
        let token = format!("Bearer {}", signer::token("RS256", "rsa", &header, &claims));
        let mut pem = signer::public_key("rsa.pem");
        prop_assume!(pem.as_bytes()[at] != b'\n' && pem.as_bytes()[at] != to.as_bytes()[0]);
        pem.replace_range(at..=at, &to);
        if let Ok(keys) = Keys::parse(&pem) {
            let policy = policy(Some(keys), None);
            prop_assert!(!opens(&policy, &[("authorization", token.as_bytes())], b""));
        }
    }
}
