//! Payloads as A360 sends them, as it may come to send them, and as nobody should.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::config::{CALLBACK_INFO, ESTADO};
use crate::delivery::Change;

fn change(body: &str) -> Change {
    decode(body.as_bytes()).expect("a callback").change
}

fn errors(body: &str) -> BTreeMap<String, String> {
    match decode(body.as_bytes()) {
        Err(Refusal::InvalidPayload { errors, .. }) => {
            let errors = serde_json::to_value(&errors).expect("JSON");
            serde_json::from_value(errors).expect("an object of texts")
        }
        other => panic!("{body:.200}: {other:?}"),
    }
}

fn is_not_json(body: &[u8]) {
    let decoded = decode(body);
    assert!(matches!(decoded, Err(Refusal::NotJson(_))), "{decoded:?}");
}

#[test]
fn a_callback_is_taken_and_its_json_kept_byte_for_byte() {
    let body = r#" {"deploymentId":"a-1","status":"RUN_COMPLETED","deviceId":"7","userId":"9",
        "botOutput":{"total":{"type":"NUMBER","number":"1"}}} "#;
    let change = change(body);
    assert_eq!(change.key, "a-1");
    assert_eq!(change.text(ESTADO), Some("RUN_COMPLETED"));
    assert_eq!(change.text(CALLBACK_INFO), Some(body));
}

