//! Messages as senders sign them (with the crate of the Standard Webhooks project, with ring, and
//! as its specification shows), and as others would like them to be taken.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use base64ct::{Base64, Encoding as _};
use ring::signature::KeyPair as _;
use serde::Deserialize;
use standardwebhooks::Webhook;
use support::signatures::hex_by;

use super::*;
use crate::config::BodySignatureSettings;
use crate::config::{SignatureKeyError, SignatureKeys};
use crate::credentials::{Credential, Finding, operations};
use crate::http::Received;
use crate::testing::{received, signer};

const CASES: &str = include_str!("../../../tests/cases/body_signature.json");

const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &[u8] = br#"{"type":"promo","content":"Hola"}"#;

fn credentials(secrets: &str) -> Vec<Box<dyn Credential>> {
    let keys = SignatureKeys::parse(secrets).expect("keys");
    let settings = BodySignatureSettings {
        header: "x-webhook-signature",
        keys: keys.expect("at least one"),
        tolerance: Duration::from_secs(300),
    };
    let hmac = HexHmac::new(&settings).map(|it| Box::new(it) as _);
    let standard = StandardWebhooks::new(&settings).map(|it| Box::new(it) as _);
    hmac.into_iter().chain(standard).collect()
}

/// What the credentials find together: one that is valid is enough.
fn found(credentials: &[Box<dyn Credential>], received: &Received) -> Finding {
    let findings = credentials.iter().map(|it| it.examine(received));
    findings.fold(Finding::Absent, Finding::or)
}

fn now() -> u64 {
    let at = received(&[], b"").at.duration_since(SystemTime::UNIX_EPOCH);
    at.expect("after 1970").as_secs()
}

fn examine(secrets: &str, headers: &[(&str, &str)], body: &[u8]) -> Finding {
    let mut received = received(&[], body);
    for (name, value) in headers {
        received.headers.add(*name, *value);
    }
    found(&credentials(secrets), &received)
}

/// `v1,…` as the published crate makes it.
fn v1(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> String {
    let webhook = Webhook::new(secret).expect("a secret");
    webhook.sign(id, timestamp, body).expect("signed")
}

/// A key pair of Ed25519: `whpk_…`, and `v1a,…` over the parts.
fn v1a(name: &str, id: &str, timestamp: u64, body: &[u8]) -> (String, String) {
    let pair = signer::ed25519(name);
    let message = [
        id.as_bytes(),
        b".",
        timestamp.to_string().as_bytes(),
        b".",
        body,
    ]
    .concat();
    let public = Base64::encode_string(pair.public_key().as_ref());
    let signature = Base64::encode_string(pair.sign(&message).as_ref());
    (format!("whpk_{public}"), format!("v1a,{signature}"))
}

/// The headers of a message, which `words` may name.
fn words() -> BTreeMap<String, String> {
    let second = "C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let at = now();
    let (public, by_public) = v1a("ed25519", "msg_1", at, BODY);
    let (other_public, by_other_public) = v1a("other-ed25519", "msg_1", at, BODY);
    let timestamp = i64::try_from(at).expect("small");
    let v1 = |secret, id, shift, body| v1(secret, id, timestamp + shift, body);
    let right = v1(SECRET, "msg_1", 0, BODY);
    let hex = hex_by("s3creto", BODY);
    let words = [
        ("NOW", at.to_string()),
        ("NOW-300", (at - 300).to_string()),
        ("NOW-301", (at - 301).to_string()),
        ("NOW+300", (at + 300).to_string()),
        ("NOW+301", (at + 301).to_string()),
        ("HEX", hex.clone()),
        ("HEX_UPPER", hex.to_uppercase()),
        ("HEX_SHORT", hex[..62].to_owned()),
        ("HEX_SECOND", hex_by("segundo", BODY)),
        ("HEX_OTHER_BODY", hex_by("s3creto", b"{}")),
        ("HEX_STRANGER", hex_by("adivinado", BODY)),
        ("HEX_OF_WHSEC", hex_by(&format!("whsec_{SECRET}"), BODY)),
        ("ZEROS", "0".repeat(64)),
        ("WHSEC", format!("whsec_{SECRET}")),
        ("WHSEC_SECOND", format!("whsec_{second}")),
        ("WHPK", public),
        ("WHPK_OTHER", other_public),
        ("V1", right.clone()),
        ("V1_SECOND", v1(second, "msg_1", 0, BODY)),
        ("V1-300", v1(SECRET, "msg_1", -300, BODY)),
        ("V1-301", v1(SECRET, "msg_1", -301, BODY)),
        ("V1+300", v1(SECRET, "msg_1", 300, BODY)),
        ("V1+301", v1(SECRET, "msg_1", 301, BODY)),
        ("V1_BEFORE_1970", self::v1(SECRET, "msg_1", -5, BODY)),
        ("V1_OTHER_ID", v1(SECRET, "msg_2", 0, BODY)),
        ("V1_OTHER_BODY", v1(SECRET, "msg_1", 0, b"{}")),
        ("V1_SHORT", right[..right.len() - 4].to_owned()),
        ("V1_BARE", right.replace("v1,", "")),
        ("V1_AS_V2", right.replace("v1,", "v2,")),
        ("V1_AS_V1A", right.replace("v1,", "v1a,")),
        ("V1_ZEROS", format!("v1,{}=", "A".repeat(43))),
        ("V1_TIMES_15", vec!["v1,AAAA"; 15].join(" ")),
        ("V1_TIMES_16", vec!["v1,AAAA"; 16].join(" ")),
        ("V1A", by_public.clone()),
        ("V1A_OTHER", by_other_public),
        ("V1A_AS_V1", by_public.replace("v1a,", "v1,")),
        ("V1A_ZEROS", format!("v1a,{}==", "A".repeat(86))),
    ];
    words.map(|(name, value)| (name.to_owned(), value)).into()
}

/// A line of the table: words in capitals stand for what [`words`] says.
#[derive(Deserialize)]
struct Case {
    case: String,
    secrets: String,
    headers: Vec<(String, String)>,
    finds: String,
}

#[test]
fn each_message_of_the_table_has_its_finding() {
    let words = words();
    let filled = |text: &str| {
        let parts: Vec<&str> = text.split(' ').collect();
        let known = |part: &&str| match part.strip_prefix("sha256=") {
            Some(rest) => words.get(rest).map(|value| format!("sha256={value}")),
            None => words.get(*part).cloned(),
        };
        let parts: Vec<_> = parts
            .iter()
            .map(|part| known(part).unwrap_or((*part).to_owned()))
            .collect();
        parts.join(" ")
    };
    let cases: Vec<Case> = serde_json::from_str(CASES).expect("JSON");
    for case in &cases {
        let headers: Vec<_> = case
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), filled(value)))
            .collect();
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let finding = examine(&filled(&case.secrets), &headers, BODY);
        let expected = match case.finds.as_str() {
            "valid" => "Valid".to_owned(),
            "absent" => "Absent".to_owned(),
            why => format!("Invalid({why:?})"),
        };
        assert_eq!(format!("{finding:?}"), expected, "{}", case.case);
    }
}

