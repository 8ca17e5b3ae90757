//! Keys as operators paste them, and signatures that others have found to be taken by mistake.

use serde_json::{Value, json};

use super::*;
use crate::testing::signer::public_key;

/// A part of C2SP/wycheproof, testvectors_v1/json_web_signature_test.json (Apache-2.0).
const WYCHEPROOF: &str = include_str!("../../../../tests/vectors/json_web_signature.json");

/// Valid vectors that our rules do not allow: a token of an algorithm that is not its JWK's, and
/// a key on P-521.
const NOT_ALLOWED: [u64; 2] = [346, 347];

#[test]
fn wycheproofs_signatures_are_judged_as_it_says() {
    let vectors: Value = serde_json::from_str(WYCHEPROOF).expect("JSON");
    let mut judged = 0;
    for group in vectors["testGroups"].as_array().expect("groups") {
        let keys = Keys::parse(&group["public"].to_string());
        for test in group["tests"].as_array().expect("tests") {
            let id = test["tcId"].as_u64().expect("an id");
            let token = test["jws"].as_str().expect("text");
            let verified = keys
                .as_ref()
                .is_ok_and(|keys| Jws::parse(token).is_ok_and(|jws| keys.verify(&jws, 0).is_ok()));
            let valid = test["result"] == "valid" && !NOT_ALLOWED.contains(&id);
            assert_eq!(verified, valid, "{id}: {}", test["comment"]);
            judged += 1;
        }
    }
    assert_eq!(judged, 99);
}

/// Every way in which one key can be written.
fn ways(file: &str) -> Vec<String> {
    let pem = public_key(file);
    let one_line: String = pem.lines().map(|line| format!("{line} ")).collect();
    vec![
        pem.clone(),
        pem.trim().to_owned(),
        format!("\n\n  {pem}\n"),
        pem.replace('\n', "\r\n"),
        pem.replace('\n', "\\n"),
        pem.replace('\n', "\\r\\n"),
        one_line,
        format!("Clave de la pasarela, de 2026\n{pem}"),
    ]
}

fn kinds(keys: &Keys) -> Vec<&'static str> {
    let kind = |key: &Key| key.public.algorithms()[0];
    keys.keys.iter().map(kind).collect()
}

