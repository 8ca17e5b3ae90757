//! Tokens of an authorization server, alone and beside the static token.

use std::time::SystemTime;

use serde_json::{Value, json};
use support::server::{Reply, SIGNED, Server, TOKEN};
use support::tokens::{self, public_key};

const BODY: &[u8] = br#"{"deploymentId":"d","status":"COMPLETED"}"#;

fn seconds_from_now(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.expect("after 1970").as_secs();
    i64::try_from(now).expect("small") + seconds
}

fn token(algorithm: &str, key: &str, lasts: i64) -> String {
    let claims = json!({"exp": seconds_from_now(lasts), "sub": "gateway"});
    tokens::token(
        algorithm,
        key,
        &json!({"alg": algorithm, "kid": "1"}),
        &claims,
    )
}

/// Sends the callback with these values of `X-Authorization` and `Authorization`.
fn send(server: &Server, static_token: Option<&str>, jwt: Option<&str>) -> Reply {
    let bearer = jwt.map(|jwt| format!("Bearer {jwt}"));
    let mut headers = vec![("x-request-id", "same")];
    headers.extend(static_token.map(|token| ("X-Authorization", token)));
    headers.extend(
        bearer
            .as_ref()
            .map(|value| ("Authorization", value.as_str())),
    );
    server.send("POST", "/api/callback", &headers, BODY)
}

/// The status that the callback's endpoint is to answer.
fn expected(mode: &str, token_is_right: bool, jwt_is_right: bool) -> u16 {
    match (mode, token_is_right, jwt_is_right) {
        ("none", _, _) => 200,
        ("strict", true, _) => 200,
        ("optional", true, _) | ("optional", _, true) => 200,
        ("required", true, true) => 200,
        ("required", true, false) | ("required", false, true) => 403,
        _ => 401,
    }
}

#[test]
fn each_mode_accepts_what_it_says_and_nothing_else_changes_the_row() {
    let expired = token("RS256", "rsa", -120);
    let forged = token("RS256", "other-rsa", 300);
    let right = token("RS256", "rsa", 300);
    let tokens = [(None, false), (Some("wrong"), false), (Some(TOKEN), true)];
    let jwts = [
        (None, false),
        (Some(&expired), false),
        (Some(&forged), false),
        (Some(&right), true),
    ];
    for mode in ["optional", "required", "strict", "none"] {
        for (static_token, token_is_right) in tokens {
            // A store of its own, so that each row can be seen not to be there.
            let server = Server::start(&[
                ("callback_auth_mode", mode),
                ("environment", "development"),
                ("jwt_public_key", &public_key("rsa.pem")),
                ("failed_attempts_per_minute", "0"),
            ]);
            let row = || {
                let bearer = format!("Bearer {right}");
                let headers = [SIGNED, ("Authorization", bearer.as_str())];
                server.send("GET", "/api/callback/d", &headers, b"").status
            };
            for (jwt, jwt_is_right) in jwts {
                let expected = expected(mode, token_is_right, jwt_is_right);
                let before = row();
                let reply = send(&server, static_token, jwt.map(String::as_str));
                let case = format!("{mode}: {static_token:?} {jwt_is_right} {jwt:?}");
                assert_eq!(reply.status, expected, "{case}: {reply:?}");
                assert_eq!(reply.header("www-authenticate").is_some(), expected == 401);
                let after = if expected == 200 { 200 } else { before };
                assert_eq!(row(), after, "{case}");
            }
        }
    }
}

