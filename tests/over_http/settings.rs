//! Settings as people paste them, and key sets of which a member is odd.

use std::time::SystemTime;

use serde_json::{Value, json};
use support::server::{Server, TOKEN};
use support::signatures::{STANDARD, standard};
use support::tokens::{self, public_key};

const BODY: &[u8] = br#"{"deploymentId":"d","status":"COMPLETED"}"#;
const MESSAGE: &str = r#"{"type":"promo","content":"Hola"}"#;

/// What readiness says of each setting that is wrong.
fn problems(server: &Server) -> Value {
    let ready = server.send("GET", "/health/ready", &[], b"");
    assert_eq!(ready.status, 503);
    let body = ready.json();
    assert_eq!(body["checks"]["settings"], "invalid");
    body["problems"].clone()
}

#[test]
fn the_headers_scheme_in_a_token_is_rejected_and_named() {
    let server = Server::start(&[("admin_token", "Bearer adm-0123456789abcdef")]);
    for word in ["Bearer Bearer", "Bearer adm-0123456789abcdef"] {
        let headers = [("Authorization", word)];
        let reply = server.send("GET", "/admin/outbox/stats", &headers, b"");
        assert_eq!(reply.refusal(), (503, "misconfigured".to_owned()), "{word}");
    }
    let said = problems(&server)["admin_token"].to_string();
    assert!(said.contains("«Bearer»"), "{said}");
    let line = server.line_with("\"problems\":");
    assert!(
        line["problems"][0]
            .as_str()
            .expect("text")
            .contains("«Bearer»")
    );
    assert!(!server.printed().contains("0123456789abcdef"));
    // One wrong setting disables no other endpoint.
    assert_eq!(server.callback(BODY).status, 200);
}

#[test]
fn a_secret_of_two_settings_and_one_that_is_short_are_rejected() {
    let server = Server::start(&[("admin_token", TOKEN), ("webhook_secret", "whsec_AA==")]);
    assert_eq!(server.callback(BODY).status, 503);
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str())];
    let reply = server.send("GET", "/admin/outbox/stats", &headers, b"");
    assert_eq!(reply.refusal(), (503, "misconfigured".to_owned()));
    let problems = problems(&server);
    let named: Vec<_> = problems.as_object().expect("problems").keys().collect();
    assert_eq!(named, ["admin_token", "callback_token", "webhook_secret"]);
    assert!(!server.printed().contains(TOKEN));
}

#[test]
fn in_development_weak_secrets_are_a_warning() {
    let server = Server::start_bare(&[
        ("environment", "development"),
        ("callback_token", "corto"),
        ("admin_token", "corto"),
    ]);
    let headers = [("X-Authorization", "corto")];
    assert_eq!(
        server.send("POST", "/api/callback", &headers, BODY).status,
        200
    );
    let line = server.line_with("doubtful_settings");
    assert_eq!(line["level"], "warn");
    let said = line["problems"].to_string();
    assert!(
        said.contains("callback_token: ") && said.contains("admin_token: "),
        "{said}"
    );
    let ready = server.send("GET", "/health/ready", &[], b"");
    assert_eq!(ready.status, 200, "{}", ready.text);
}

#[test]
fn a_key_of_messages_in_quotes_or_capitals_is_taken() {
    let quoted = format!("'{STANDARD}'");
    let capitals = STANDARD.replacen("whsec", "WHSEC", 1);
    for secret in [quoted, capitals] {
        let server = Server::start(&[("webhook_secret", &secret)]);
        let (sent, signature) = standard("msg_1", 0, MESSAGE);
        let headers = [
            ("Content-Type", "application/json"),
            ("Webhook-Id", "msg_1"),
            ("Webhook-Timestamp", &sent),
            ("Webhook-Signature", &signature),
        ];
        let reply = server.send("POST", "/webhook/receive", &headers, MESSAGE.as_bytes());
        // The signature is right; what the message lacks is another matter.
        assert_ne!(reply.status, 401, "{secret}: {}", reply.text);
        assert_ne!(reply.status, 503, "{secret}: {}", reply.text);
    }
}

#[test]
fn one_odd_member_of_a_key_set_does_not_disable_the_others() {
    let keys: Value = serde_json::from_str(&public_key("jwk.json")).expect("JSON");
    let set = json!({"keys": [
        {"use": "sig", "kid": "sin-tipo"},
        {"kty": "RSA", "kid": "solo-x5c", "x5c": ["MIIC"]},
        keys["rsa"],
    ]});
    let server = Server::start(&[("jwt_public_key", &set.to_string())]);
    assert_eq!(server.callback(BODY).status, 200);

    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let exp = now.expect("after 1970").as_secs() + 300;
    let jwt = tokens::token(
        "RS256",
        "rsa",
        &json!({"alg": "RS256"}),
        &json!({"exp": exp}),
    );
    let bearer = format!("Bearer {jwt}");
    let headers = [("Authorization", bearer.as_str())];
    assert_eq!(
        server.send("POST", "/api/callback", &headers, BODY).status,
        200
    );

    let said = server.line_with("doubtful_settings")["problems"].to_string();
    assert!(said.contains("clave 1 (kid «sin-tipo»)"), "{said}");
    assert!(said.contains("clave 2 (kid «solo-x5c»)"), "{said}");
    assert_eq!(server.printed().matches("sin-tipo").count(), 1);
}

#[test]
fn a_set_with_a_private_key_or_nothing_left_is_a_problem() {
    let keys: Value = serde_json::from_str(&public_key("jwk.json")).expect("JSON");
    let mut private = keys["p256"].clone();
    private["d"] = json!("s3cr3t");
    let with_private = json!({"keys": [keys["rsa"], private]}).to_string();
    let nothing = json!({"keys": [{"use": "sig", "kid": "x"}]}).to_string();
    for (set, why) in [(with_private, "clave privada"), (nothing, "(kid «x»)")] {
        let server = Server::start(&[("jwt_public_key", &set)]);
        assert_eq!(server.callback(BODY).status, 503);
        let said = problems(&server)["jwt_public_key"].to_string();
        assert!(said.contains(why), "{said}");
        assert!(!server.printed().contains("s3cr3t"));
    }
}

#[test]
fn a_token_called_ed25519_is_one_of_eddsa() {
    let server = Server::start_bare(&[("jwt_public_key", &public_key("ed25519.pem"))]);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let claims = json!({"exp": now.expect("after 1970").as_secs() + 300});
    let jwt = tokens::token("EdDSA", "ed25519", &json!({"alg": "Ed25519"}), &claims);
    let bearer = format!("Bearer {jwt}");
    let headers = [("Authorization", bearer.as_str())];
    assert_eq!(
        server.send("POST", "/api/callback", &headers, BODY).status,
        200
    );
}
