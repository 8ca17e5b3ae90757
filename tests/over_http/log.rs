//! What operators read: one audit line a request, and no secret anywhere.

use serde_json::{Value, json};
use support::server::{SIGNED, Server, TOKEN};

#[test]
fn every_request_leaves_its_audit_line() {
    let server = Server::start(&[]);
    let good = r#"{"deploymentId":"d","status":"COMPLETED"}"#;
    let id = |id| ("x-request-id", id);
    server.send(
        "POST",
        "/api/callback",
        &[SIGNED, id("one")],
        good.as_bytes(),
    );
    server.send(
        "POST",
        "/api/callback",
        &[("X-API-KEY", "otro"), id("two")],
        b"{}",
    );
    server.send("GET", "/nowhere", &[id("three")], b"");
    server.send("GET", "/health", &[id("four")], b"");

    let line = server.audit_line("one");
    assert_eq!(line["source"], "a360");
    assert_eq!(line["outcome"], "updated");
    assert_eq!(line["status"], 200);
    assert_eq!(line["deployment_id"], "d");
    assert_eq!(line["estado"], "COMPLETED");
    assert_eq!(line["credential"], "static_token");
    assert_eq!(line["client"], "127.0.0.1");
    assert!(line["ms"].as_f64().is_some_and(|ms| ms > 0.0));
    let time = line["time"].as_str().expect("text");
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");

    let line = server.audit_line("two");
    assert_eq!(line["outcome"], "invalid_credentials");
    assert_eq!(
        (&line["deployment_id"], &line["status"]),
        (&Value::Null, &json!(401))
    );
    assert_eq!(server.audit_line("three")["outcome"], "not_found");
    assert_eq!(server.audit_line("four")["outcome"], "healthy");
}

#[test]
fn an_invalid_body_with_a_good_credential_is_logged_up_to_2_kib_without_secrets() {
    let server = Server::start(&[]);
    let filler = "x".repeat(4000);
    let body =
        format!(r#"{{"status":7,"password":"hunter2","clave":{{"a":"hunter2"}},"f":"{filler}"}}"#);
    let headers = [SIGNED, ("x-request-id", "shown")];
    server.send("POST", "/api/callback", &headers, body.as_bytes());
    let line = server.audit_line("shown");
    let shown = line["body"].as_str().expect("the body");
    assert!(
        shown.starts_with(r#"{"status":7,"password":"***","clave":"***","f":"xxx"#),
        "{shown}"
    );
    assert!(shown.len() <= 2048);

    let headers = [("x-request-id", "hidden")];
    server.send("POST", "/api/callback", &headers, body.as_bytes());
    assert_eq!(server.audit_line("hidden").get("body"), None);
    let printed = server.printed();
    assert!(!printed.contains("hunter2") && !printed.contains(TOKEN));
}

#[test]
fn secrets_of_the_settings_reach_the_log_in_no_field() {
    let settings = [
        ("admin_token", "admin-token-of-the-tests"),
        ("webhook_secret", "whsec_c2VjcmV0IG9mIHRoZSBob29r"),
        ("data_api_headers", r#"{"apikey":"key-of-the-data-api"}"#),
        ("oauth_client_secret", "secret-of-the-client"),
        ("oauth_client_id", "id"),
        ("oauth_path", "/token"),
    ];
    let secrets = [
        TOKEN,
        "admin-token-of-the-tests",
        "c2VjcmV0IG9mIHRoZSBob29r",
        "key-of-the-data-api",
        "secret-of-the-client",
    ];
    let server = Server::start(&settings);
    let send = |id: &str, body: &str| {
        let headers = [SIGNED, ("x-request-id", id)];
        server.send("POST", "/api/callback", &headers, body.as_bytes());
        server.audit_line(id)
    };
    for (index, secret) in secrets.into_iter().enumerate() {
        let body = json!({ "deploymentId": secret, "status": "COMPLETED" });
        let line = send(&format!("as-an-id-{index}"), &body.to_string());
        assert_eq!(line["deployment_id"], "***", "{line}");

        let body = format!(r#"{{"x":["a {secret} b"],"deploymentId":"{secret}","y":1,"z":2}}"#);
        let line = send(&format!("in-a-body-{index}"), &body);
        assert_eq!(line["status"], 422);
        let shown = line["body"].as_str().expect("the body");
        assert!(
            shown.contains("***") && shown.ends_with(r#""z":2}"#),
            "{shown}"
        );

        let headers = [("x-request-id", secret)];
        server.send("GET", "/health", &headers, b"");
    }
    let line = send("cut-off", r#"{"deploymentId":"x","password":"hunter2""#);
    assert_eq!(line["body"], "[no se muestra: 40 bytes, JSON mal formado]");
    let printed = server.printed();
    assert!(secrets.iter().all(|secret| !printed.contains(secret)));
}

#[test]
fn request_ids_are_kept_where_they_are_sane_and_made_where_not() {
    let server = Server::start(&[]);
    let kept = server.send("GET", "/health", &[("x-request-id", "Root=1-abc")], b"");
    assert_eq!(kept.header("x-request-id"), Some("Root=1-abc"));
    let mut made = Vec::new();
    for insane in ["a b", "\"},{", &"x".repeat(129)] {
        let reply = server.send("GET", "/health", &[("x-request-id", insane)], b"");
        made.push(reply.header("x-request-id").expect("an id").to_owned());
        server.audit_line(&made[made.len() - 1]);
    }
    made.sort();
    made.dedup();
    assert!(
        made.len() == 3 && made.iter().all(|id| id.len() == 32),
        "{made:?}"
    );
}

#[test]
fn the_clients_address_cannot_be_made_up() {
    let forged = [
        ("spin-client-addr", "6.6.6.6:6"),
        ("x-forwarded-for", "6.6.6.6, 1.2.3.4"),
    ];
    for (proxies, client) in [("0", "127.0.0.1"), ("1", "1.2.3.4")] {
        let server = Server::start(&[("trusted_proxies", proxies)]);
        let headers = [&forged[..], &[("x-request-id", "forged")]].concat();
        server.send("GET", "/health", &headers, b"");
        assert_eq!(server.audit_line("forged")["client"], client);
    }
}