#[test]
fn pem_is_read_however_its_lines_are_broken() {
    for (file, kind) in [
        ("rsa.pem", "RS256"),
        ("rsa.pkcs1.pem", "RS256"),
        ("p256.pem", "ES256"),
        ("ed25519.pem", "EdDSA"),
    ] {
        for text in ways(file) {
            let keys = Keys::parse(&text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
            assert_eq!(kinds(&keys), [kind], "{text}");
        }
    }
}

#[test]
fn several_keys_in_pem_are_all_read_or_none() {
    let text = ["rsa.pem", "p256.pem", "ed25519.pem", "rsa.pkcs1.pem"].map(public_key);
    let keys = Keys::parse(&text.concat()).expect("keys");
    assert_eq!(kinds(&keys), ["RS256", "ES256", "EdDSA", "RS256"]);
    let keys = Keys::parse(&text.concat().replace('\n', "\\n")).expect("keys");
    assert_eq!(keys.keys.len(), 4);

    for wrong in ["rsa-1024.pem", "certificate.pem", "p384.pem"] {
        let text = format!("{}{}", text.concat(), public_key(wrong));
        assert!(Keys::parse(&text).is_err(), "{wrong}");
    }
    let cut = text.concat();
    assert_eq!(
        Keys::parse(&cut[..cut.len() - 9]).err(),
        Some(KeyError::Broken)
    );
}

#[test]
fn sixteen_keys_are_read_and_no_more() {
    let pem = |count| public_key("p256.pem").repeat(count);
    assert_eq!(Keys::parse(&pem(16)).expect("keys").keys.len(), 16);
    assert_eq!(Keys::parse(&pem(17)).err(), Some(KeyError::TooMany));
}

#[test]
fn a_key_that_cannot_be_used_is_refused_with_what_to_do() {
    let pem = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----");
    let rsa = public_key("rsa.pem");
    for (text, fault) in [
        (public_key("certificate.pem"), KeyError::Certificate),
        (pem("TRUSTED CERTIFICATE"), KeyError::Certificate),
        (pem("PRIVATE KEY"), KeyError::Private),
        (pem("RSA PRIVATE KEY"), KeyError::Private),
        (pem("EC PRIVATE KEY"), KeyError::Private),
        (pem("ENCRYPTED PRIVATE KEY"), KeyError::Private),
        (pem("OPENSSH PRIVATE KEY"), KeyError::Private),
        (pem("PGP PUBLIC KEY BLOCK"), KeyError::Unrecognised),
        (pem("EC PARAMETERS"), KeyError::Unrecognised),
        (pem("PUBLIC KEY"), KeyError::Broken),
        (pem("RSA PUBLIC KEY"), KeyError::Broken),
        (public_key("rsa-1024.pem"), KeyError::RsaSize),
        (public_key("rsa-2047.pem"), KeyError::RsaSize),
        (public_key("rsa-8192.pem"), KeyError::RsaSize),
        (public_key("p384.pem"), KeyError::Unsupported),
        (public_key("ed448.pem"), KeyError::Unsupported),
        (public_key("rsa-pss.pem"), KeyError::Unsupported),
        (rsa[..rsa.len() - 30].to_owned(), KeyError::Broken),
        (
            rsa.replace("-----END PUBLIC KEY-----", ""),
            KeyError::Broken,
        ),
        (
            rsa.replace("END PUBLIC", "END RSA PUBLIC"),
            KeyError::Broken,
        ),
        (rsa.replace("MII", "MI"), KeyError::Broken),
        (rsa.replacen("AQAB", "AAAA", 1), KeyError::Broken),
        ("ssh-rsa AAAAB3NzaC1yc2E= a@b".to_owned(), KeyError::OpenSsh),
        ("https://login.example/jwks".to_owned(), KeyError::Address),
        ("s3cr3t".to_owned(), KeyError::Unrecognised),
        ("-----BEGIN PUBLIC KEY".to_owned(), KeyError::Broken),
        ("{".to_owned(), KeyError::Unrecognised),
        ("{}".to_owned(), KeyError::Missing("kty")),
        ("[]".to_owned(), KeyError::Unrecognised),
        (r#"{"keys":[]}"#.to_owned(), KeyError::NoneInSet(vec![])),
        (r#"{"keys":{}}"#.to_owned(), KeyError::Unrecognised),
        (
            r#"{"keys":[5]}"#.to_owned(),
            KeyError::NoneInSet(vec![LeftOut::new(0, None, KeyError::Broken)]),
        ),
    ] {
        assert!(!fault.to_string().contains("s3cr3t"));
        assert_eq!(Keys::parse(&text).err(), Some(fault), "{text}");
    }
}

fn jwk(name: &str, changes: &[(&str, Value)]) -> Value {
    let keys: Value = serde_json::from_str(&public_key("jwk.json")).expect("JSON");
    let mut key = keys[name].clone();
    for (member, value) in changes {
        key[*member] = value.clone();
    }
    key
}

#[test]
fn each_jwk_is_read_or_refused_for_its_reason() {
    use KeyError::{Broken, CoordinateSize, Malformed, NotForSignatures, Private, RsaSize};
    use KeyError::{Missing, Unsupported};
    let oct = json!({"kty": "oct", "k": "AAAA"});
    for (key, fault) in [
        (jwk("rsa", &[]), None),
        (jwk("p256", &[]), None),
        (jwk("ed25519", &[]), None),
        (
            jwk("rsa", &[("use", json!("sig")), ("x5c", json!(["AAAA"]))]),
            None,
        ),
        (jwk("rsa", &[("alg", json!("PS512"))]), None),
        (
            jwk("rsa", &[("key_ops", json!(["verify", "encrypt"]))]),
            None,
        ),
        (jwk("rsa", &[("use", json!("enc"))]), Some(NotForSignatures)),
        (jwk("rsa", &[("use", json!(""))]), Some(NotForSignatures)),
        (jwk("rsa", &[("use", json!("SIG"))]), Some(NotForSignatures)),
        (
            jwk("rsa", &[("key_ops", json!([]))]),
            Some(NotForSignatures),
        ),
        (
            jwk("rsa", &[("key_ops", json!(["sign"]))]),
            Some(NotForSignatures),
        ),
        (
            jwk("rsa", &[("alg", json!("RSA-OAEP"))]),
            Some(NotForSignatures),
        ),
        (
            jwk("rsa", &[("alg", json!("HS256"))]),
            Some(NotForSignatures),
        ),
        (
            jwk("rsa", &[("alg", json!("ES256"))]),
            Some(NotForSignatures),
        ),
        (
            jwk("p256", &[("alg", json!("ES384"))]),
            Some(NotForSignatures),
        ),
        (
            jwk("ed25519", &[("alg", json!("RS256"))]),
            Some(NotForSignatures),
        ),
        (jwk("rsa", &[("use", json!(1))]), Some(Malformed("use"))),
        (jwk("rsa", &[("d", json!("AAAA"))]), Some(Private)),
        (jwk("p256", &[("d", json!("AAAA"))]), Some(Private)),
        (jwk("ed25519", &[("d", json!("AAAA"))]), Some(Private)),
        (jwk("rsa-1024", &[]), Some(RsaSize)),
        (jwk("rsa", &[("n", json!("AQAB"))]), Some(RsaSize)),
        (jwk("rsa", &[("n", json!("****"))]), Some(Malformed("n"))),
        (jwk("rsa", &[("n", Value::Null)]), Some(Missing("n"))),
        (jwk("rsa", &[("kty", Value::Null)]), Some(Missing("kty"))),
        (jwk("p256", &[("crv", Value::Null)]), Some(Missing("crv"))),
        (jwk("rsa", &[("e", json!("AQ"))]), Some(Broken)),
        (jwk("rsa", &[("e", json!("Ag"))]), Some(Broken)),
        (jwk("rsa", &[("e", json!("AQAAAAE"))]), Some(Broken)),
        (jwk("rsa", &[("e", json!(""))]), Some(Broken)),
        (jwk("p384", &[]), Some(Unsupported)),
        (
            jwk("p256", &[("crv", json!("secp256k1"))]),
            Some(Unsupported),
        ),
        (jwk("p256", &[("x", json!("AAAA"))]), Some(CoordinateSize)),
        (
            jwk("p256", &[("x", jwk("other-p256", &[])["x"].clone())]),
            Some(Broken),
        ),
        (
            jwk("ed25519", &[("crv", json!("X25519"))]),
            Some(Unsupported),
        ),
        (
            jwk("ed25519", &[("x", json!("A".repeat(43)))]),
            Some(Broken),
        ),
        (jwk("ed25519", &[("x", json!("AAAA"))]), Some(Broken)),
        (jwk("rsa", &[("kty", json!("AKP"))]), Some(Unsupported)),
        (jwk("rsa", &[("kty", json!("EC"))]), Some(Missing("crv"))),
        (oct, Some(Unsupported)),
    ] {
        assert_eq!(Keys::parse(&key.to_string()).err(), fault, "{key}");
    }
}

#[test]
fn a_signature_above_the_modulus_is_refused_though_the_mathematics_would_take_it() {
    let key = jwk("rsa", &[]);
    let keys = Keys::parse(&key.to_string()).expect("a key");
    let [
        Key {
            public: PublicKey::Rsa(rsa),
            ..
        },
    ] = &keys.keys[..]
    else {
        panic!("an RSA key")
    };
    use rsa::traits::PublicKeyParts as _;
    let (mut judged, modulus) = (0, rsa.n());
    for number in 0..64 {
        for algorithm in ["RS256", "PS256"] {
            let header = format!(r#"{{"alg":"{algorithm}"}}"#);
            let payload = number.to_string();
            let token = crate::testing::signer::token_of(
                algorithm,
                "rsa",
                header.as_bytes(),
                payload.as_bytes(),
            );
            let mut jws = Jws::parse(&token).expect("well formed");
            assert_eq!(keys.verify(&jws, 0), Ok(0));
            let above = BigUint::from_bytes_be(&jws.signature) + modulus;
            if above.bits() <= 2048 {
                jws.signature = above.to_bytes_be();
                assert_eq!(
                    keys.verify(&jws, 0),
                    Err(JwtError::Signature),
                    "{algorithm}"
                );
                judged += 1;
            }
        }
    }
    assert!(judged > 0);
}

mod pasted;
mod sets;
