//! A data API that fails, in each of the ways there are: the reply to the caller, the log line, and
//! how often the data API is asked.

use std::net::{Ipv4Addr, SocketAddrV4};

use rustix::net::{AddressFamily, SocketType};
use serde_json::{Value, json};
use support::server::{Reply, Server};
use support::upstream::{self, Act, Upstream};

const CALLBACK: &str = r#"{"deploymentId":"d-1","status":"COMPLETED"}"#;

/// Long for a server on the same machine, short for a test.
const TIMEOUT: &str = "1000";

fn start(origin: &str) -> Server {
    Server::start(&[
        ("data_api", "dab"),
        ("data_api_origin", origin),
        ("data_api_timeout_ms", TIMEOUT),
    ])
}

fn updated() -> Act {
    upstream::json(201, &json!({"value": [{"Resultado": "UPDATED"}]}))
}

fn page(status: u16) -> Act {
    let page = b"<html><h1>hush</h1></html>".to_vec();
    Act::Reply(status, "text/html", page)
}

/// A reply that promises more than comes.
fn partial() -> Vec<u8> {
    b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"val"
        .to_vec()
}

fn line(server: &Server, reply: &Reply) -> Value {
    server.audit_line(reply.header("x-request-id").expect("an id"))
}

/// The change is kept, and the log says why.
fn assert_queued(server: &Server, expected: &str) {
    let reply = server.callback(CALLBACK);
    let result = reply.json()["result"].clone();
    assert_eq!((reply.status, result), (202, json!("queued")), "{expected}");
    let line = line(server, &reply);
    let failure = line["failure"].as_str().expect("a failure");
    assert!(
        failure.starts_with(&format!("data API: {expected}")),
        "{line}"
    );
    assert!(!reply.text.contains("data API") && !server.printed().contains("hush"));
}

#[test]
fn a_retryable_failure_is_tried_once_more_and_logged_as_a_warning() {
    let broken = "connection broken";
    let broke_off = "status 201 Created, but the reply broke off: connection broken";
    let late = "no whole reply within ";
    for (first, cause) in [
        (Act::Reset(Vec::new()), broken),
        (Act::Bytes(Vec::new()), broken),
        (Act::Bytes(b"nonsense\r\n\r\n".to_vec()), broken),
        (Act::Reset(partial()), broke_off),
        (Act::Bytes(partial()), broke_off),
        (Act::Stall(Vec::new()), late),
        (Act::Stall(partial()), late),
        (
            Act::ReplyWith(429, "retry-after", "1"),
            "status 429 Too Many Requests, no body",
        ),
        (
            upstream::json(409, &json!({"error": {"code": "DatabaseOperationFailed"}})),
            "status 409 Conflict, code DatabaseOperationFailed",
        ),
        (page(502), "status 502 Bad Gateway, an HTML page"),
        (page(503), "status 503 Service Unavailable, an HTML page"),
        (page(504), "status 504 Gateway Timeout, an HTML page"),
    ] {
        let data_api = Upstream::playing(vec![first.clone(), updated(), first.clone()]);
        let server = start(&data_api.origin());
        let reply = server.callback(CALLBACK);
        assert_eq!(reply.json()["result"], "updated", "{first:?}");
        let line = line(&server, &reply);
        assert_eq!(line["level"], "warn", "{line}");
        let retried = line["retried"].as_str().expect("it was");
        assert!(retried.starts_with(cause), "{retried}: {first:?}");
        let asked = data_api.take_requests();
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[0], asked[1]);

        assert_queued(&server, cause);
        assert_eq!(data_api.take_requests().len(), 2, "{first:?}");
    }
}

