//! Bodies as they are refused, with secrets where people put them.

use std::time::Instant;

use base64ct::Encoding as _;

use super::*;

fn shown(body: &str) -> String {
    Masking::new(&[]).excerpt(body.as_bytes())
}

#[test]
fn values_of_names_that_look_secret_are_masked() {
    for name in [
        "password",
        "Api-Key",
        "Contraseña",
        "contrasenia",
        "contrasen\u{303}a",
        "contrase\\u00f1a",
        "contrasenya",
        "ContraseÃ±a",
        "CONTRASE\u{fffd}A",
        "p\\u0061ssword",
        "p%61ssword",
        "pass\u{200b}word",
        "ｐａｓｓｗｏｒｄ",
        "раssword",
        "password (1)",
        "$secret/x#1",
        "pswd",
        "psw",
        "nip",
        "N.I.P",
        "userPin",
        "pincode",
        "PIN_CODE",
        "cvc",
        "clave",
        "claveAcceso",
        "pw",
        "sig",
        "x-hub-sig",
        "sid",
        "Set-Cookie",
        "X-Authorization",
        "connectionString",
        "cadena de conexión",
        "código de seguridad",
        "llave privada",
        "frase_semilla",
        "passphrase",
        "otp",
        "JWT",
        "hmac",
        "sas",
    ] {
        for value in [
            r#""hunter2""#,
            "7427742",
            r#"{"type":"STRING","string":"hunter2","number":7427742}"#,
            r#"[["hunter2"],{"a":{"b":"hunter2"}}]"#,
            r#""{\"a\":\"hunter2\"}""#,
        ] {
            let body =
                format!(r#"{{"a": 1, "{name}"{{ }}:{value}, "b" : "x"}}"#).replace("{ }", "\n");
            let masked = shown(&body);
            assert!(masked.starts_with(r#"{"a":1,""#), "{body} {masked}");
            assert!(masked.ends_with(r#":"***","b":"x"}"#), "{body} {masked}");
        }
    }
}

#[test]
fn a_name_and_its_value_beside_each_other_are_masked_in_either_order() {
    for (body, masked) in [
        (
            r#"{"clave":"password","valor":"hunter2"}"#,
            r#"{"clave":"***","valor":"***"}"#,
        ),
        (
            r#"{"value":"hunter2","name":"password"}"#,
            r#"{"value":"***","name":"password"}"#,
        ),
        (
            r#"{"a":1,"b":2,"campo":"Clave de acceso","x":"hunter2"}"#,
            r#"{"a":"***","b":"***","campo":"***","x":"***"}"#,
        ),
        (
            r#"{"x":"password","y":"hunter2"}"#,
            r#"{"x":"password","y":"***"}"#,
        ),
        (r#"["password","hunter2"]"#, r#"["password","***"]"#),
        (r#"["hunter2","password"]"#, r#"["***","password"]"#),
        (
            r#"{"h":[["Authorization","hunter2"],["Accept","x"]]}"#,
            r#"{"h":[["Authorization","***"],"***"]}"#,
        ),
        (
            r#"[["user","password"],["pepe","hunter2"]]"#,
            r#"[["***","password"],"***"]"#,
        ),
        (
            r#"{"name":"dbPassword","value":{"string":"hunter2"}}"#,
            r#"{"name":"dbPassword","value":"***"}"#,
        ),
        (
            r#"[{"key":{"type":"STRING","string":"password"},"value":{"type":"STRING","string":"hunter2"}}]"#,
            r#"[{"key":"***","value":"***"}]"#,
        ),
        (
            r#"{"schema":[{"name":"user"},{"name":"password"}],"rows":[{"values":["pepe","hunter2"]}]}"#,
            r#"{"schema":["***",{"name":"password"}],"rows":"***"}"#,
        ),
        (
            r#"{"name":"usuario","value":"pepe"}"#,
            r#"{"name":"usuario","value":"pepe"}"#,
        ),
    ] {
        assert_eq!(shown(body), masked, "{body}");
    }
}

#[test]
fn texts_are_masked_by_what_they_are() {
    let jwt = concat!("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxIn0.c2lnbmF0dXJl");
    for (text, masked) in [
        ("https://h/c?sig=hunter2", "https://h/c?sig=***"),
        (
            "https://h/c?a=1&code=hunter2#hunter2",
            "https://h/c?a=***&code=***#***",
        ),
        ("/api/x?code=hunter2", "/api/x?code=***"),
        ("https://user:hunter2@h/", "https://***@h/"),
        ("https://user:hun/ter2@h/?hunter2@x", "https://***?***"),
        ("ftp://u:hunter2@h y https://h/", "ftp://***@h y https://h/"),
        ("sa:hunter2@db", "***@db"),
        (
            "https://hooks.slack.com/services/T0/B0/hunter2hunter2hunter2",
            "https://hooks.slack.com/services/T0/B0/***",
        ),
        (jwt, "***"),
        ("llegó eyJhbGciOiJIUzI1NiJ9 ayer", "llegó *** ayer"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
            "***",
        ),
        ("Bearer\thunter2", "***"),
        ("Authorization: Basic hunter2", "***"),
        ("Basic\u{a0}hunter2", "***"),
        ("a=b; sid=hunter2", "***"),
        ("no entró con contraseña hunter2", "***"),
        ("whsec_aHVudGVyMg==", "***=="),
        ("AKIAIOSFODNN7EXAMPLE", "***"),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "***"),
        ("4f2a9c1e77aa4a539d402f6b5a2d9e10", "***"),
        (
            r#"{"password":"hunter2","a":1}"#,
            r#"{"password":"***","a":1}"#,
        ),
        (r#"{"password":"hunter2"#, "***"),
        ("{'password': 'hunter2'}", "***"),
        ("user=a&password=hunter2&x=1", "user=a&password=***&x=1"),
        ("<Password>hunter2</Password>", "***"),
        // And what tells an operator something stays.
        (
            "8b2f9c1e-77aa-4a53-9d40-2f6b5a2d9e10",
            "8b2f9c1e-77aa-4a53-9d40-2f6b5a2d9e10",
        ),
        ("2026-11-22T13:32:45.741Z", "2026-11-22T13:32:45.741Z"),
        (
            "BOTSTORE_PACKAGE_DOWNLOADING",
            "BOTSTORE_PACKAGE_DOWNLOADING",
        ),
        (
            "ActualizarEjecucionDesdeCallback",
            "ActualizarEjecucionDesdeCallback",
        ),
        (
            "¿Qué pasó? Se leyeron 12 facturas de proceso_facturas_2026_11_22.xlsx",
            "¿Qué pasó? Se leyeron 12 facturas de proceso_facturas_2026_11_22.xlsx",
        ),
        ("ana@example.com", "ana@example.com"),
    ] {
        let body = serde_json::json!({ "x": text }).to_string();
        let expected = serde_json::json!({ "x": masked }).to_string();
        assert_eq!(shown(&body), expected, "{text}");
    }
}

#[test]
fn a_callback_stays_readable() {
    let body = r#"{"deploymentId":7,"status":"RUN_COMPLETED","userId":null,"password":null,"ñ":"\u00f1","botOutput":{"total":{"type":"NUMBER","string":"","number":"12.50","boolean":""},"Clave":{"type":"STRING","string":"hunter2"}}}"#;
    let masked = body.replace(r#"{"type":"STRING","string":"hunter2"}"#, r#""***""#);
    assert_eq!(shown(body), masked);
}

#[test]
fn a_form_is_masked_by_its_names() {
    for (body, masked) in [
        ("user=a&password=ab,hunter2&x=1", "user=a&password=***&x=1"),
        ("secret[0]=hunter2", "secret[0]=***"),
        ("Contrase%C3%B1a=hunter2", "Contrase%C3%B1a=***"),
        ("Contrase%F1a=hunter2", "***=***"),
        ("p%61ssword=hunter2", "p%61ssword=***"),
        ("code=hunter2&state=hunter2", "code=***&state=***"),
        ("name=password&value=hunter2", "name=***&value=***"),
        (
            "u=https%3A%2F%2Fh%2F%3Fsig%3Dhunter2&b=+x",
            "u=https://h/?sig=***&b=+x",
        ),
        (
            "payload=%7B%22password%22%3A%22hunter2%22%7D",
            r#"payload={"password":"***"}"#,
        ),
    ] {
        assert_eq!(shown(body), masked, "{body}");
    }
}

#[test]
fn of_what_is_not_understood_length_and_kind_are_shown() {
    let utf_16: Vec<u8> =
        r#"{"password":"hunter2"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (body, kind) in [
        (&b""[..], "0 bytes, vac\u{ed}o"),
        (b"{\"Contrase\xf1a\":\"hunter2\"}", "24 bytes, no es UTF-8"),
        (&utf_16, "44 bytes, binario o UTF-16"),
        (b"{\"password\":\"hunter2\"", "21 bytes, JSON mal formado"),
        (b"{'password':'hunter2'}", "22 bytes, JSON mal formado"),
        (
            b"{\"\\x70assword\":\"hunter2\"}",
            "25 bytes, JSON mal formado",
        ),
        (
            b"{\"secret\":\"a\"+\"hunter2\"}",
            "24 bytes, JSON mal formado",
        ),
        (b"<a>hunter2</a>", "14 bytes, XML o HTML"),
        (b"Authorization: Bearer hunter2\nA: b", "34 bytes, texto"),
        (b"password: |\n  hunter2", "21 bytes, texto"),
        (b"hunter2", "7 bytes, texto"),
    ] {
        let masked = Masking::new(&[]).excerpt(body);
        assert_eq!(masked, format!("[no se muestra: {kind}]"));
    }
}

#[test]
fn a_secret_of_the_settings_is_masked_wherever_and_however_it_stands() {
    let settings = [
        Secret::new("hunter2-or-more-1 'hunter2-or-more-2',\"hunter2-or-more-3\""),
        Secret::new("whsec_aHVudGVyMi1vZi10aGUtaG9vaw"),
        Secret::new(r#"{"apikey":"hunter2-or-less-4","authorization":"Bearer hunter2-or-less-5"}"#),
        Secret::new("hunter2 with some spaces"),
        Secret::new(""),
    ];
    let masking = Masking::new(&settings);
    for secret in [
        "hunter2-or-more-1",
        "hunter2-or-more-2",
        "hunter2-or-more-3",
        "aHVudGVyMi1vZi10aGUtaG9vaw",
        "hunter2-or-less-4",
        "hunter2-or-less-5",
        "hunter2 with some spaces",
    ] {
        let escaped: String = secret
            .bytes()
            .map(|byte| format!("\\u{byte:04x}"))
            .collect();
        let percent: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let base64 =
            |before: &str| base64ct::Base64::encode_string(format!("{before}{secret}~").as_bytes());
        let hex = base16ct::lower::encode_string(secret.as_bytes());
        for written in [
            secret.to_owned(),
            escaped,
            percent,
            base64(""),
            base64("a"),
            base64("ab"),
            hex,
        ] {
            for body in [
                format!(r#"{{"x":"my {written}!","y":1}}"#),
                format!(r#"{{"{written}":1,"y":1}}"#),
                format!(r#"{{"x":"{{\"a\":[\"{written}\"]}}","y":1}}"#).replace("\\u", "\\\\u"),
            ] {
                let masked = masking.excerpt(body.as_bytes());
                assert!(
                    masked.contains("***") && masked.contains(r#""y":1"#),
                    "{masked}"
                );
                assert!(!masked.contains(&*written), "{masked}");
            }
        }
        assert_eq!(masking.field(secret), "***");
    }
    assert_eq!(masking.field("apikey Bearer"), "apikey Bearer");
    assert_eq!(masking.excerpt(b"[123456]"), "[123456]");
    assert_eq!(
        Masking::new(&[Secret::new("123456")]).excerpt(b"[123456]"),
        r#"["***"]"#
    );
}

#[test]
fn fields_that_callers_set_are_bounded_and_masked() {
    let masking = Masking::new(&[Secret::new("hunter2hunter2")]);
    for (field, masked) in [
        (
            "8b2f9c1e-77aa-4a53-9d40-2f6b5a2d9e10",
            "8b2f9c1e-77aa-4a53-9d40-2f6b5a2d9e10",
        ),
        (
            "4f2a9c1e77aa4a539d402f6b5a2d9e10",
            "4f2a9c1e77aa4a539d402f6b5a2d9e10",
        ),
        ("d-hunter2hunter2", "d-***"),
        ("reservas/aHVudGVyMmh1bnRlcjI=", "reservas/***I="),
        ("hunter%32hunter2", "***"),
        ("eyJhbGciOiJIUzI1NiJ9.e30.x", "***"),
    ] {
        assert_eq!(masking.field(field), masked);
    }
    let long = format!("{}hunter2hunter2", "ñ".repeat(195));
    assert_eq!(masking.field(&long), format!("{}***", "ñ".repeat(195)));
    assert_eq!(masking.field(&"x".repeat(9000)).chars().count(), 201);
}

#[test]
fn the_cut_comes_after_the_understanding() {
    let body = format!(r#"["{}"]"#, "x ".repeat(5000));
    assert_eq!(shown(&body), body[..2048]);
    // Bytes, and no half character.
    let body = format!(r#"["{}"]"#, "xñ ".repeat(5000));
    assert_eq!(shown(&body), body[..2047]);
    // What names the secret comes long after it.
    let filler = "x ".repeat(2000);
    let body = format!(r#"{{"value":"hunter2","f":"{filler}","name":"password"}}"#);
    assert_eq!(
        shown(&body),
        r#"{"value":"***","f":"***","name":"password"}"#
    );
    // And the end shows what it all is.
    let body = format!(r#"{{"x":"a","f":"{filler}""#);
    assert_eq!(
        shown(&body),
        format!("[no se muestra: {} bytes, JSON mal formado]", body.len())
    );
    // The secret goes past the cut, and its end with it.
    let body = format!(r#"{{"password":"{}"}}"#, "hunter2".repeat(1000));
    assert_eq!(shown(&body), r#"{"password":"***"}"#);
}

#[test]
fn no_body_takes_long_or_much_stack() {
    let length = 256 << 10;
    let masking = Masking::new(&[Secret::new("hunter2-hunter2")]);
    let pairs = format!(r#"{{{}"z":0}}"#, r#""a":"b","#.repeat(length / 8));
    let mut escaped = r#""hunter2""#.to_owned();
    while escaped.len() < length / 2 {
        escaped = serde_json::Value::from(escaped).to_string();
    }
    for (name, body) in [
        ("arrays", "[".repeat(length / 2) + &"]".repeat(length / 2)),
        (
            "objects",
            r#"{"a":"#.repeat(length / 6) + "0" + &"}".repeat(length / 6),
        ),
        ("members", pairs),
        (
            "names",
            format!("[{}0]", r#""password","#.repeat(length / 11)),
        ),
        ("escapes", escaped),
        ("one word", format!("[\"{}\"]", "eyJ%".repeat(length / 4))),
        (
            "backslashes",
            format!("[\"{}\"]", "\\\\".repeat(length / 2)),
        ),
        ("form", "a=1&".repeat(length / 4) + "b=password"),
        ("percent", format!("a={}", "%25".repeat(length / 3))),
        (
            "almost known",
            format!("[\"{}\"]", "hunter2-hunter".repeat(length / 14)),
        ),
        ("empty texts", format!("[{}0]", r#""","#.repeat(length / 3))),
    ] {
        let began = Instant::now();
        let masked = masking.excerpt(body.as_bytes());
        assert!(masked.len() <= 2048, "{name}");
        // Unoptimised, and beside other tests; a quadratic one takes minutes.
        assert!(
            began.elapsed().as_secs() < 10,
            "{name}: {:?}",
            began.elapsed()
        );
    }
}
