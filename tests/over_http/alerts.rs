//! Word to a chat before anybody asks: as it begins and when it is over, once each, whatever the chat and
//! the host do meanwhile. Minutes pass by what is stored being made older.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use support::data_api::dab::DabServer;
use support::server::{Reply, Server};
use support::upstream::{self, Act, RecordedRequest, Upstream};
use ureq::http::HeaderMap;

const ADMIN: (&str, &str) = ("Authorization", "Bearer una-de-operaciones");

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// How long something that is done in the background may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn server(data_api: &str, chat: &Upstream) -> Server {
    Server::start(&[
        ("data_api", "dab"),
        ("data_api_origin", data_api),
        ("admin_token", "una-de-operaciones"),
        ("alert_origin", &chat.origin()),
        ("alert_path", "/hook?key=s3cr3t"),
        ("alert_secret", SECRET),
        ("alert_after_minutes", "1"),
    ])
}

fn callback(server: &Server, deployment_id: &str) -> Reply {
    let body = json!({"deploymentId": deployment_id, "status": "COMPLETED"});
    server.callback(body.to_string())
}

/// An operator has the outbox delivered, also what is not due.
fn drain(server: &Server) -> Value {
    let path = "/admin/outbox/drain?all=true";
    let reply = server.send("POST", path, &[ADMIN], b"");
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn message_type(request: &RecordedRequest) -> String {
    let message_type = request.json()["type"].as_str().map(str::to_owned);
    message_type.unwrap_or_else(|| "text alone".to_owned())
}

fn store(server: &Server) -> Connection {
    let file = server.state.path().join("sqlite_key_value.db");
    let store = Connection::open(file).expect("a file");
    store.busy_timeout(PATIENCE).expect("set");
    store
}

/// A minute passes for what is stored of alerts, and for what waits in the outbox.
fn a_minute_passes(server: &Server) {
    let mut store = store(server);
    let all = store.transaction().expect("begun");
    let rows: Vec<(String, Vec<u8>)> = {
        let sql = "SELECT key, value FROM spin_key_value
                   WHERE key = '0-alerts' OR key LIKE '0-outbox/a/%'";
        let mut found = all.prepare(sql).expect("SQL");
        let rows = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.expect("rows").map(|row| row.expect("a row")).collect()
    };
    for (key, value) in rows {
        let mut stored: Value = serde_json::from_slice(&value).expect("JSON");
        make_older(&mut stored);
        let older = match key.strip_prefix("0-outbox/a/") {
            None => key.clone(),
            Some(name) => {
                let parts: Vec<_> = name.splitn(3, '-').collect();
                let time = |hex| u64::from_str_radix(hex, 16).expect("a time") - 60_000;
                let (due, at) = (time(parts[0]), time(parts[1]));
                format!("0-outbox/a/{due:011x}-{at:011x}-{}", parts[2])
            }
        };
        let sql = "UPDATE spin_key_value SET key = ?1, value = ?2 WHERE key = ?3";
        let value = stored.to_string().into_bytes();
        all.execute(sql, params![older, value, key])
            .expect("updated");
    }
    // Since when the data API is away: `<state> <time> <failure>`.
    let sql = "SELECT value FROM spin_key_value WHERE key = '0-data-api'";
    let status: Option<Vec<u8>> = all.query_row(sql, [], |row| row.get(0)).ok();
    if let Some(status) = status {
        let status = String::from_utf8(status).expect("text");
        let mut words = status.splitn(3, ' ');
        let mut word = || words.next().expect("three words");
        let (state, since, failure) = (word(), word(), word());
        let since: u64 = since.parse().expect("a time");
        let older = format!("{state} {} {failure}", since - 60_000).into_bytes();
        let sql = "UPDATE spin_key_value SET value = ?1 WHERE key = '0-data-api'";
        all.execute(sql, params![older]).expect("updated");
    }
    all.commit().expect("committed");
}

/// Each time in it is a minute earlier.
fn make_older(stored: &mut Value) {
    match stored {
        Value::Array(all) => all.iter_mut().for_each(make_older),
        Value::Object(all) => all.values_mut().for_each(make_older),
        Value::Number(number) => {
            let time = number
                .as_u64()
                .filter(|time| (1 << 40..1 << 42).contains(time));
            if let Some(time) = time {
                *stored = json!(time - 60_000);
            }
        }
        _ => {}
    }
}

/// What the chat was sent until it had so many messages, while minutes pass and an operator drains.
fn told(server: &Server, chat: &Upstream, number: usize) -> Vec<RecordedRequest> {
    let (start, mut told) = (Instant::now(), Vec::new());
    while told.len() < number {
        assert!(start.elapsed() < PATIENCE, "{told:#?}");
        drain(server);
        thread::sleep(Duration::from_millis(400));
        told.extend(chat.take_requests());
        a_minute_passes(server);
    }
    told
}

/// Some minutes more, in which nothing is to be said.
fn assert_quiet(server: &Server, chat: &Upstream) {
    for _ in 0..5 {
        a_minute_passes(server);
        drain(server);
        thread::sleep(Duration::from_millis(300));
    }
    let more: Vec<_> = chat.take_requests().iter().map(message_type).collect();
    assert_eq!(more, [""; 0]);
}

fn chat_that_takes() -> Upstream {
    Upstream::start(|_| Act::Reply(200, "text/plain", b"ok".to_vec()))
}

/// A data API that can be switched off, in front of SAM's rules.
fn switched(dab: &DabServer) -> (Upstream, Arc<AtomicBool>) {
    let on = Arc::new(AtomicBool::new(false));
    let (is_on, behind) = (Arc::clone(&on), dab.upstream.address);
    let upstream = Upstream::start(move |asked| match is_on.load(Ordering::SeqCst) {
        true => upstream::forward(asked, behind),
        false => Act::Reply(503, "text/html", b"<html>".to_vec()),
    });
    (upstream, on)
}

/// A data API that is well and refuses each change for good.
fn refusing(dab: &DabServer) -> Upstream {
    let behind = dab.upstream.address;
    Upstream::start(move |asked| match asked.method.as_str() {
        "GET" => upstream::forward(asked, behind),
        _ => upstream::json(400, &json!({"error": {"code": "BadRequest"}})),
    })
}

/// As the published library of Standard Webhooks has it.
fn assert_signed(request: &RecordedRequest) {
    let mut headers = HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let value = request.header(name).expect("a header");
        headers.insert(name, value.parse().expect("a value"));
    }
    let webhook = Webhook::new(SECRET).expect("a key");
    webhook
        .verify(&request.body, &headers)
        .expect("its signature");
}