#[test]
fn the_example_of_the_specification_verifies() {
    // standard-webhooks, spec/standard-webhooks.md and the libraries' tests.
    let mut received = received(&[], br#"{"test": 2432232314}"#);
    received.at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_614_265_330);
    for (name, value) in [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        (
            "webhook-signature",
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ] {
        received.headers.add(name, value);
    }
    let credentials = credentials(&format!("whsec_{SECRET}"));
    assert_eq!(found(&credentials, &received), Finding::Valid);
    received.body = br#"{"test": 2432232315}"#.to_vec();
    assert_eq!(found(&credentials, &received), Finding::Invalid(WRONG));
}

#[test]
fn the_body_counts_byte_for_byte() {
    let hex = hex_by("s3creto", BODY);
    let headers = [("x-webhook-signature", hex.as_str())];
    assert_eq!(examine("s3creto", &headers, BODY), Finding::Valid);
    for at in 0..BODY.len() {
        let mut body = BODY.to_vec();
        body[at] ^= 1;
        assert_eq!(
            examine("s3creto", &headers, &body),
            Finding::Invalid(WRONG),
            "{at}"
        );
    }
    let longer = [BODY, b" "].concat();
    assert_eq!(
        examine("s3creto", &headers, &longer),
        Finding::Invalid(WRONG)
    );
    for body in [&b""[..], b"\xff\x00", &[b'x'; 100_000]] {
        let hex = hex_by("s3creto", body);
        let headers = [("x-webhook-signature", hex.as_str())];
        assert_eq!(examine("s3creto", &headers, body), Finding::Valid);
    }
}

#[test]
fn keys_are_read_or_refused_for_their_reason() {
    use SignatureKeyError::{Private, Public, Shared, TooMany};
    let point = format!("whpk_{}", &"A".repeat(43));
    for (text, fault) in [
        ("whsec_", Shared),
        ("whsec_ñ", Shared),
        ("whsec_abc", Shared),
        ("bueno whsec_*", Shared),
        ("whpk_", Public),
        ("whpk_AAAA", Public),
        (&format!("{point}="), Public),
        (&point, Public),
        ("whsk_AAAA", Private),
        (&"s3creto ".repeat(17), TooMany),
    ] {
        assert_eq!(SignatureKeys::parse(text).err(), Some(fault), "{text}");
    }
    assert!(SignatureKeys::parse("  ").expect("none").is_none());
}

#[test]
fn the_challenge_names_the_headers_that_are_looked_at() {
    let (whpk, _) = v1a("ed25519", "", 0, b"");
    for (secrets, headers) in [
        ("s3creto", &["x-webhook-signature"][..]),
        (&format!("whsec_{SECRET}"), &["webhook-signature"]),
        (&whpk, &["webhook-signature"]),
        (
            &format!("s3creto {whpk}"),
            &["x-webhook-signature", "webhook-signature"],
        ),
    ] {
        let credentials = credentials(secrets);
        let challenges = credentials.iter().map(|it| it.challenge());
        let expected = headers
            .iter()
            .map(|header| format!("BodySignature realm=\"webhook\", headers=\"{header}\""));
        assert!(challenges.eq(expected), "{secrets}");
    }
}

#[test]
fn keys_print_as_stars() {
    let keys = SignatureKeys::parse(&format!("s3creto whsec_{SECRET}")).expect("keys");
    let printed = format!("{:?}", keys.expect("two"));
    assert_eq!(printed, "*** 1 plain, 1 whsec, 0 whpk");
}

/// A message with these signatures, and a mebibyte in it.
fn large(signatures: &str, age: u64) -> Received {
    let mut message = received(&[], &vec![b'x'; 1 << 20]);
    message.headers.add("webhook-id", "m-1");
    message
        .headers
        .add("webhook-timestamp", (now() - age).to_string());
    message.headers.add("webhook-signature", signatures);
    message
}

/// 16 well-formed signatures, none of them over the message.
fn foreign() -> Vec<String> {
    let pair = signer::ed25519("other-ed25519");
    let signature = |number: u8| {
        let encoded = Base64::encode_string(pair.sign(&[number]).as_ref());
        format!("v1a,{encoded}")
    };
    (0..16).map(signature).collect()
}

#[test]
fn no_message_costs_more_than_two_operations_however_many_signatures_and_keys_there_are() {
    let (own, _) = v1a("ed25519", "", 0, b"");
    let (other, _) = v1a("other-ed25519", "", 0, b"");
    let foreign = foreign();
    for (keys, signatures, most) in [
        (vec![&own; 1], foreign.join(" "), 2),
        (vec![&own, &other], foreign.join(" "), 2),
        (vec![&own; 16], foreign.join(" "), 2),
        // Equal ones count once.
        (vec![&own; 1], vec![foreign[0].as_str(); 16].join(" "), 1),
        (vec![&own, &other], "v1a,AAAA v1a, v1,x v2a,y".to_owned(), 0),
    ] {
        let keys: Vec<_> = keys.into_iter().map(String::as_str).collect();
        let credentials = credentials(&keys.join(" "));
        operations::take();
        let finding = found(&credentials, &large(&signatures, 0));
        assert!(matches!(finding, Finding::Invalid(_)), "{finding:?}");
        assert_eq!(
            operations::take(),
            most,
            "{} keys, {signatures}",
            keys.len()
        );
        // Nothing is computed over a message that is too old anyway.
        let finding = found(&credentials, &large(&signatures, 301));
        assert_eq!(finding, Finding::Invalid("too old"));
        assert_eq!(operations::take(), 0);
    }
}

#[test]
fn while_a_sender_changes_its_key_either_signature_is_found() {
    let body = vec![b'x'; 1 << 20];
    let at = now();
    let (old, by_old) = v1a("other-ed25519", "m-1", at, &body);
    let (new, by_new) = v1a("ed25519", "m-1", at, &body);
    let (both, reversed) = (format!("{by_old} {by_new}"), format!("{by_new} {by_old}"));
    for keys in [
        old.clone(),
        new.clone(),
        format!("{old} {new}"),
        format!("{new} {old}"),
    ] {
        for signatures in [&both, &reversed] {
            let credentials = credentials(&keys);
            assert_eq!(found(&credentials, &large(signatures, 0)), Finding::Valid);
        }
    }
    // One signature, as most of the time, and two keys.
    let credentials = credentials(&format!("{old} {new}"));
    assert_eq!(found(&credentials, &large(&by_new, 0)), Finding::Valid);
}

#[test]
fn the_body_is_wanted_only_where_the_headers_can_be_a_signature() {
    let (own, signature) = v1a("ed25519", "m-1", now(), b"");
    let all = format!("s3creto whsec_{SECRET} {own}");
    let hex = "ab".repeat(32);
    let wants = |headers: &[(&str, &str)]| {
        let mut received = received(&[], b"");
        for (name, value) in headers {
            received.headers.add(*name, *value);
        }
        credentials(&all).iter().any(|it| it.needs_body(&received))
    };
    let (now_is, then) = (now().to_string(), (now() - 400).to_string());
    let standard = |at: &str| {
        wants(&[
            ("webhook-id", "m-1"),
            ("webhook-timestamp", at),
            ("webhook-signature", &signature),
        ])
    };
    assert!(standard(&now_is) && !standard(&then) && !standard(""));
    assert!(wants(&[("x-webhook-signature", &hex)]));
    assert!(!wants(&[]) && !wants(&[("x-webhook-signature", "abc")]));
}
