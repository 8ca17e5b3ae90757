//! Bodies as they are refused, with secrets where people put them.

use proptest::prelude::*;

use super::*;

fn shown(body: &str) -> String {
    excerpt(body.as_bytes(), &[])
}

#[test]
fn values_of_keys_that_look_secret_are_masked() {
    for (body, masked) in [
        (
            r#"{"password":"hunter2","a":1}"#,
            r#"{"password":"***","a":1}"#,
        ),
        (r#"{"Api-Key" : "hunter2"}"#, r#"{"Api-Key" : "***"}"#),
        (r#"{"clave":12345,"b":2}"#, r#"{"clave":***,"b":2}"#),
        (r#"{"clave":hunter2,"b":2}"#, r#"{"clave":***,"b":2}"#),
        (
            r#"{"contrase\u00f1a":"hunter2"}"#,
            r#"{"contrase\u00f1a":"***"}"#,
        ),
        (r#"{"Contraseña":"hunter2"}"#, r#"{"Contraseña":"***"}"#),
        (
            "{\"contrasen\u{303}a\":\"hunter2\"}",
            "{\"contrasen\u{303}a\":\"***\"}",
        ),
        (
            r#"{"p\u0061ssword":"hunter2"}"#,
            r#"{"p\u0061ssword":"***"}"#,
        ),
        (r#"{"\x70assword":"hunter2"}"#, r#"{"\x70assword":"***"}"#),
        (r#"{"password (1)":"hunter2"}"#, r#"{"password (1)":"***"}"#),
        (r#"{"$secret/x#1":"hunter2"}"#, r#"{"$secret/x#1":"***"}"#),
        (
            "{\"pass\u{200b}word\":\"hunter2\"}",
            "{\"pass\u{200b}word\":\"***\"}",
        ),
        (
            "{\"password\"\u{a0}:\"hunter2\"}",
            "{\"password\"\u{a0}:\"***\"}",
        ),
        (
            r#"{"secret":"hun\"ter2","a":1}"#,
            r#"{"secret":"***","a":1}"#,
        ),
        (
            r#"{"secret":"a"+"hunter2","b":1}"#,
            r#"{"secret":"***,"b":1}"#,
        ),
        (
            r#"{"token":{"string":"hun}ter2"},"a":1}"#,
            r#"{"token":***,"a":1}"#,
        ),
        (
            r#"{"tokens":["hunter2",["hunter2"]],"a":1}"#,
            r#"{"tokens":***,"a":1}"#,
        ),
        (r#"{"password":"hunter2"#, r#"{"password":"***"#),
        (r#"{"password":{"a":"hunter2"#, r#"{"password":***"#),
        (
            r#"{"o":"{\"password\":\"hunter2\",\"a\":1}"}"#,
            r#"{"o":"{\"password\":\"***\",\"a\":1}"}"#,
        ),
        (
            r#"{"name":"dbPassword","value":{"string":"hunter2"}},{"name":"x","value":"y"}"#,
            r#"{"name":"dbPassword","value":***},{"name":"x","value":"y"}"#,
        ),
        ("{'password': 'hunter2'}", "{'password': '***'}"),
        ("{x_access_token:hunter2}", "{x_access_token:***"),
        ("user=a&password=ab,hunter2&x=1", "user=a&password=***&x=1"),
        ("secret[0]=hunter2", "secret[0]=***"),
        (
            "Authorization: Bearer hunter2\nA: b",
            "Authorization: ***\nA: b",
        ),
        ("Cookie: a=b; sid=hunter2", "Cookie: ***"),
        ("password: |\n  hunter2", "password: ***"),
        ("<Password>hunter2</Password>", "<Password>***</Password>"),
        (
            "<password><![CDATA[hunter2]]></password>",
            "<password>***</password>",
        ),
        (
            "<Password type=\"x\">a&amp;hunter2</Password>",
            "<Password type=\"***\">***</Password>",
        ),
        (r#"{"h":"Bearer hunter2"}"#, r#"{"h":"Bearer ***"}"#),
        (
            r#"{"u":"https://user:hunter2@h/"}"#,
            r#"{"u":"https://***@h/"}"#,
        ),
        (
            r#"{"pin":"1","shipping":"2"}"#,
            r#"{"pin":"***","shipping":"2"}"#,
        ),
        (r#"{"status":"password"}"#, r#"{"status":"password"}"#),
        (
            r#"{"deploymentId":7,"status":"S","botOutput":{"a":[1,"b"]}}"#,
            r#"{"deploymentId":7,"status":"S","botOutput":{"a":[1,"b"]}}"#,
        ),
    ] {
        assert_eq!(shown(body), masked, "{body}");
    }
}

#[test]
fn utf_16_hides_no_name() {
    let body: Vec<u8> = "{\"password\":\"hunter2\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(excerpt(&body, &[]), "{\"password\":\"***\"}");
}

#[test]
fn a_known_secret_is_masked_wherever_it_stands() {
    let known = [Secret::new("hunter2"), Secret::new("")];
    let masked = excerpt(br#"{"x":"my hunter2"}"#, &known);
    assert_eq!(masked, r#"{"x":"my ***"}"#);
    let at_the_cut = format!("{}hunter2", "x".repeat(2045));
    assert!(!excerpt(at_the_cut.as_bytes(), &known).contains('h'));
}

#[test]
fn only_the_beginning_is_shown() {
    let body = "x".repeat(5000);
    assert_eq!(shown(&body), body[..2048]);
    // Bytes, and no half character.
    let body = format!("x{}", "ñ".repeat(5000));
    assert_eq!(shown(&body), body[..2047]);
    // The secret goes past the cut, and its end with it.
    let body = format!(r#"{{"password":"{}"}}"#, "hunter2".repeat(1000));
    assert_eq!(shown(&body), r#"{"password":"***"#);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body: Vec<u8>) {
        excerpt(&body, &[]);
    }

    #[test]
    fn no_text_with_a_secret_key_makes_it_panic(
        body in r#"(password|name|value|bearer |://|@|\\u0061|\\|"|'|:|=|<|>|\{|\[|\}|\]|,|\n| |x){0,24}"#
    ) {
        excerpt(body.as_bytes(), &[]);
    }

    #[test]
    fn a_json_secret_never_shows(
        value in "[a-zA-Z0-9{}\\[\\]\":,\\\\ +.&;<>=]{0,20}", key in "(db_)?(password|Token|secretKey)( \\(1\\))?",
    ) {
        let body = serde_json::json!({ key: format!("hunter2{value}hunter2"), "z": 1 });
        prop_assert!(!shown(&body.to_string()).contains("hunter2"));
    }
}