#[test]
fn an_outage_is_told_once_as_it_begins_and_once_when_it_is_over_also_by_a_host_that_was_killed() {
    let (dab, chat) = (DabServer::start_open(), chat_that_takes());
    let (data_api, on) = switched(&dab);
    let server = server(&data_api.origin(), &chat);
    dab.insert("d", "RUNNING");
    assert_eq!(callback(&server, "d").status, 202);
    let begun = told(&server, &chat, 2);
    let types: Vec<_> = begun.iter().map(message_type).collect();
    assert_eq!(
        types,
        [
            "sam_callback.data_api_away",
            "sam_callback.waiting_too_long"
        ]
    );
    for request in &begun {
        assert_eq!(
            (&*request.method, &*request.target),
            ("POST", "/hook?key=s3cr3t")
        );
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_signed(request);
    }
    let first = begun[0].json();
    let text = first["text"].as_str().expect("a text");
    assert!(text.starts_with("SAM no responde desde la"), "{text}");
    assert_eq!(first["data"]["waiting"], 1);
    let server = server.kill_and_restart();
    assert_quiet(&server, &chat);

    on.store(true, Ordering::SeqCst);
    let over = told(&server, &chat, 2);
    for request in &over {
        assert_eq!(message_type(request), "sam_callback.recovered");
        assert_signed(request);
    }
    let over = over.iter().map(|it| it.json()["data"]["over"].to_string());
    // Which is over first depends on when the data API was asked last.
    let over: BTreeSet<_> = over.collect();
    let both = [
        r#""sam_callback.data_api_away""#,
        r#""sam_callback.waiting_too_long""#,
    ];
    assert_eq!(over, both.map(str::to_owned).into());
    assert_quiet(&server, &chat);
    assert_eq!(dab.row("d")["Estado"], "COMPLETED");
    assert!(!server.printed().contains("s3cr3t"));
}

#[test]
fn a_change_whose_row_does_not_come_is_told() {
    let (dab, chat) = (DabServer::start_open(), chat_that_takes());
    let server = server(&dab.upstream.origin(), &chat);
    assert_eq!(callback(&server, "late").status, 202);
    let begun = told(&server, &chat, 1);
    assert_eq!(message_type(&begun[0]), "sam_callback.waiting_too_long");
    dab.insert("late", "RUNNING");
    let over = told(&server, &chat, 1);
    assert_eq!(
        over[0].json()["data"]["over"],
        "sam_callback.waiting_too_long"
    );
    assert_quiet(&server, &chat);
}

#[test]
fn a_dead_letter_is_told_after_the_reply_and_so_is_that_it_was_removed() {
    let (dab, chat) = (DabServer::start_open(), chat_that_takes());
    let data_api = refusing(&dab);
    let server = server(&data_api.origin(), &chat);
    dab.insert("d", "RUNNING");
    let reply = callback(&server, "d");
    assert_eq!(reply.status, 202);
    let line = server.audit_line(reply.header("x-request-id").expect("an id"));
    let begun = told(&server, &chat, 1);
    assert_eq!(message_type(&begun[0]), "sam_callback.dead_letter");
    let text = begun[0].json()["text"].as_str().expect("a text").to_owned();
    assert!(text.starts_with("1 entrega fallida: "), "{text}");
    let sent = server.line_with("alert_sent");
    assert_eq!(sent["alert"], "sam_callback.dead_letter");

    let path = format!("/admin/outbox/{}", line["entry"].as_str().expect("an id"));
    assert_eq!(server.send("DELETE", &path, &[ADMIN], b"").status, 200);
    let over = told(&server, &chat, 1);
    assert_eq!(over[0].json()["data"]["over"], "sam_callback.dead_letter");
    assert_quiet(&server, &chat);
}

