//! BlizWork's calls: checked with its API, acknowledged at once, delivered afterwards.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use support::blizwork::{API_TOKEN, BlizWorkServer};
use support::server::{Reply, Server};
use support::upstream::{self, Act, Upstream};

const PATIENCE: Duration = Duration::from_secs(60);

const HOOK: &str = "/blizwork";

/// A call like BlizWork's, of so many bytes at least.
fn body(token: &str, length: usize) -> String {
    let text = "ñ".repeat(length / 2);
    json!({
        "environment": "production", "processId": "ventas", "processVersion": 3,
        "caseNumber": 39, "token": token, "fields": {"nota": text, "total": 1.50}
    })
    .to_string()
}

fn hash(token: &str) -> String {
    let hash = Sha256::digest(token);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn call(server: &Server, body: impl AsRef<[u8]>) -> Reply {
    let headers = [("Content-Type", "application/json"), ("X-Request-Id", "r")];
    server.send("POST", HOOK, &headers, body.as_ref())
}

/// A data API that makes every row it is asked for.
fn data_api() -> Upstream {
    Upstream::start(
        |asked| match asked.target.starts_with("/eventos_blizwork?") {
            true => upstream::json(201, &json!([{"token_hash": asked.json()["token_hash"]}])),
            false => Act::Reply(404, "text/plain", Vec::new()),
        },
    )
}

fn start(blizwork: &BlizWorkServer, data_api: &Upstream, more: &[(&str, &str)]) -> Server {
    let own = [
        ("data_api", "postgrest".to_owned()),
        ("data_api_origin", data_api.origin()),
        ("data_api_path", String::new()),
    ];
    let own = own.into_iter().chain(blizwork.settings());
    let own: Vec<_> = own.collect();
    let own = own.iter().map(|(name, value)| (*name, value.as_str()));
    let settings: Vec<_> = own.chain(more.iter().copied()).collect();
    Server::start(&settings)
}

/// The rows that arrive, as soon as there are so many.
fn rows(data_api: &Upstream, number: usize) -> Vec<Value> {
    let start = Instant::now();
    let mut rows = Vec::new();
    while rows.len() < number {
        assert!(start.elapsed() < PATIENCE, "{rows:?}");
        let asked = data_api.take_requests();
        rows.extend(asked.iter().map(upstream::RecordedRequest::json));
        thread::sleep(Duration::from_millis(20));
    }
    rows
}

/// What a caller sees but for the date.
fn seen(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let headers = reply.headers.iter().filter(|(name, _)| *name != "date");
    let headers = headers.map(|(name, value)| {
        let value = value.to_str().expect("text").to_owned();
        (name.to_string(), value)
    });
    let mut headers: Vec<_> = headers.collect();
    headers.sort();
    (reply.status, headers, reply.text.clone())
}

#[test]
fn a_valid_call_is_acknowledged_and_its_row_made() {
    let (blizwork, data_api) = (BlizWorkServer::start(), data_api());
    let server = start(&blizwork, &data_api, &[]);
    for (token, length) in [
        ("call-1", 0),
        ("call-2:/+=%25\"", 100_000),
        ("3", 1_000_000),
    ] {
        blizwork.makes(token);
        let body = body(token, length);
        let reply = call(&server, &body);
        assert_eq!(reply.status, 202, "{token}");
        assert_eq!(reply.json()["result"], "accepted");
        assert_eq!(blizwork.upstream.take_requests().len(), 1);
        let row = &rows(&data_api, 1)[0];
        assert_eq!(row["token_hash"], hash(token));
        assert_eq!(row["payload"], body);
        assert_eq!(row["environment"], "production");
        assert_eq!(row["process_id"], "ventas");
        assert_eq!(row["process_version"], "3");
        assert_eq!(row["case_number"], "39");
        assert!(row["received_at"].is_string());
        assert_eq!(row.as_object().map(serde_json::Map::len), Some(7));
    }
    let printed = server.printed();
    assert!(
        !printed.contains("call-1") && !printed.contains("una/clave"),
        "{printed}"
    );
    assert!(!printed.contains(API_TOKEN) && !printed.contains("una%2Fclave"));
}

#[test]
fn either_field_may_have_the_token_and_its_case_makes_no_other_one() {
    let (blizwork, data_api) = (BlizWorkServer::start(), data_api());
    let server = start(&blizwork, &data_api, &[]);
    let (upper, lower) = ("642C8F141BE17C78C05BCB4C", "642c8f141be17c78c05bcb4c");
    blizwork.makes(upper);
    blizwork.makes(lower);
    let with = |field: &str, token: &str| json!({field: token, "caseNumber": 1}).to_string();
    assert_eq!(call(&server, with("handshakeToken", upper)).status, 202);
    assert_eq!(rows(&data_api, 1)[0]["token_hash"], hash(lower));
    assert_eq!(call(&server, with("token", lower)).status, 404);
    assert_eq!(call(&server, with("handshakeToken", lower)).status, 404);
    blizwork.makes("other");
    assert_eq!(call(&server, with("token", "other")).status, 202);
    rows(&data_api, 1);
}

#[test]
fn an_invalid_call_gets_what_an_unknown_path_gets() {
    let (blizwork, data_api) = (BlizWorkServer::start(), data_api());
    let server = start(&blizwork, &data_api, &[]);
    blizwork.made("expired", Duration::from_secs(61));
    blizwork.makes("used");
    blizwork.makes("other-content-type");
    assert_eq!(call(&server, body("used", 0)).status, 202);
    rows(&data_api, 1);
    blizwork.upstream.take_requests();
    let huge = vec![b' '; (1 << 20) + 1];
    let plain = ("Content-Type", "text/plain");
    let json = ("Content-Type", "application/json");
    let id = ("X-Request-Id", "r");
    for (method, content_type, sent, asks) in [
        ("POST", json, body("refused", 100_000).into_bytes(), 1),
        ("POST", json, body("expired", 0).into_bytes(), 1),
        ("POST", json, body("used", 0).into_bytes(), 1),
        ("POST", json, b"{}".to_vec(), 1),
        ("POST", json, b"".to_vec(), 1),
        ("POST", json, b"\xff\xfe".to_vec(), 1),
        ("POST", json, br#"{"token":"#.to_vec(), 1),
        ("POST", json, br#"{"token":["refused"]}"#.to_vec(), 1),
        ("POST", json, huge, 0),
        // Longer than any is read that nobody wants, but for the limit of those that somebody does.
        ("POST", json, vec![b' '; (8 << 20) + 1000], 0),
        ("POST", plain, body("refused", 0).into_bytes(), 1),
        ("GET", json, b"".to_vec(), 0),
        ("PUT", json, b"{}".to_vec(), 0),
        ("DELETE", json, b"".to_vec(), 0),
    ] {
        let answer = server.send(method, HOOK, &[content_type, id], &sent);
        let elsewhere = server.send(method, "/blizwor", &[content_type, id], &sent);
        let shown = String::from_utf8_lossy(&sent[..sent.len().min(40)]).into_owned();
        assert_eq!(seen(&answer), seen(&elsewhere), "{method} {shown}");
        assert_eq!(answer.refusal(), (404, "not_found".to_owned()));
        let asked = blizwork.upstream.take_requests().len();
        assert_eq!(asked, asks, "{method} {shown}");
    }
    thread::sleep(Duration::from_millis(200));
    assert_eq!(data_api.take_requests().len(), 0);
    let plain = [plain];
    let other = body("other-content-type", 0);
    let answer = server.send("POST", HOOK, &plain, other.as_bytes());
    assert_eq!(answer.refusal(), (415, "unsupported_media_type".to_owned()));
    let line = server.line_with("\"outcome\":\"replayed\"");
    assert_eq!(line["status"], 404);
}

#[test]
fn a_token_that_was_used_is_refused_however_many_call_at_once() {
    let (blizwork, data_api) = (BlizWorkServer::start(), data_api());
    let server = start(&blizwork, &data_api, &[]);
    for round in 0..5 {
        let token = format!("call-{round}");
        blizwork.makes(&token);
        let barrier = Arc::new(Barrier::new(16));
        let statuses: Vec<_> = thread::scope(|scope| {
            let callers: Vec<_> = (0..16)
                .map(|caller| {
                    let (barrier, server, token) = (Arc::clone(&barrier), &server, &token);
                    scope.spawn(move || {
                        let body = body(token, 100 * caller);
                        barrier.wait();
                        call(server, body).status
                    })
                })
                .collect();
            callers
                .into_iter()
                .map(|it| it.join().expect("a reply"))
                .collect()
        });
        // Exactly one of those that one instance serves; the store may tell another too late.
        let taken = statuses.iter().filter(|status| **status == 202).count();
        assert!((1..=4).contains(&taken), "{statuses:?}");
        let refused = statuses.iter().filter(|status| **status == 404).count();
        assert_eq!(refused, 16 - taken, "{statuses:?}");
        assert_eq!(call(&server, body(&token, 0)).status, 404);
    }
    rows(&data_api, 5);
}

#[test]
fn where_the_token_cannot_be_checked_nothing_is_accepted() {
    let data_api = data_api();
    let verdict = |body: &str| Act::Reply(200, "application/json", body.as_bytes().to_vec());
    let acts = vec![
        Act::Bytes(Vec::new()),
        Act::Reset(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Act::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"resultCode\":0".to_vec()),
        Act::Reply(500, "application/json", br#"{"resultCode":0}"#.to_vec()),
        Act::Reply(404, "application/json", br#"{"resultCode":1}"#.to_vec()),
        verdict(r#"{"resultCode":2}"#),
        verdict(r#"{"resultCode":"0"}"#),
        verdict("[0]"),
        verdict("<html>"),
        Act::Stall(Vec::new()),
    ];
    let number = acts.len();
    let api = Upstream::playing(acts);
    let origin = api.origin();
    let settings = [
        ("data_api", "postgrest".to_owned()),
        ("data_api_origin", data_api.origin()),
        ("blizwork_api_origin", origin),
        ("blizwork_api_token", API_TOKEN.to_owned()),
        (
            "blizwork_endpoint_url",
            "https://sam.example/blizwork".to_owned(),
        ),
        ("admin_token", "una-de-operaciones".to_owned()),
    ];
    let settings: Vec<_> = settings.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let server = Server::start(&settings);
    for act in 0..number {
        let reply = call(&server, body("call", 0));
        assert_eq!(reply.refusal(), (503, "unavailable".to_owned()), "{act}");
        assert!(reply.header("retry-after").is_some());
    }
    assert_eq!(api.take_requests().len(), number);
    let admin = ("Authorization", "Bearer una-de-operaciones");
    let stats = server
        .send("GET", "/admin/outbox/stats", &[admin], b"")
        .json();
    assert_eq!((&stats["waiting"], &stats["dead"]), (&json!(0), &json!(0)));
    assert_eq!(data_api.take_requests().len(), 0);

    let server = Server::start(&[
        // Where nobody listens.
        ("blizwork_api_origin", "http://127.0.0.1:9"),
        ("blizwork_api_token", API_TOKEN),
        ("blizwork_endpoint_url", "https://sam.example/blizwork"),
    ]);
    for body in [body("call", 0), "{}".to_owned()] {
        assert_eq!(
            call(&server, body).refusal(),
            (503, "unavailable".to_owned())
        );
    }
}

#[test]
fn what_was_acknowledged_outlives_a_host_that_is_killed() {
    let blizwork = BlizWorkServer::start();
    // It takes the connection and does not answer: the call is in the outbox alone.
    let away = Upstream::start(|_| Act::Stall(Vec::new()));
    let server = start(&blizwork, &away, &[("data_api_timeout_ms", "10000")]);
    let settings: Vec<_> = (0..20).map(|n| format!("call-{n}")).collect();
    for token in &settings {
        blizwork.makes(token);
        assert_eq!(call(&server, body(token, 1000)).status, 202);
    }
    let back = data_api();
    let server = server.kill_and_restart_with("data_api_origin", &back.origin());
    let start = Instant::now();
    let mut arrived: Vec<Value> = Vec::new();
    while arrived.len() < settings.len() {
        assert!(start.elapsed() < PATIENCE, "{arrived:?}");
        // Any request carries the outbox forward.
        server.send("GET", "/health", &[], b"");
        thread::sleep(Duration::from_millis(200));
        let asked = back.take_requests();
        arrived.extend(asked.iter().map(|asked| asked.json()["token_hash"].clone()));
        arrived.sort_by_key(Value::to_string);
        arrived.dedup();
    }
    let mut expected: Vec<_> = settings.iter().map(|token| json!(hash(token))).collect();
    expected.sort_by_key(Value::to_string);
    assert_eq!(arrived, expected);
    // And none of the tokens is good again.
    assert_eq!(call(&server, body("call-0", 0)).status, 404);
}

#[test]
fn without_its_settings_there_is_no_such_path() {
    let server = Server::start(&[("blizwork_api_origin", "https://api.example")]);
    let reply = call(&server, body("call", 0));
    assert_eq!(reply.refusal(), (404, "not_found".to_owned()));
    let server = Server::start(&[("blizwork_api_token", API_TOKEN)]);
    let reply = call(&server, body("call", 0));
    assert_eq!(reply.refusal(), (503, "misconfigured".to_owned()));
    let ready = server.send("GET", "/health/ready", &[], b"").json();
    assert!(
        ready["problems"]["blizwork_endpoint_url"].is_string(),
        "{ready}"
    );
}

#[test]
fn a_call_that_breaks_off_is_not_taken() {
    let (blizwork, data_api) = (BlizWorkServer::start(), data_api());
    let server = start(&blizwork, &data_api, &[]);
    blizwork.makes("call");
    let body = body("call", 1000);
    let mut stream = server.connect();
    let head = format!(
        "POST /blizwork HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let part = [head.as_bytes(), &body.as_bytes()[..body.len() - 1]].concat();
    stream.write_all(&part).expect("it reads");
    stream.shutdown(std::net::Shutdown::Write).expect("open");
    // Whatever it answers, if anything.
    let _ = stream.read_to_end(&mut Vec::new());
    assert_eq!(blizwork.upstream.take_requests().len(), 0);
    assert_eq!(call(&server, &body).status, 202);
    rows(&data_api, 1);
}
