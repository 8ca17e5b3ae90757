//! Requests as nobody should send them: each gets its clear answer, no row is wrong, and the
//! next caller is served.

use std::io::Write as _;
use std::net::Shutdown;

use support::raw_http::{read_reply, write_request};
use support::server::{SIGNED, Server, TOKEN};

#[test]
fn each_refusal_has_the_status_of_the_contract() {
    let server = Server::start(&[]);
    let good = r#"{"deploymentId":"d","status":"COMPLETED"}"#;
    let two_mebibytes = "x".repeat(2 << 20);
    let plain = ("Content-Type", "text/plain");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let json = ("Content-Type", "application/json");
    for (method, path, content_type, body, status, code, allow) in [
        ("POST", "/", json, good, 404, "not_found", None),
        ("POST", "/api", json, good, 404, "not_found", None),
        (
            "GET",
            "/api/callback",
            json,
            "",
            405,
            "method_not_allowed",
            Some("POST"),
        ),
        (
            "PUT",
            "/api/callback",
            json,
            good,
            405,
            "method_not_allowed",
            Some("POST"),
        ),
        (
            "DELETE",
            "/api/callback/d",
            json,
            "",
            405,
            "method_not_allowed",
            Some("GET, HEAD"),
        ),
        (
            "POST",
            "/health",
            json,
            good,
            405,
            "method_not_allowed",
            Some("GET, HEAD"),
        ),
        (
            "POST",
            "/api/callback",
            json,
            &two_mebibytes,
            413,
            "too_large",
            None,
        ),
        (
            "POST",
            "/api/callback",
            plain,
            "deploymentId: d",
            415,
            "unsupported_media_type",
            None,
        ),
        (
            "POST",
            "/api/callback",
            form,
            "a=b",
            415,
            "unsupported_media_type",
            None,
        ),
        ("POST", "/api/callback", json, "", 400, "invalid_json", None),
        (
            "POST",
            "/api/callback",
            json,
            "{",
            400,
            "invalid_json",
            None,
        ),
        (
            "POST",
            "/api/callback",
            json,
            "{} x",
            400,
            "invalid_json",
            None,
        ),
        (
            "POST",
            "/api/callback",
            json,
            "[1,2]",
            422,
            "invalid_callback",
            None,
        ),
        (
            "POST",
            "/api/callback",
            json,
            "{}",
            422,
            "invalid_callback",
            None,
        ),
    ] {
        let reply = server.send(method, path, &[SIGNED, content_type], body.as_bytes());
        assert_eq!(
            reply.refusal(),
            (status, code.to_owned()),
            "{method} {path}"
        );
        assert_eq!(reply.header("allow"), allow, "{method} {path}");
        let json = reply.json();
        assert_eq!(json["status"], "ERROR");
        assert_eq!(json["requestId"].as_str(), reply.header("x-request-id"));
        assert!(
            json["message"]
                .as_str()
                .is_some_and(|text| text.ends_with('.'))
        );
    }
    assert_eq!(server.row("d"), None);
}

