//! Keys as people paste them: what is meant is certain, or what is wrong is said.

use base64ct::{Base64, Encoding as _};
use serde_json::json;

use super::{jwk, kinds};
use crate::credentials::jwt::keys::{KeyError, Keys};
use crate::testing::signer::public_key;

/// What stands between the lines BEGIN and END.
fn body(pem: &str) -> String {
    let lines = pem.lines().filter(|line| !line.starts_with('-'));
    lines.collect()
}

#[test]
fn a_key_in_base64_once_more_or_without_its_first_and_last_line_is_taken() {
    for (file, kind) in [
        ("rsa.pem", "RS256"),
        ("rsa.pkcs1.pem", "RS256"),
        ("p256.pem", "ES256"),
        ("ed25519.pem", "EdDSA"),
    ] {
        let pem = public_key(file);
        let encoded = Base64::encode_string(pem.as_bytes());
        let unpadded = encoded.trim_end_matches('=').to_owned();
        let (first, rest) = encoded.split_at(64);
        let wrapped = format!("{first}\n{rest}\n");
        let doubly = pem.replace('\n', "\\\\n");
        for text in [encoded.clone(), unpadded, wrapped, body(&pem), doubly] {
            let keys = Keys::parse(&text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
            assert_eq!(kinds(&keys), [kind], "{text}");
        }
    }
    let set = json!({"keys": [jwk("p256", &[])]}).to_string();
    let keys = Keys::parse(&Base64::encode_string(set.as_bytes())).expect("keys");
    assert_eq!(kinds(&keys), ["ES256"]);
    let list = json!([jwk("p256", &[]), jwk("rsa", &[])]).to_string();
    assert_eq!(
        kinds(&Keys::parse(&list).expect("keys")),
        ["ES256", "RS256"]
    );
}

#[test]
fn what_is_no_public_key_is_named_however_it_is_written() {
    let private =
        Base64::encode_string(include_bytes!("../../../../../tests/keys/rsa.private.der"));
    let encoded = |file| Base64::encode_string(public_key(file).as_bytes());
    let described = json!({"issuer": "https://x", "jwks_uri": "https://x/jwks"}).to_string();
    for (text, fault) in [
        (private, KeyError::Private),
        (body(&public_key("certificate.pem")), KeyError::Certificate),
        (encoded("certificate.pem"), KeyError::Certificate),
        (encoded("rsa-1024.pem"), KeyError::RsaSize),
        (body(&public_key("rsa-1024.pem")), KeyError::RsaSize),
        (
            public_key("rsa.pem").replace("-----", "—–"),
            KeyError::Dashes,
        ),
        (
            public_key("rsa.pem").replace("-----", "----"),
            KeyError::Dashes,
        ),
        (described, KeyError::Discovery),
        (
            "https://x/discovery/v2.0/keys".to_owned(),
            KeyError::Address,
        ),
        ("ecdsa-sha2-nistp256 AAAA a@b".to_owned(), KeyError::OpenSsh),
        (
            "un-secreto-compartido-de-HS256".to_owned(),
            KeyError::Unrecognised,
        ),
    ] {
        assert_eq!(Keys::parse(&text).err(), Some(fault), "{text}");
    }
}
