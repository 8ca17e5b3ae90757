//! What people paste along with a value: what is meant is certain, or what is wrong is said.

use super::{load, problem_of};
use crate::testing::{OPERATOR, TOKEN, signer};

const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The static tokens that a setting amounts to.
fn tokens(value: &str) -> Vec<String> {
    let config = load(&[("callback_token", value)]);
    assert_eq!(config.problems, [], "{value:?}");
    let door = config.callback.expect("it can open");
    let tokens = door.static_token.expect("it counts").tokens;
    tokens.iter().map(|it| it.expose().to_owned()).collect()
}

/// How many keys of each kind a setting amounts to.
fn signature_keys(value: &str) -> String {
    let config = load(&[("callback_token", TOKEN), ("webhook_secret", value)]);
    assert_eq!(config.problems, [], "{value:?}");
    let door = config.messages.expect("it can open");
    format!("{:?}", door.body_signature.expect("it counts").keys)
}

#[test]
fn what_is_around_a_token_is_taken_off() {
    for value in [
        "un-token-de-prueba\n",
        "un-token-de-prueba\r\n",
        "\u{feff}un-token-de-prueba",
        "\u{200b}un-token-de-prueba\u{200b}",
        "\u{a0}un-token-de-prueba\u{a0}",
        "\"un-token-de-prueba\"",
        "'un-token-de-prueba'",
        "`un-token-de-prueba`",
        "“un-token-de-prueba”",
        "‘un-token-de-prueba’",
        "«un-token-de-prueba»",
        "\" un-token-de-prueba \"",
        "'\"un-token-de-prueba\"'",
        "SPIN_VARIABLE_CALLBACK_TOKEN=un-token-de-prueba",
        "export SPIN_VARIABLE_CALLBACK_TOKEN='un-token-de-prueba'",
        "callback_token: un-token-de-prueba",
        "'SPIN_VARIABLE_CALLBACK_TOKEN=un-token-de-prueba'",
    ] {
        assert_eq!(tokens(value), [TOKEN], "{value:?}");
    }
    let two = [TOKEN, "otro-token-de-prueba"];
    assert_eq!(tokens("\"un-token-de-prueba\" 'otro-token-de-prueba'"), two);
    assert_eq!(tokens("\"un-token-de-prueba otro-token-de-prueba\""), two);
    assert_eq!(tokens("un-token-de-prueba\notro-token-de-prueba\n"), two);
}

#[test]
fn signs_that_a_token_may_have_stay() {
    for token in [
        "d2l0aCBwYWRkaW5nIGFuZCBtb3Jl==",
        "a$b{c}d%e<f>g&h!i?j#k@l",
        "bearer-of-good-news-2026",
        "eyJhbGciOiJub25lIn0.e30.abcdefgh",
    ] {
        assert_eq!(tokens(token), [token]);
    }
}