#[test]
fn each_wrong_field_is_named() {
    let server = Server::start(&[]);
    let sixty = "x".repeat(60);
    for (body, fields) in [
        (r#"{"deploymentId":"d"}"#.to_owned(), &["status"][..]),
        (r#"{"status":"S"}"#.to_owned(), &["deploymentId"]),
        (
            r#"{"deploymentId":null,"status":7}"#.to_owned(),
            &["deploymentId", "status"],
        ),
        (
            format!(r#"{{"deploymentId":"{sixty}","status":"S"}}"#),
            &["deploymentId"],
        ),
        (
            format!(r#"{{"deploymentId":"d","status":"{sixty}"}}"#),
            &["status"],
        ),
        (
            r#"{"deploymentId":"d\u0000","status":"S"}"#.to_owned(),
            &["deploymentId"],
        ),
        (
            r#"{"deploymentId":"\ud800","status":"S"}"#.to_owned(),
            &["deploymentId"],
        ),
        (
            r#"{"deploymentId":"d","deploymentId":"e","status":"S"}"#.to_owned(),
            &["deploymentId"],
        ),
    ] {
        let reply = server.callback(&body);
        assert_eq!(
            reply.refusal(),
            (422, "invalid_callback".to_owned()),
            "{body}"
        );
        let json = reply.json();
        let errors = json["errors"].as_object().expect("errors");
        assert_eq!(errors.keys().collect::<Vec<_>>(), fields, "{body}");
        assert!(
            errors
                .values()
                .all(|what| what.as_str().is_some_and(|w| !w.is_empty()))
        );
    }
    assert_eq!(server.row("d"), None);
}

#[test]
fn bodies_at_the_limits_are_kept_or_refused_never_cut() {
    let server = Server::start(&[]);
    let head = r#"{"deploymentId":"large","status":"COMPLETED","x":["#;
    let fill = "0,".repeat(((1 << 20) - head.len() - 3) / 2);
    let body = format!("{head}{fill}0]}}");
    assert!(body.len() <= 1 << 20 && body.len() + 2 > 1 << 20);
    assert_eq!(server.callback(&body).status, 200);
    assert_eq!(
        server.row("large").expect("the row")["CallbackInfo"],
        body.as_str()
    );

    let nested = format!("{}{}", "[".repeat(400_000), "]".repeat(400_000));
    let body = format!(r#"{{"deploymentId":"deep","status":"COMPLETED","x":{nested}}}"#);
    assert_eq!(server.callback(&body).status, 200);
    assert_eq!(
        server.row("deep").expect("the row")["CallbackInfo"],
        body.as_str()
    );

    for bytes in [
        &b"\xff\xfe{\0}\0"[..],
        b"{\"deploymentId\":\"\xff\",\"status\":\"S\"}",
        b"\0",
    ] {
        assert_eq!(
            server.callback(bytes).refusal(),
            (400, "invalid_json".to_owned())
        );
    }
}

#[test]
fn a_kept_alive_connection_outlives_every_refusal() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    let signed = format!("x-authorization: {TOKEN}\r\n");
    let good = br#"{"deploymentId":"alive","status":"COMPLETED"}"#;
    let large = vec![b'x'; 3 << 20];
    for (method, path, headers, body, status) in [
        ("POST", "/api/callback", "", &good[..], 401),
        ("POST", "/nowhere", "", &large, 404),
        ("PUT", "/api/callback", "", &large, 405),
        ("POST", "/api/callback", signed.as_str(), &large, 413),
        (
            "POST",
            "/api/callback",
            "content-encoding: gzip\r\n",
            &large[..9],
            415,
        ),
        ("POST", "/health", "", &large[..9], 405),
        ("GET", "/health", "", &large[..9], 200),
        ("GET", "/api/callback/alive", &signed, &large[..9], 404),
        ("POST", "/api/callback", &signed, b"{", 400),
        ("POST", "/api/callback", &signed, good, 200),
        ("GET", "/api/callback/alive", &signed, b"", 200),
    ] {
        write_request(&mut stream, method, path, headers, body);
        let (seen, reply) = read_reply(&mut stream);
        assert_eq!(seen, status, "{method} {path}: {reply}");
    }
}

#[test]
fn a_body_that_breaks_off_changes_nothing() {
    let server = Server::start(&[]);
    // All of the JSON, but less than was announced: nobody can say that this is all.
    let body = r#"{"deploymentId":"cut","status":"COMPLETED"}"#;
    for announced in [body.len() + 1, 1 << 30] {
        for end in [Shutdown::Write, Shutdown::Both] {
            let mut stream = server.connect();
            let head = format!(
                "POST /api/callback HTTP/1.1\r\nhost: x\r\nx-authorization: {TOKEN}\r\ncontent-length: {announced}\r\n\r\n{body}"
            );
            stream.write_all(head.as_bytes()).expect("written");
            stream.shutdown(end).expect("shut down");
        }
    }
    assert_eq!(
        server
            .callback(r#"{"deploymentId":"next","status":"COMPLETED"}"#)
            .status,
        200
    );
    assert_eq!(server.row("cut"), None);
}

#[test]
fn nonsense_on_the_wire_does_not_harm_the_next_caller() {
    let server = Server::start(&[]);
    for nonsense in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET\r\n\r\n",
        b"POST /api/callback HTTP/1.1\r\n\r\n",
        b"POST /api/callback HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /api/callback HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /api/callback HTTP/1.1\r\nhost: x\r\nx-authorization: \xff\xfe\r\ncontent-length: 2\r\n\r\n{}",
        b"POST /%00/../../etc HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n",
    ] {
        let mut stream = server.connect();
        stream.write_all(nonsense).expect("written");
        stream.shutdown(Shutdown::Write).expect("shut down");
        assert_eq!(server.send("GET", "/health", &[], b"").status, 200);
    }
}
