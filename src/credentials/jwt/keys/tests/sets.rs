//! Sets of which a member is odd: the others keep verifying, and the log can say which it was.

use serde_json::{Value, json};

use super::{jwk, kinds};
use crate::credentials::jwt::keys::{KeyError, Keys};

fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn left_out(keys: &Keys) -> Vec<String> {
    keys.left_out().iter().map(ToString::to_string).collect()
}

/// A P-256 key one of whose coordinates begins with zero, which a careless writer leaves out.
fn without_leading_zero() -> Value {
    let key = jwk("p256", &[]);
    let x = key["x"].as_str().expect("text");
    let short = base64ct::Base64UrlUnpadded::encode_string(&[7; 31]);
    assert_ne!(x, short);
    jwk("p256", &[("x", json!(short)), ("kid", json!("sin-cero"))])
}

use base64ct::Encoding as _;

#[test]
fn a_member_that_cannot_be_used_shuts_out_nobody_and_is_named() {
    let only_x5c = json!({"kty": "RSA", "kid": "c", "use": "sig", "x5c": ["MIIC"]});
    for (odd, why) in [
        (
            json!({"use": "sig", "kid": "x"}),
            "(kid «x»): al JWK le falta «kty»",
        ),
        (only_x5c, "(kid «c»): el JWK solo trae el certificado"),
        (
            without_leading_zero(),
            "(kid «sin-cero»): en el JWK, «x» e «y» deben tener 32 bytes",
        ),
        (
            jwk("rsa-1024", &[]),
            "una clave RSA debe tener de 2048 a 4096 bits",
        ),
        (
            jwk("rsa", &[("use", json!("enc"))]),
            "no es para verificar firmas",
        ),
        (
            jwk("rsa", &[("key_ops", json!(["sign"]))]),
            "no es para verificar firmas",
        ),
        (
            jwk("rsa", &[("alg", json!("RSA-OAEP"))]),
            "no es para verificar firmas",
        ),
        (
            jwk("rsa", &[("alg", json!("XX999"))]),
            "no es para verificar firmas",
        ),
        (
            jwk("rsa", &[("n", json!("+/=="))]),
            "en el JWK, «n» no es válido",
        ),
        (jwk("rsa", &[("e", Value::Null)]), "al JWK le falta «e»"),
        (
            jwk("rsa", &[("kid", json!(7))]),
            "en el JWK, «kid» no es válido",
        ),
        (jwk("p384", &[]), "tipo de clave no admitido"),
        (
            jwk("p256", &[("crv", Value::Null)]),
            "al JWK le falta «crv»",
        ),
        (jwk("ed25519", &[("x", json!(""))]), "dañada"),
        (
            jwk("ed25519", &[("crv", json!("X25519"))]),
            "tipo de clave no admitido",
        ),
        (
            json!({"kty": "oct", "k": "AAAA"}),
            "tipo de clave no admitido",
        ),
        (
            json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
            "tipo de clave no admitido",
        ),
        (json!(5), "clave 2: la clave está incompleta o dañada"),
        (Value::Null, "clave 2: la clave está incompleta o dañada"),
    ] {
        let keys = Keys::parse(&set(&[jwk("p256", &[]), odd.clone()]));
        let keys = keys.unwrap_or_else(|fault| panic!("{odd}: {fault}"));
        assert_eq!(kinds(&keys), ["ES256"], "{odd}");
        let [named] = &left_out(&keys)[..] else {
            panic!("{odd}: one is left out")
        };
        assert!(named.starts_with("clave 2"), "{odd}: {named}");
        assert!(named.contains(why), "{odd}: {named}");

        let alone = Keys::parse(&set(std::slice::from_ref(&odd))).expect_err("nothing remains");
        let said = alone.to_string();
        assert!(said.contains("ninguna clave del JWKS"), "{said}");
        assert!(said.contains("clave 1"), "{odd}: {said}");
    }
}

#[test]
fn a_private_key_in_a_set_is_fatal_wherever_it_stands() {
    let private = |name| jwk(name, &[("d", json!("AAAA"))]);
    let crt = json!({"kty": "RSA", "p": "AAAA"});
    let post_quantum = json!({"kty": "AKP", "alg": "ML-DSA-44", "priv": "AA"});
    let encrypting = jwk("rsa", &[("use", json!("enc")), ("d", json!("AAAA"))]);
    let odd = [
        private("rsa"),
        private("p384"),
        crt,
        post_quantum,
        encrypting,
    ];
    for odd in odd {
        for keys in [[jwk("p256", &[]), odd.clone()], [odd, jwk("p256", &[])]] {
            let keys = set(&keys);
            assert_eq!(Keys::parse(&keys).err(), Some(KeyError::Private), "{keys}");
        }
    }
    let mut many = vec![jwk("p256", &[]); 16];
    many.push(private("p256"));
    assert_eq!(Keys::parse(&set(&many)).err(), Some(KeyError::Private));
}

#[test]
fn of_more_than_sixteen_the_first_are_used_and_the_others_named() {
    let keys = Keys::parse(&set(&vec![jwk("p256", &[]); 18])).expect("keys");
    assert_eq!(kinds(&keys).len(), 16);
    let left_out = left_out(&keys);
    assert_eq!(left_out.len(), 2);
    assert!(left_out[1].starts_with("clave 18"), "{left_out:?}");
    assert!(
        left_out[1].contains("16 claves como máximo"),
        "{left_out:?}"
    );

    // Those that cannot be used do not count.
    let mut mixed = vec![jwk("p384", &[]); 20];
    mixed.push(jwk("p256", &[]));
    assert_eq!(kinds(&Keys::parse(&set(&mixed)).expect("a key")), ["ES256"]);
}

#[test]
fn a_set_of_which_nothing_remains_says_why_of_a_few() {
    let fault = Keys::parse(&set(&vec![jwk("p384", &[]); 9])).expect_err("nothing");
    let said = fault.to_string();
    assert_eq!(
        said.matches("clave ").count() - said.matches("de clave ").count(),
        5
    );
    assert!(said.ends_with("; y 5 más"), "{said}");
    let id = "k".repeat(500);
    let fault = Keys::parse(&set(&[jwk("p384", &[("kid", json!(id))])])).expect_err("nothing");
    assert!(fault.to_string().len() < 300);
}

#[test]
fn keys_of_one_kid_are_all_used() {
    let named = |name| jwk(name, &[("kid", json!("a"))]);
    let keys = Keys::parse(&set(&[named("rsa"), named("p256"), named("other-rsa")]));
    let keys = keys.expect("keys");
    assert_eq!(kinds(&keys), ["RS256", "ES256", "RS256"]);
    assert!(keys.left_out().is_empty());
}

#[test]
fn ed25519_is_eddsa_in_a_key_too() {
    for name in ["EdDSA", "Ed25519"] {
        let key = jwk("ed25519", &[("alg", json!(name))]);
        assert_eq!(
            kinds(&Keys::parse(&key.to_string()).expect("a key")),
            ["EdDSA"]
        );
    }
    for (name, algorithm) in [
        ("ed25519", "Ed448"),
        ("rsa", "Ed25519"),
        ("p256", "Ed25519"),
    ] {
        let key = jwk(name, &[("alg", json!(algorithm))]).to_string();
        assert_eq!(
            Keys::parse(&key).err(),
            Some(KeyError::NotForSignatures),
            "{key}"
        );
    }
}