#[test]
fn a_chat_that_stalls_delays_no_callback() {
    let dab = DabServer::start_open();
    let chat = Upstream::start(|_| Act::Stall(Vec::new()));
    let data_api = refusing(&dab);
    let server = server(&data_api.origin(), &chat);
    dab.insert("d", "RUNNING");
    assert_eq!(callback(&server, "d").status, 202);
    told(&server, &chat, 1);
    // While the chat has a request that it does not answer.
    for number in 0..10 {
        assert_eq!(callback(&server, &format!("d-{number}")).status, 202);
    }
    let line = server.line_with("alert_not_sent");
    assert_eq!(line["failure"], "no whole reply within 5000 ms");
}

#[test]
fn what_the_chat_did_not_take_is_sent_again_as_it_was() {
    let dab = DabServer::start_open();
    let reset = Act::Reset(Vec::new());
    let gone = Act::Reply(410, "text/plain", b"channel_is_archived".to_vec());
    let taken = Act::Reply(202, "text/plain", Vec::new());
    let chat = Upstream::playing(vec![reset, gone, taken]);
    let data_api = refusing(&dab);
    let server = server(&data_api.origin(), &chat);
    dab.insert("d", "RUNNING");
    assert_eq!(callback(&server, "d").status, 202);
    let sent = told(&server, &chat, 3);
    for request in &sent {
        assert_eq!(message_type(request), "sam_callback.dead_letter");
        assert_eq!(request.header("webhook-id"), sent[0].header("webhook-id"));
        assert_eq!(request.body, sent[0].body);
        assert_signed(request);
    }
    assert_quiet(&server, &chat);
    let refused = server.line_with("status 410 Gone");
    assert_eq!(refused["level"], "error");
    assert!(!server.printed().contains("s3cr3t"));
}

#[test]
fn a_chat_that_refuses_what_it_does_not_know_gets_the_text() {
    let dab = DabServer::start_open();
    let chat = Upstream::start(
        |asked| match asked.json().as_object().map(|all| all.len()) {
            Some(1) => upstream::json(200, &json!({"name": "spaces/A/messages/B"})),
            _ => upstream::json(
                400,
                &json!({"error": {"code": 400, "status": "INVALID_ARGUMENT"}}),
            ),
        },
    );
    let data_api = refusing(&dab);
    let server = server(&data_api.origin(), &chat);
    dab.insert("d", "RUNNING");
    assert_eq!(callback(&server, "d").status, 202);
    let sent = told(&server, &chat, 2);
    let text = sent[1].json();
    assert_eq!(text, json!({"text": sent[0].json()["text"]}));
    assert_signed(&sent[1]);
    assert_quiet(&server, &chat);
}

#[test]
fn many_instances_at_once_tell_it_once() {
    let dab = DabServer::start_open();
    let (is_up, chat) = (Arc::new(AtomicBool::new(false)), chat_that_takes());
    let data_api = refusing(&dab);
    let server = server(&data_api.origin(), &chat);
    for number in 0..8 {
        dab.insert(&format!("d-{number}"), "RUNNING");
    }
    thread::scope(|scope| {
        for number in 0..64 {
            let (server, is_up) = (&server, Arc::clone(&is_up));
            scope.spawn(move || {
                if number < 8 {
                    assert_eq!(callback(server, &format!("d-{number}")).status, 202);
                    is_up.store(true, Ordering::SeqCst);
                    return;
                }
                while !is_up.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(1));
                }
                drain(server);
            });
        }
    });
    let mut sent = told(&server, &chat, 1);
    thread::sleep(Duration::from_millis(500));
    sent.extend(chat.take_requests());
    assert!(sent.len() <= 2, "{sent:#?}");
    assert_quiet(&server, &chat);
}

#[test]
fn where_nobody_wants_alerts_nothing_is_kept_of_them() {
    let dab = DabServer::start_open();
    let server = Server::start(&[
        ("data_api", "dab"),
        ("data_api_origin", &refusing(&dab).origin()),
        ("admin_token", "una-de-operaciones"),
    ]);
    dab.insert("d", "RUNNING");
    assert_eq!(callback(&server, "d").status, 202);
    drain(&server);
    let sql = "SELECT count(*) FROM spin_key_value WHERE key = '0-alerts'";
    let kept: u64 = store(&server)
        .query_row(sql, [], |row| row.get(0))
        .expect("a number");
    assert_eq!(kept, 0);
}