/// SAM's web has a second caller, "unlock": it has the gateway's JWT and no static token, and what
/// it does not know is null. Any 2xx counts for it as done.
#[test]
fn sams_unlock_ends_a_row_with_the_jwt_alone() {
    let server = Server::start(&[("jwt_public_key", &public_key("rsa.pem"))]);
    let bearer = format!("Bearer {}", token("RS256", "rsa", 300));
    let unlock = |id: &str, device: Value, user: Value| {
        let body = json!({
            "deploymentId": id, "status": "RUN_ABORTED", "deviceId": device, "userId": user,
            "botOutput": {"message": "Desbloqueado desde la web de SAM"},
        });
        let body = body.to_string();
        let headers = [
            ("Authorization", bearer.as_str()),
            ("x-ibm-client-id", "sam-web"),
        ];
        let reply = server.send("POST", "/api/callback", &headers, body.as_bytes());
        (reply, body)
    };
    for (id, device, user) in [
        ("u-1", Value::Null, Value::Null),
        ("u-2", json!("12"), Value::Null),
        ("u-3", Value::Null, json!("34")),
    ] {
        let (reply, body) = unlock(id, device, user);
        let updated = (200, json!("updated"));
        assert_eq!(
            (reply.status, reply.json()["result"].clone()),
            updated,
            "{id}"
        );
        let row = server.row(id).expect("the row");
        assert_eq!(row["Estado"], "RUN_ABORTED");
        assert_eq!(row["CallbackInfo"], body);
    }
    // A robot that had ended by itself stays as it was, and that too is done.
    server.callback(r#"{"deploymentId":"u-4","status":"RUN_COMPLETED"}"#);
    let (reply, _) = unlock("u-4", Value::Null, Value::Null);
    assert_eq!(
        (reply.status, &reply.json()["result"]),
        (200, &json!("already_final"))
    );
    assert_eq!(
        server.row("u-4").expect("the row")["Estado"],
        "RUN_COMPLETED"
    );
}

#[test]
fn every_algorithm_is_verified_in_the_component() {
    let files = ["rsa.pem", "p256.pem", "ed25519.pem"];
    let pem: String = files.map(public_key).concat();
    let written_out = pem.replace('\n', "\\n");
    let jwk: Value = serde_json::from_str(&public_key("jwk.json")).expect("JSON");
    let set = json!({"keys": [jwk["rsa"], jwk["p256"], jwk["ed25519"]]}).to_string();
    for keys in [&pem, &written_out, &set] {
        let server = Server::start_bare(&[("jwt_public_key", keys)]);
        for (algorithm, key) in [
            ("RS256", "rsa"),
            ("RS384", "rsa"),
            ("RS512", "rsa"),
            ("PS256", "rsa"),
            ("PS384", "rsa"),
            ("PS512", "rsa"),
            ("ES256", "p256"),
            ("EdDSA", "ed25519"),
        ] {
            let right = token(algorithm, key, 300);
            for time in ["first", "second"] {
                let reply = send(&server, None, Some(&right));
                assert_eq!(reply.status, 200, "{algorithm}, the {time} time");
            }
            let forged = token(algorithm, &format!("other-{key}"), 300);
            assert_eq!(
                send(&server, None, Some(&forged)).status,
                401,
                "{algorithm}"
            );
        }
        for (algorithm, key) in [("none", "rsa"), ("HS256", "rsa"), ("HS256", "p256")] {
            let forged = token(algorithm, key, 300);
            assert_eq!(
                send(&server, None, Some(&forged)).status,
                401,
                "{algorithm}"
            );
        }
    }
}

#[test]
fn issuer_audience_and_leeway_are_checked_where_set() {
    let server = Server::start_bare(&[
        ("jwt_public_key", &public_key("ed25519.pem")),
        ("jwt_issuer", "https://login.example"),
        ("jwt_audience", "sam"),
        ("jwt_leeway_seconds", "600"),
    ]);
    for (issuer, audience, exp, status) in [
        ("https://login.example", json!("sam"), 300, 200),
        ("https://login.example", json!(["otra", "sam"]), -300, 200),
        ("https://login.example", json!("sam"), -601, 401),
        ("https://login.example", json!("otra"), 300, 401),
        ("https://login.example", json!(null), 300, 401),
        ("https://otra.example", json!("sam"), 300, 401),
    ] {
        let claims = json!({"iss": issuer, "aud": audience, "exp": seconds_from_now(exp)});
        let token = tokens::token("EdDSA", "ed25519", &json!({"alg": "EdDSA"}), &claims);
        assert_eq!(send(&server, None, Some(&token)).status, status, "{claims}");
    }
}

#[test]
fn a_refusal_is_the_same_whatever_was_wrong_and_only_the_log_says_what() {
    let jwk: Value = serde_json::from_str(&public_key("jwk.json")).expect("JSON");
    let mut key = jwk["rsa"].clone();
    key["kid"] = json!("1");
    let server = Server::start(&[
        ("jwt_public_key", &key.to_string()),
        ("failed_attempts_per_minute", "0"),
    ]);
    let right = token("RS256", "rsa", 300);
    let (signed, signature) = right.rsplit_once('.').expect("three parts");
    let claims = json!({"exp": seconds_from_now(300)});
    let header = json!({"alg": "RS256", "kid": "otro"});
    let unknown_key = tokens::token("RS256", "rsa", &header, &claims);
    let header = json!({"alg": "RS256", "crit": ["exp"]});
    let critical = tokens::token("RS256", "rsa", &header, &claims);
    let mut replies = Vec::new();
    for (jwt, why) in [
        (token("RS256", "other-rsa", 300), "wrong signature"),
        (format!("{signed}.{}", &signature[..100]), "wrong signature"),
        (format!("{signed}."), "wrong signature"),
        (unknown_key, "unknown key"),
        (token("none", "rsa", 300), "unknown key"),
        (token("RS256", "rsa", -300), "expired"),
        (critical, "critical header"),
        ("x".repeat(16_385), "too long"),
        ("x.y".to_owned(), "malformed"),
    ] {
        let bearer = format!("Bearer {jwt}");
        let id = format!("r{}", replies.len());
        let headers = [("Authorization", bearer.as_str()), ("x-request-id", &id)];
        let mut reply = server.send("POST", "/api/callback", &headers, BODY);
        assert_eq!(server.audit_line(&id)["rejected"], format!("jwt: {why}"));
        for name in ["date", "x-request-id"] {
            reply.headers.remove(name);
        }
        replies.push((reply.status, reply.headers, reply.text.replace(&id, "")));
    }
    replies.dedup();
    assert_eq!(replies.len(), 1, "{replies:?}");
    assert_eq!(replies[0].0, 401);
    assert_eq!(server.row("d"), None);
    assert!(!server.printed().contains(signature));
}

#[test]
fn a_wrong_token_beside_the_right_credential_is_accepted_with_a_warning() {
    let server = Server::start(&[("jwt_public_key", &public_key("p256.pem"))]);
    let expired = token("ES256", "p256", -300);
    assert_eq!(send(&server, Some(TOKEN), Some(&expired)).status, 200);
    let line = server.audit_line("same");
    assert_eq!(line["level"], "warn");
    assert_eq!(line["outcome"], "updated");
    assert_eq!(line["credential"], "static_token");
    assert_eq!(line["rejected"], "jwt: expired");
}

#[test]
fn an_unusable_key_makes_the_endpoint_answer_503_and_readiness_says_what_to_do() {
    for (key, advice) in [
        (public_key("certificate.pem"), "openssl x509 -pubkey"),
        (public_key("rsa-1024.pem"), "2048"),
        (
            r#"{"kty":"oct","k":"c2VjcmV0bw"}"#.to_owned(),
            "no admitido",
        ),
    ] {
        let server = Server::start(&[("jwt_public_key", &key)]);
        let reply = send(&server, Some(TOKEN), None);
        assert_eq!(reply.refusal(), (503, "misconfigured".to_owned()));
        let ready = server.send("GET", "/health/ready", &[], b"").json();
        let problem = ready["problems"]["jwt_public_key"].as_str();
        assert!(problem.is_some_and(|what| what.contains(advice)), "{ready}");
    }
}