#[test]
fn what_a360_may_come_to_send_is_kept_too() {
    for rest in [
        r#""deviceId":7,"userId":null"#,
        r#""userId":1.5e3,"deviceId":{"id":[1,2]}"#,
        r#""nuevo":{"deploymentId":"otro","status":"otro"}"#,
        r#""x":1,"x":2"#,
        r#""lone":"\ud800","nul":"\u0000""#,
        r#""DeploymentId":"b","STATUS":"c""#,
        r#""big":123456789012345678901234567890,"tiny":1e-999"#,
    ] {
        let body = format!(r#"{{"deploymentId":"a","status":"S",{rest}}}"#);
        let change = change(&body);
        assert_eq!((&*change.key, change.text(ESTADO)), ("a", Some("S")));
        assert_eq!(change.text(CALLBACK_INFO), Some(&*body));
    }
}

#[test]
fn a_byte_order_mark_is_the_only_byte_that_is_not_kept() {
    for body in [
        r#"{"deploymentId":"a","status":"S"}"#,
        " \r\n{\"deploymentId\":\"a\",\"status\":\"S\"}\t",
        "{\"deploymentId\":\"a\",\"status\":\"S\",\"x\":\"\u{feff}\"}",
    ] {
        let marked = format!("\u{feff}{body}");
        assert_eq!(change(&marked).text(CALLBACK_INFO), Some(body));
    }
    // A second one is no mark, and a mark in other encodings is no UTF-8.
    is_not_json("\u{feff}\u{feff}{\"deploymentId\":\"a\",\"status\":\"S\"}".as_bytes());
    is_not_json(" \u{feff}{\"deploymentId\":\"a\",\"status\":\"S\"}".as_bytes());
    is_not_json(b"\xff\xfe{\0}\0");
}

#[test]
fn escapes_in_names_and_values_are_understood() {
    let body = r#"{"deployment\u0049d":"\u0061\u00f1\ud83e\udd16","st\u0061tus":"S"}"#;
    assert_eq!(change(body).key, "añ🤖");
}

#[test]
fn what_nests_deep_or_is_long_is_kept() {
    for depth in [100, 100_000] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let body = format!(r#"{{"deploymentId":"a","status":"S","x":{open}{close}}}"#);
        assert_eq!(change(&body).text(CALLBACK_INFO), Some(&*body));
    }
    let array = "0,".repeat(1 << 19);
    let body = format!(r#"{{"x":[{array}0],"deploymentId":"a","status":"S"}}"#);
    assert_eq!(change(&body).text(CALLBACK_INFO), Some(&*body));
}

#[test]
fn each_wrong_field_is_named_with_what_is_wrong() {
    let long = "x".repeat(60);
    for (body, field, what) in [
        (r#"{"status":"S"}"#, "deploymentId", "falta"),
        (r#"{"deploymentId":"a"}"#, "status", "falta"),
        (
            r#"{"deploymentId":7,"status":"S"}"#,
            "deploymentId",
            "texto",
        ),
        (
            r#"{"deploymentId":null,"status":"S"}"#,
            "deploymentId",
            "texto",
        ),
        (
            r#"{"deploymentId":["a"],"status":"S"}"#,
            "deploymentId",
            "texto",
        ),
        (
            r#"{"deploymentId":"","status":"S"}"#,
            "deploymentId",
            "vacío",
        ),
        (r#"{"deploymentId":"a","status":"   "}"#, "status", "vacío"),
        (
            r#"{"deploymentId":"a","status":"\u00a0\u2003"}"#,
            "status",
            "vacío",
        ),
        (
            r#"{"deploymentId":" ","status":"S"}"#,
            "deploymentId",
            "vacío",
        ),
        (
            r#"{"deploymentId":"a","status":"\u0000"}"#,
            "status",
            "control",
        ),
        (
            r#"{"deploymentId":"a\n","status":"S"}"#,
            "deploymentId",
            "control",
        ),
        (
            r#"{"deploymentId":"\ud800","status":"S"}"#,
            "deploymentId",
            "escape",
        ),
        (
            r#"{"deploymentId":"a","status":"S","status":"S"}"#,
            "status",
            "más de una vez",
        ),
        (
            r#"{"deploymentId":"a","deployment\u0049d":"b","status":"S"}"#,
            "deploymentId",
            "más de una vez",
        ),
        (
            &format!(r#"{{"deploymentId":"{long}","status":"S"}}"#),
            "deploymentId",
            "50",
        ),
        (
            &format!(r#"{{"deploymentId":"a","status":"{long}"}}"#),
            "status",
            "20",
        ),
        ("[]", "body", "objeto"),
        ("null", "body", "objeto"),
        ("\"text\"", "body", "objeto"),
        ("7", "body", "objeto"),
    ] {
        let errors = errors(body);
        assert_eq!(errors.keys().collect::<Vec<_>>(), [&field], "{body}");
        assert!(errors[field].contains(what), "{body}: {errors:?}");
    }
}

#[test]
fn all_wrong_fields_are_named_at_once() {
    let errors = errors("{}");
    assert_eq!(
        errors.keys().collect::<Vec<_>>(),
        [&"deploymentId", &"status"]
    );
}

#[test]
fn what_is_not_json_is_said_to_be_so() {
    let object = r#"{"deploymentId":"a","status":"S"}"#;
    for body in [
        "",
        " ",
        "{",
        &object[..object.len() - 1],
        &format!("{object} x"),
        &format!("{object}{object}"),
        "{'deploymentId':'a'}",
        "deploymentId=a&status=S",
        r#"{"deploymentId":"a","status":"S",}"#,
        r#"{"deploymentId":"a","status":"S","x":NaN}"#,
        "[1,2",
        "[1,2]]",
        "{\"deploymentId\":\"a\nb\",\"status\":\"S\"}",
        "{\"deploymentId\":\"a\",\"status\":\"S\"}\0",
        "\0",
    ] {
        is_not_json(body.as_bytes());
    }
    is_not_json(b"{\"deploymentId\":\"\xff\",\"status\":\"S\"}");
    is_not_json(
        &"{}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>(),
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_none_are_altered(body: Vec<u8>) {
        if let Ok(Notification { change, .. }) = decode(&body) {
            prop_assert_eq!(change.text(CALLBACK_INFO).map(str::as_bytes), Some(&*body));
        }
    }

    #[test]
    fn no_json_like_text_makes_it_panic(
        body in r#"(\{|\}|\[|\]|"deploymentId"|"status"|"x"|:|,|"a"|"\\ud800"|1|null| ){0,24}"#
    ) {
        if let Ok(Notification { change, .. }) = decode(body.as_bytes()) {
            // A second reader must agree on the row and its state; it refuses lone surrogates.
            if let Ok(value) = serde_json::from_str::<serde_json::Value>(&body) {
                prop_assert_eq!(&value["deploymentId"], change.key.as_str());
                prop_assert_eq!(value["status"].as_str(), change.text(ESTADO));
            }
        }
    }

    #[test]
    fn every_callback_that_fits_is_taken_as_it_is(
        id in "[^\\pC\\s]{1,25}", status in "[A-Z_]{1,20}", note: String, device: Option<i64>,
    ) {
        let body = json!({
            "botOutput": { "note": note }, "status": status, "deviceId": device,
            "deploymentId": id,
        }).to_string();
        let change = change(&body);
        prop_assert_eq!(change.key.as_str(), id);
        prop_assert_eq!(change.text(ESTADO), Some(&*status));
        prop_assert_eq!(change.text(CALLBACK_INFO), Some(&*body));
    }

    #[test]
    fn a_cut_callback_is_never_taken(cut in 0usize..60) {
        let body = r#"{"deploymentId":"a","status":"S","botOutput":{"x":"añ"},"y":1}"#;
        let cut = cut.min(body.len() - 1);
        prop_assert!(decode(&body.as_bytes()[..cut]).is_err());
    }
}