#[test]
fn a_token_with_something_else_in_it_is_named_and_opens_nothing() {
    for (value, what) in [
        ("Bearer adm-0123456789abcdef", "palabra 1 de 2: «Bearer»"),
        ("bearer adm-0123456789abcdef", "palabra 1 de 2: «Bearer»"),
        ("adm-0123456789abcdef BEARER", "palabra 2 de 2: «Bearer»"),
        ("Bearer: adm-0123456789abcdef", "«Bearer»"),
        ("Bearer:adm-0123456789abcdef", "«Bearer»"),
        ("Bearer%20adm-0123456789abcdef", "«Bearer»"),
        ("Bearer\u{a0}adm-0123456789abcdef", "«Bearer»"),
        ("Token adm-0123456789abcdef", "«Token»"),
        ("Basic YWRtaW46MDEyMzQ1Njc4OQ==", "«Basic»"),
        ("'Bearer adm-0123456789abcdef'", "«Bearer»"),
        (
            "X-Authorization: adm-0123456789abcdef",
            "«X-Authorization:»",
        ),
        ("x-api-key:adm-0123456789abcdef", "«X-API-KEY:»"),
        (
            "Authorization: Bearer adm-0123456789abcdef",
            "«Authorization:»",
        ),
        (
            "-H X-Authorization:adm-0123456789abcdef",
            "parte de un comando",
        ),
        ("adm-0123456789abcdef,adm-fedcba9876543210", "coma"),
        ("adm-0123456789abcdef, adm-fedcba9876543210", "coma"),
        ("adm-0123456789abcdef; adm-fedcba9876543210", "coma"),
        (r#"["adm-0123456789abcdef","adm-fedcba9876543210"]"#, "JSON"),
        (r#"{"token":"adm-0123456789abcdef"}"#, "JSON"),
        ("\"adm-0123456789abcdef", "comilla"),
        ("adm-0123456789abcdef'", "comilla"),
        ("adm-0123456789abcdef”", "comilla"),
        ("adm-0123456789abcdef # el de A360", "comentario"),
        ("adm-0123456789\u{200b}abcdef", "invisible"),
        ("adm-0123456789\u{a0}abcdef", "espacio"),
        ("adm\u{2013}0123456789abcdef", "guion"),
        ("adm-0123456789-contraseña", "tildes ni eñes"),
        ("adm-0123456789abcdef\\n", "escrito con letras"),
        ("${CALLBACK_TOKEN}", "sin sustituir"),
        ("${CALLBACK_TOKEN:-adm-0123456789abcdef}", "sin sustituir"),
        ("$CALLBACK_TOKEN_OF_SAM", "sin sustituir"),
        ("%CALLBACK_TOKEN_OF_SAM%", "sin sustituir"),
        ("{{ secrets.CALLBACK_TOKEN }}", "sin sustituir"),
        ("$(openssl rand -hex 32)", "sin sustituir"),
        ("<el token de A360>", "de ejemplo"),
        ("changeme-changeme", "de ejemplo"),
        ("CHANGE_ME_CHANGE_ME", "de ejemplo"),
        ("your-secret-token-here", "de ejemplo"),
        ("********************", "de ejemplo"),
        ("-----BEGIN PUBLIC KEY----- MIIB", "PEM"),
        (
            "SPIN_VARIABLE_ADMIN_TOKEN=adm-0123456789abcdef",
            "otra variable",
        ),
        ("admin_token=adm-0123456789abcdef", "otra variable"),
        (
            "adm-0123456789abcdef\nSPIN_VARIABLE_LOG_LEVEL=debug",
            "otra variable",
        ),
    ] {
        let said = problem_of("callback_token", value);
        assert!(said.contains(what), "{value:?}: {said}");
        assert!(!said.contains("0123456789"), "{said}");
        if !value.contains("ADMIN_TOKEN") && !value.contains("admin_token") {
            let said = problem_of("admin_token", value);
            assert!(said.contains(what), "{value:?}: {said}");
        }
    }
}

#[test]
fn a_key_of_standard_webhooks_is_known_however_its_prefix_is_written() {
    for value in [
        "'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'",
        "\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"",
        "“whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw”",
        "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "Whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,",
        "whsec_MDEyMzQ1Njc4OWFiY2RlZg",
    ] {
        assert_eq!(
            signature_keys(value),
            "*** 0 plain, 1 whsec, 0 whpk",
            "{value}"
        );
    }
    for value in [
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, 'WHSEC_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'",
    ] {
        assert_eq!(
            signature_keys(value),
            "*** 0 plain, 2 whsec, 0 whpk",
            "{value}"
        );
    }
    let public = "WHPK_thwBJ4DZbx1GLtqpFF7FqV41U2HFH7SIkJXnhC8ET9Q=";
    assert_eq!(signature_keys(public), "*** 0 plain, 0 whsec, 1 whpk");
    let plain = "'un-s3creto-de-mensajes'";
    assert_eq!(signature_keys(plain), "*** 1 plain, 0 whsec, 0 whpk");
}

#[test]
fn a_secret_of_messages_with_something_else_in_it_is_named() {
    for (value, what) in [
        ("Bearer un-s3creto-de-mensajes", "«Bearer»"),
        ("sha256=un-s3creto-de-mensajes", "una firma"),
        (
            "X-Webhook-Signature: un-s3creto-de-mensajes",
            "«X-Webhook-Signature:»",
        ),
        ("un-s3creto-de-mensajes,otro-s3creto-de-mensajes", "coma"),
        (
            "un-s3creto-de-mensajes,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "«whsec_»",
        ),
        ("secret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "«whsec_»"),
        ("whsec-MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "«whsec_»"),
        ("whsec:MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "«whsec_»"),
        ("\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "«whsec_»"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\\n", "Base64"),
        ("whsec_whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "Base64"),
        ("whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "palabra 1 de 2"),
        ("WHSK_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "clave privada"),
        ("whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "Ed25519"),
        ("un-s3creto-\u{200b}de-mensajes", "invisible"),
        ("${WEBHOOK_SECRET}", "sin sustituir"),
        ("<whsec de la pasarela>", "de ejemplo"),
    ] {
        let said = problem_of("webhook_secret", value);
        assert!(said.contains(what), "{value:?}: {said}");
        assert!(
            !said.contains("MfKQ9r8G") && !said.contains("s3creto"),
            "{said}"
        );
    }
    assert_eq!(
        signature_keys("un-s3creto-de-mañana"),
        "*** 1 plain, 0 whsec, 0 whpk"
    );
    assert_eq!(signature_keys(WHSEC), "*** 0 plain, 1 whsec, 0 whpk");
}

#[test]
fn lists_of_names_may_have_commas_quotes_and_brackets() {
    for value in [
        "X-Authorization, X-API-KEY",
        "X-Authorization,X-API-KEY",
        "X-Authorization; X-API-KEY",
        "\"X-Authorization\" \"X-API-KEY\"",
        "[\"X-Authorization\", \"X-API-KEY\"]",
        "X-Authorization\u{a0}X-API-KEY",
    ] {
        let config = load(&[("callback_token", TOKEN), ("callback_token_headers", value)]);
        assert_eq!(config.problems, [], "{value:?}");
        let door = config.callback.expect("it can open");
        let headers = door.static_token.expect("it counts").headers;
        assert_eq!(headers, ["x-authorization", "x-api-key"], "{value:?}");
    }
    for (setting, value) in [
        ("webhook_tables", "a, b, c"),
        ("webhook_tables", "[a] [b] [c]"),
        ("webhook_tables", "['a','b','c']"),
        ("sam_columns", "a,b,c,-,e,f"),
        ("sam_columns", "[a], [b], [c], -, [e], [f]"),
        ("callback_endpoint_path", "/api/callback, /cb"),
        ("callback_endpoint_path", "/api/callback,/cb"),
        ("callback_endpoint_path", "'/api/callback' '/cb'"),
    ] {
        let config = load(&[("callback_token", TOKEN), (setting, value)]);
        if value.starts_with("['") {
            assert_eq!(
                config.problems.len(),
                1,
                "single quotes are no JSON: {value}"
            );
            continue;
        }
        assert_eq!(config.problems, [], "{setting}={value}");
        if setting == "callback_endpoint_path" {
            let paths = config.callback_paths.expect("they are known");
            assert_eq!(paths, ["/api/callback", "/cb"], "{value}");
        }
    }
}

#[test]
fn other_settings_say_what_was_pasted_along() {
    let entra = "https://login.microsoftonline.com/{tenantid}/v2.0";
    let guid = "0f8fad5b-d9cb-469f-a165-70867728950e";
    for (setting, value, what) in [
        (
            "callback_token_headers",
            "X-Authorization: adm-0123456789abcdef",
            "«:»",
        ),
        (
            "callback_endpoint_path",
            "https://sam.example/api/callback",
            "dirección entera",
        ),
        ("root_path", "https://sam.example/sam", "dirección entera"),
        ("jwt_issuer", entra, "sin reemplazar"),
        (
            "jwt_issuer",
            "https://a.example, https://b.example",
            "un solo valor",
        ),
        (
            "jwt_issuer",
            "\"iss\": \"https://a.example\"",
            "nombre del dato",
        ),
        ("jwt_audience", "aud=api://sam", "nombre del dato"),
        ("jwt_audience", "${AUDIENCE}", "sin sustituir"),
        ("jwt_issuer", "https://a.example/\u{200b}v2", "invisible"),
        ("data_api_origin", "localhost:5000", "le falta «https://»"),
        ("data_api_origin", "https://x.example/api", "_path"),
        (
            "data_api_origin",
            "https://a.example,https://b.example",
            "una sola",
        ),
        (
            "data_api_origin",
            "https://<proyecto>.supabase.co",
            "sin reemplazar",
        ),
        ("data_api_origin", "\"https://x.example\"", "comillas"),
        ("data_api_origin", "\u{feff}https://x.example", "invisibles"),
        ("data_api_headers", "{“apikey”:“k”}", "tipográficas"),
        ("data_api_headers", "{apikey:k}", "comillas simples"),
        (
            "data_api_headers",
            r#"{"apikey":"${KEY}"}"#,
            "sin sustituir",
        ),
        (
            "data_api_headers",
            r#"{"apikey":"<anon key>"}"#,
            "de ejemplo",
        ),
        ("data_api_headers", r#"{"apikey":"Bearer k"}"#, "«Bearer»"),
        (
            "data_api_headers",
            r#"{"authorization":"eyJhbGciOi.x.y"}"#,
            "sin la palabra «Bearer»",
        ),
        (
            "data_api_headers",
            r#"{"authorization":"Bearer Bearer k"}"#,
            "dos veces",
        ),
        (
            "data_api_headers",
            "{\"apikey\":\"a\u{200b}b\"}",
            "invisible",
        ),
        ("oauth_client_secret", guid, "columna «Valor»"),
        ("oauth_client_secret", "Bearer abc~def", "«Bearer»"),
        ("oauth_client_secret", "<client secret>", "de ejemplo"),
        ("oauth_client_id", "${CLIENT_ID}", "sin sustituir"),
        ("blizwork_api_token", "Bearer abc", "«Bearer»"),
        ("blizwork_api_token", "una\nlinea", "salto de línea"),
        (
            "blizwork_endpoint_url",
            "https://<servidor>/blizwork",
            "sin reemplazar",
        ),
        ("jwt_public_key", "https://x.example/keys", "dirección"),
    ] {
        let said = problem_of(setting, value);
        assert!(said.contains(what), "{setting}={value:?}: {said}");
        assert!(!said.contains("0123456789"), "{said}");
    }
}

#[test]
fn headers_for_the_data_api_are_understood_however_they_are_quoted() {
    for value in [
        r#"{"apikey":"k"}"#,
        r#"'{"apikey":"k"}'"#,
        r#"“{"apikey":"k"}”"#,
        r#""{\"apikey\":\"k\"}""#,
        r#"{"apikey":"k\n"}"#,
        r#"{"apikey":" k "}"#,
        r#"{"apikey":"'k'"}"#,
        r#"SPIN_VARIABLE_DATA_API_HEADERS='{"apikey":"k"}'"#,
    ] {
        let settings = [
            ("callback_token", TOKEN),
            ("data_api", "dab"),
            ("data_api_headers", value),
        ];
        let config = load(&settings);
        assert_eq!(config.problems, [], "{value}");
        let Some(crate::config::DataApiSettings::Dab(remote)) = config.data_api else {
            panic!("chosen")
        };
        assert_eq!(
            remote.server.headers.first("apikey"),
            Some(&b"k"[..]),
            "{value}"
        );
    }
}

#[test]
fn a_member_of_a_set_that_is_not_used_is_a_warning_and_no_problem() {
    let key = signer::public_key("jwk.json");
    let keys: serde_json::Value = serde_json::from_str(&key).expect("JSON");
    let set = serde_json::json!({"keys": [keys["rsa"], {"use": "sig", "kid": "x"}]});
    let config = load(&[
        ("callback_token", TOKEN),
        ("admin_token", OPERATOR),
        ("jwt_public_key", &set.to_string()),
    ]);
    assert_eq!(config.problems, []);
    assert!(config.callback.is_some());
    let [warning] = &config.warnings[..] else {
        panic!("one warning")
    };
    assert_eq!(warning.setting, "jwt_public_key");
    assert!(
        warning.what.contains("clave 2 (kid «x»)"),
        "{}",
        warning.what
    );
}
