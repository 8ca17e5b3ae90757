//! What probes ask.

use serde_json::json;
use support::raw_http::{read_head, read_reply, write_request};
use support::server::Server;

#[test]
fn health_answers_as_the_service_before_this_one() {
    let server = Server::start(&[]);
    let reply = server.send("GET", "/health", &[], b"");
    assert_eq!(reply.status, 200);
    let body = json!({"status": "ok", "message": "Servicio de Callback activo y saludable."});
    assert_eq!(reply.json(), body);
}

#[test]
fn ready_is_one_word_a_check() {
    let server = Server::start(&[]);
    let reply = server.send("GET", "/health/ready", &[], b"");
    assert_eq!(reply.status, 200);
    let checks = json!({"settings": "ok", "data_api": "embedded"});
    let version = env!("CARGO_PKG_VERSION");
    let ready = json!({"status": "ready", "version": version, "checks": checks});
    assert_eq!(reply.json(), ready);
}

#[test]
fn the_log_says_that_sam_is_not_touched_unless_that_was_meant() {
    for (environment, warns) in [("production", true), ("development", false)] {
        let server = Server::start(&[("environment", environment)]);
        let headers = [("x-request-id", "last")];
        assert_eq!(server.send("GET", "/health", &headers, b"").status, 200);
        server.audit_line("last");
        let said = server
            .printed()
            .contains(r#""outcome":"embedded","warning":"data_api=embedded"#);
        assert_eq!(said, warns, "{environment}");
    }
}

#[test]
fn head_is_answered_on_a_kept_connection_without_a_body() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    for path in [
        "/health",
        "/health/ready",
        "/webhook/health",
        "/openapi.json",
        "/docs",
        "/docs/docs.css",
        "/nowhere",
        "/api/callback",
    ] {
        let got = server.send_for("GET", path, &[], b"");
        for _ in 0..2 {
            write_request(&mut stream, "HEAD", path, "", b"");
            let head = read_head(&mut stream);
            assert!(
                head.starts_with(&format!("http/1.1 {} ", got.status)),
                "{path}: {head}"
            );
            let length = got.header("content-length").expect("a length");
            assert!(
                head.contains(&format!("content-length: {length}\r\n")),
                "{path}: {head}"
            );
            let allow = got
                .header("allow")
                .map(|allow| format!("allow: {}", allow.to_lowercase()));
            assert!(
                allow.is_none_or(|allow| head.contains(&allow)),
                "{path}: {head}"
            );
        }
        // A body would be in the way of the next reply.
        write_request(&mut stream, "GET", "/health", "", b"");
        assert_eq!(read_reply(&mut stream).0, 200, "after {path}");
    }
}
