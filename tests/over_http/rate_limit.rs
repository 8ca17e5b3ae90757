//! The rate limit on failed attempts.

use support::server::{Reply, Server, TOKEN};

const BODY: &[u8] = br#"{"deploymentId":"d","status":"COMPLETED"}"#;

fn attempt(server: &Server, client: &str, token: &str) -> Reply {
    let headers = [("X-Forwarded-For", client), ("X-Authorization", token)];
    server.send("POST", "/api/callback", &headers, BODY)
}

fn behind_a_proxy(limit: &str) -> Server {
    Server::start(&[
        ("trusted_proxies", "1"),
        ("failed_attempts_per_minute", limit),
    ])
}

#[test]
fn after_so_many_refusals_a_client_is_sent_away_alone() {
    let server = behind_a_proxy("3");
    for _ in 0..3 {
        assert_eq!(attempt(&server, "1.2.3.4", "guess").status, 401);
    }
    let reply = attempt(&server, "6.6.6.6, 1.2.3.4", "guess");
    assert_eq!(reply.refusal(), (429, "too_many_attempts".to_owned()));
    let wait = reply.header("retry-after").expect("when");
    assert!((1..=60).contains(&wait.parse().expect("seconds")), "{wait}");
    assert_eq!(reply.header("www-authenticate"), None);

    assert_eq!(attempt(&server, "1.2.3.5", "guess").status, 401);
    assert_eq!(attempt(&server, "1.2.3.4", TOKEN).status, 200);
    assert_eq!(attempt(&server, "1.2.3.4", "guess").status, 429);
}

#[test]
fn a_server_that_is_killed_still_knows() {
    let mut server = behind_a_proxy("3");
    for _ in 0..3 {
        assert_eq!(attempt(&server, "2001:db8::1", "guess").status, 401);
    }
    server = server.kill_and_restart();
    assert_eq!(attempt(&server, "2001:db8::2", "guess").status, 429);
    assert_eq!(attempt(&server, "2001:db8:0:1::1", "guess").status, 401);
    assert_eq!(attempt(&server, "2001:db8::1", TOKEN).status, 200);
}

#[test]
fn zero_is_off() {
    let server = behind_a_proxy("0");
    for _ in 0..40 {
        assert_eq!(attempt(&server, "1.2.3.4", "guess").status, 401);
    }
}

#[test]
fn a_header_that_the_host_sets_tells_callers_apart_and_cannot_be_doubled() {
    let server = Server::start(&[
        ("client_address_header", "True-Client-IP"),
        ("failed_attempts_per_minute", "2"),
    ]);
    let attempt = |addresses: &[&str], token| {
        let own = addresses.iter().map(|address| ("True-Client-IP", *address));
        let mut headers = vec![("X-Authorization", token), ("X-Forwarded-For", "6.6.6.6")];
        headers.extend(own);
        server.send("POST", "/api/callback", &headers, BODY)
    };
    assert_eq!(attempt(&["1.2.3.4"], "guess").status, 401);
    assert_eq!(attempt(&["1.2.3.4"], "guess").status, 401);
    assert_eq!(attempt(&["1.2.3.4"], "guess").status, 429);
    assert_eq!(attempt(&["1.2.3.5"], "guess").status, 401);
    assert_eq!(attempt(&["1.2.3.4"], TOKEN).status, 200);
    // Beside the host's own, a caller's makes it nobody in particular: not somebody else.
    for (addresses, id) in [
        (&["6.6.6.6", "1.2.3.4"][..], "two"),
        (&[], "none"),
        (&["6.6.6.6, 1.2.3.4"], "list"),
    ] {
        let mut headers = vec![("x-request-id", id)];
        headers.extend(addresses.iter().map(|address| ("True-Client-IP", *address)));
        server.send("GET", "/health", &headers, b"");
        assert_eq!(server.audit_line(id)["client"], serde_json::Value::Null);
    }
    let headers = [("x-request-id", "one"), ("True-Client-IP", "1.2.3.4")];
    server.send("GET", "/health", &headers, b"");
    assert_eq!(server.audit_line("one")["client"], "1.2.3.4");
}