#[test]
fn what_a_second_attempt_cannot_mend_is_not_tried_again() {
    let error = |code: &str| json!({"error": {"code": code, "message": "hush"}});
    let json_text = |text: &str| Act::Reply(200, "application/json", text.as_bytes().to_vec());
    let endless = vec![b'x'; 10 << 20];
    for (act, cause, may_pass) in [
        (
            upstream::json(400, &error("BadRequest")),
            "status 400 Bad Request, code BadRequest",
            false,
        ),
        (page(400), "status 400 Bad Request, an HTML page", true),
        (page(403), "status 403 Forbidden, an HTML page", true),
        (page(404), "status 404 Not Found, an HTML page", true),
        (page(410), "status 410 Gone, an HTML page", true),
        (
            page(413),
            "status 413 Payload Too Large, an HTML page",
            false,
        ),
        (
            page(421),
            "status 421 Misdirected Request, an HTML page",
            true,
        ),
        (page(423), "status 423 Locked, an HTML page", true),
        (
            upstream::json(402, &json!({"message": "hush"})),
            "status 402 Payment Required, no error code",
            true,
        ),
        (
            upstream::json(404, &error("EntityNotFound")),
            "status 404 Not Found, code EntityNotFound",
            true,
        ),
        (
            upstream::json(500, &error("DatabaseOperationFailed")),
            "status 500 Internal Server Error, code DatabaseOperationFailed",
            true,
        ),
        (
            Act::ReplyWith(302, "location", "http://127.0.0.1:1/"),
            "status 302 Found, no body",
            true,
        ),
        (
            Act::ReplyWith(429, "retry-after", "60"),
            "status 429 Too Many Requests, no body",
            true,
        ),
        (page(200), "status 200 OK, but it is an HTML page", true),
        (
            json_text("{\"value\":[{\"Res"),
            "status 200 OK, but its JSON is cut off",
            true,
        ),
        (json_text(""), "status 200 OK, but its body is empty", true),
        (
            json_text("{\"value\":[{\"Resultado\":\"hush\"}]}"),
            "status 200 OK, but its JSON is not what was promised",
            true,
        ),
        (
            Act::Reply(200, "application/json", endless),
            "status 200 OK, but the reply has more than 1 MiB",
            true,
        ),
    ] {
        let data_api = Upstream::playing(vec![act]);
        let server = start(&data_api.origin());
        assert_queued(&server, cause);
        let line = server.line_with("\"outcome\":\"queued\"");
        assert_eq!(line["may_pass"], may_pass, "{line}");
        assert_eq!(data_api.take_requests().len(), 1, "{cause}");
    }
}

#[test]
fn ready_knows_the_data_api_from_what_answers_in_its_place() {
    let welcome = Act::Reply(200, "text/html", b"<html>Welcome to nginx!</html>".to_vec());
    for answer in [
        welcome,
        page(404),
        upstream::json(200, &json!({"status": "ok"})),
        upstream::json(402, &json!({"message": "exceed_egress_quota"})),
        upstream::json(404, &json!({"code": "PGRST202", "message": "hush"})),
    ] {
        for data_api in ["dab", "postgrest"] {
            let upstream = Upstream::playing(vec![answer.clone()]);
            let origin = upstream.origin();
            let settings = [("data_api", data_api), ("data_api_origin", origin.as_str())];
            let server = Server::start(&settings);
            let reply = server.send("GET", "/health/ready", &[], b"");
            let found = (reply.status, reply.json()["checks"]["data_api"].clone());
            assert_eq!(found, (503, json!("failing")), "{data_api} {answer:?}");
            let asked = upstream.take_requests();
            assert!(asked.iter().all(|it| it.method == "GET"), "{asked:?}");
        }
    }
}

#[test]
fn a_stale_schema_cache_is_waited_for() {
    let stale = json!({"code": "PGRST202", "message": "hush", "details": null, "hint": null});
    let updated = upstream::json(200, &json!([{"Resultado": "UPDATED"}]));
    let upstream = Upstream::playing(vec![upstream::json(404, &stale), updated]);
    let origin = upstream.origin();
    let settings = [
        ("data_api", "postgrest"),
        ("data_api_origin", origin.as_str()),
        ("admin_token", "una-de-operaciones"),
    ];
    let server = Server::start(&settings);
    assert_queued(&server, "status 404 Not Found, code PGRST202");
    let admin = ("authorization", "Bearer una-de-operaciones");
    let drained = server.send("POST", "/admin/outbox/drain?all=true", &[admin], b"");
    let drained = drained.json();
    assert_eq!(
        (&drained["delivered"], &drained["dead"]),
        (&json!(1), &json!(0))
    );
}

#[test]
fn nobody_at_the_other_end() {
    // Taken, so that nobody else gets it, but not listened at.
    let taken = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None);
    let taken = taken.expect("a socket");
    let any = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);
    rustix::net::bind(&taken, &any).expect("a port");
    let address = rustix::net::getsockname(&taken).expect("an address");
    let address = SocketAddrV4::try_from(address).expect("IPv4");
    assert_queued(&start(&format!("http://{address}")), "connection refused");
    let nowhere = start("http://no-such-host.invalid");
    assert_queued(&nowhere, "host name not found");
}

#[test]
fn a_server_that_fails_for_one_callback_does_not_fail_for_the_next() {
    let data_api = Upstream::start(|asked| match asked.json()["DeploymentId"].as_str() {
        Some("stalls") => Act::Stall(Vec::new()),
        Some("breaks") => Act::Reset(partial()),
        _ => updated(),
    });
    let server = start(&data_api.origin());
    std::thread::scope(|scope| {
        for number in 0..60 {
            let server = &server;
            scope.spawn(move || {
                let id = ["stalls", "breaks", "well"][number % 3];
                let body = json!({"deploymentId": id, "status": "COMPLETED"}).to_string();
                let expected = if id == "well" { 200 } else { 202 };
                assert_eq!(server.callback(body).status, expected, "{id}");
            });
        }
    });
}
