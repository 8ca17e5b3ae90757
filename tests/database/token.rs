//! deploy/supabase/token.sh makes tokens that a library accepts which had no part in it.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use ring::hmac;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use support::project::root;
use support::tokens::public_key;

const SECRET: &str = "a secret of more than thirty-two characters, with 'quotes' and $signs";

#[test]
fn a_token_is_signed_with_the_secret() {
    let token = token(&["hs256", "30"], SECRET);
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    hmac::verify(&key, signed.as_bytes(), &decode(signature)).expect("signed");
    assert_eq!(header(&token), json!({"alg": "HS256", "typ": "JWT"}));
}

#[test]
fn a_token_is_signed_with_a_private_key() {
    let key = std::fs::read(root().join("tests/keys/p256.private.der")).expect("the key");
    let key = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        Base64::encode_string(&key)
    );
    // Often enough for numbers that start with a zero: one of 256 does.
    for _ in 0..40 {
        let token = token(&["es256", "30", "the-key-s-id"], &key);
        let (signed, signature) = token.rsplit_once('.').expect("three parts");
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public_point())
            .verify(signed.as_bytes(), &decode(signature))
            .expect("signed");
        let expected = json!({"alg": "ES256", "typ": "JWT", "kid": "the-key-s-id"});
        assert_eq!(header(&token), expected);
    }
}

#[test]
fn a_token_names_the_role_and_ends_after_the_days_that_were_asked_for() {
    let token = token(&["hs256", "30"], SECRET);
    let claims = part(&token, 1);
    let time = |name: &str| claims[name].as_u64().expect("a time");
    assert_eq!(claims["role"], "sam_callback");
    assert_eq!(time("exp") - time("iat"), 30 * 24 * 60 * 60);
    assert_eq!(claims.as_object().expect("an object").len(), 3);
}

#[test]
fn what_is_missing_or_wrong_makes_no_token() {
    for (arguments, input) in [
        (&[][..], SECRET),
        (&["hs256"], SECRET),
        (&["hs256", "a year"], SECRET),
        (&["hs256", "0"], SECRET),
        (&["hs256", "30"], ""),
        (&["hs256", "30"], "short"),
        (&["es256", "30"], SECRET),
        (&["es256", "30", "id"], "no key"),
        (&["es256", "30", "a\"b"], "no key"),
        (&["none", "30"], SECRET),
    ] {
        let output = run(arguments, input);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(said.contains("token.sh:"), "{arguments:?}: {said}");
    }
}

fn token(arguments: &[&str], input: &str) -> String {
    let output = run(arguments, input);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("ASCII");
    text.trim_end().to_owned()
}

fn run(arguments: &[&str], input: &str) -> Output {
    let script = root().join("deploy/supabase/token.sh");
    let mut shell = Command::new("bash")
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash");
    // It may have ended without reading.
    let _ = shell
        .stdin
        .take()
        .expect("a pipe")
        .write_all(input.as_bytes());
    shell.wait_with_output().expect("it ends")
}

fn header(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, number: usize) -> Value {
    let text = token.split('.').nth(number).expect("three parts");
    serde_json::from_slice(&decode(text)).expect("JSON")
}

fn decode(text: &str) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(text).expect("base64url without padding")
}

/// The public key's point, which is the end of its DER.
fn public_point() -> Vec<u8> {
    let pem = public_key("p256.pem");
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = Base64::decode_vec(&text).expect("PEM");
    der[der.len() - 65..].to_vec()
}
