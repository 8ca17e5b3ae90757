//! Both ends of a mailbox: an edge instance that keeps, and an inner one that collects and delivers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::data_api::dab::DabServer;
use support::redis::Redis;
use support::server::{Reply, Server};
use support::upstream::{self, Act, Upstream};

const COLLECTOR: &str = "un-token-de-buzon";
const BEARER: (&str, &str) = ("Authorization", "Bearer un-token-de-buzon");
const ADMIN: (&str, &str) = ("Authorization", "Bearer una-de-operaciones");

/// How long something that is done in the background may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn edge() -> Server {
    Server::start(&[("data_api", "mailbox"), ("mailbox_token", COLLECTOR)])
}

fn origin(server: &Server) -> String {
    format!("http://{}", server.address)
}

fn inner(mailbox: &str, more: &[(&str, &str)]) -> Server {
    let own = [
        ("collect_origin", mailbox),
        ("collect_token", COLLECTOR),
        ("admin_token", "una-de-operaciones"),
    ];
    Server::start(&[&own, more].concat())
}

fn with_dab(mailbox: &Server, data_api: &str) -> Server {
    let settings = [("data_api", "dab"), ("data_api_origin", data_api)];
    inner(&origin(mailbox), &settings)
}

fn callback(server: &Server, deployment_id: &str, status: &str) {
    let body = json!({"deploymentId": deployment_id, "status": status});
    let reply = server.callback(body.to_string());
    assert_eq!(
        (reply.status, &reply.json()["result"]),
        (202, &json!("queued"))
    );
}

fn look(edge: &Server, query: &str) -> Vec<Value> {
    let reply = edge.send("GET", &format!("/mailbox?{query}"), &[BEARER], b"");
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["entries"].as_array().expect("a list").clone()
}

fn acknowledge(edge: &Server, entries: &[Value]) -> Value {
    let ids: Vec<_> = entries.iter().map(|entry| &entry["id"]).collect();
    let body = json!({ "ids": ids }).to_string();
    let reply = edge.send("POST", "/mailbox/ack", &[BEARER], body.as_bytes());
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn collect(inner: &Server, seconds: u64) -> Reply {
    let path = format!("/admin/collect?seconds={seconds}");
    inner.send("POST", &path, &[ADMIN], b"")
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_callback_at_the_edge_reaches_the_database_inside() {
    let (edge, dab) = (edge(), DabServer::start_open());
    let inner = with_dab(&edge, &dab.upstream.origin());
    dab.insert("d-1", "RUNNING");
    callback(&edge, "d-1", "RUN_COMPLETED");
    assert_eq!(dab.row("d-1")["Estado"], "RUNNING");

    let reply = collect(&inner, 1);
    assert_eq!(reply.status, 200, "{reply:?}");
    let counts = json!({
        "status": "OK", "result": "collected",
        "collected": 1, "delivered": 1, "kept": 0, "failed": 0
    });
    assert_eq!(reply.json(), counts);
    assert_eq!(dab.row("d-1")["Estado"], "RUN_COMPLETED");
    assert_eq!(look(&edge, "wait=0"), [Value::Null; 0]);
    let line = inner.line_with("\"outcome\":\"updated\"");
    assert_eq!(line["deployment_id"], "d-1");
}

#[test]
fn a_collector_that_waits_gets_what_comes() {
    let edge = edge();
    assert_eq!(look(&edge, "wait=0"), [Value::Null; 0]);
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| look(&edge, "wait=25")))
            .collect();
        thread::sleep(Duration::from_millis(500));
        callback(&edge, "d-1", "RUN_COMPLETED");
        for waiting in waiting {
            let entries = waiting.join().expect("no panic");
            assert_eq!(entries.len(), 1);
            assert_eq!(entries[0]["change"]["key"], "d-1");
        }
    });
}

#[test]
fn a_row_has_its_change_while_the_collector_is_at_it() {
    let (edge, dab) = (edge(), DabServer::start_open());
    let inner = with_dab(&edge, &dab.upstream.origin());
    dab.insert("d-1", "RUNNING");
    thread::scope(|scope| {
        let collecting = scope.spawn(|| collect(&inner, 5));
        thread::sleep(Duration::from_secs(1));
        callback(&edge, "d-1", "RUN_COMPLETED");
        wait_until("the row has its callback", || {
            dab.row("d-1")["Estado"] == "RUN_COMPLETED"
        });
        assert_eq!(collecting.join().expect("no panic").json()["delivered"], 1);
    });
}

#[test]
fn what_is_not_acknowledged_outlives_a_power_cut_and_what_is_does_not_come_back() {
    let edge = edge();
    for number in 0..5 {
        callback(&edge, &format!("d-{number}"), "RUN_COMPLETED");
    }
    let entries = look(&edge, "wait=0");
    assert_eq!(entries.len(), 5);
    let edge = edge.kill_and_restart();
    assert_eq!(look(&edge, "wait=25&limit=500"), entries);
    assert_eq!(acknowledge(&edge, &entries[..2]), json!({"removed": 2}));
    let edge = edge.kill_and_restart();
    assert_eq!(acknowledge(&edge, &entries[..2]), json!({"removed": 0}));
    assert_eq!(look(&edge, "wait=0"), entries[2..]);
}

#[test]
fn two_collectors_at_once_lose_nothing_and_overwrite_nothing() {
    let (edge, dab) = (edge(), DabServer::start_open());
    let inner = [(); 2].map(|()| with_dab(&edge, &dab.upstream.origin()));
    for number in 0..60 {
        let id = format!("d-{number}");
        dab.insert(&id, "RUNNING");
        callback(&edge, &id, "RUN_FAILED");
        callback(&edge, &id, "RUN_COMPLETED");
    }
    thread::scope(|scope| {
        for inner in &inner {
            scope.spawn(|| assert_eq!(collect(inner, 4).status, 200));
        }
    });
    for number in 0..60 {
        // The first that ended it counts, as ever.
        assert_eq!(dab.row(&format!("d-{number}"))["Estado"], "RUN_FAILED");
    }
    assert_eq!(look(&edge, "wait=0"), [Value::Null; 0]);
}

#[test]
fn a_row_that_comes_late_and_a_data_api_that_is_away_cost_nothing() {
    let (edge, dab) = (edge(), DabServer::start_open());
    let on = Arc::new(AtomicBool::new(false));
    let (is_on, behind) = (Arc::clone(&on), dab.upstream.address);
    let upstream = Upstream::start(move |asked| match is_on.load(Ordering::SeqCst) {
        true => upstream::forward(asked, behind),
        false => Act::Reply(503, "text/html", b"<html>".to_vec()),
    });
    let inner = with_dab(&edge, &upstream.origin());
    dab.insert("d-1", "RUNNING");
    callback(&edge, "d-1", "RUN_COMPLETED");
    let reply = collect(&inner, 1);
    assert_eq!((reply.status, &reply.json()["kept"]), (200, &json!(1)));
    assert_eq!(look(&edge, "wait=0"), [Value::Null; 0]);

    on.store(true, Ordering::SeqCst);
    callback(&edge, "late", "RUN_COMPLETED");
    let reply = collect(&inner, 1);
    assert_eq!((reply.status, &reply.json()["kept"]), (200, &json!(1)));
    dab.insert("late", "DEPLOYED");
    // Whoever collects has what is due in its own outbox delivered beside it.
    wait_until("both rows have their callbacks", || {
        assert_eq!(collect(&inner, 2).status, 200);
        ["d-1", "late"]
            .iter()
            .all(|id| dab.row(id)["Estado"] == "RUN_COMPLETED")
    });
}

#[test]
fn large_changes_cross_one_by_one() {
    let edge = edge();
    let inner = inner(&origin(&edge), &[]);
    let body = |number: u8| {
        let output = "\"".repeat(400_000);
        let id = format!("d-{number}");
        json!({"deploymentId": id, "status": "RUN_COMPLETED", "botOutput": output}).to_string()
    };
    for number in 0..3 {
        assert_eq!(edge.callback(body(number)).status, 202);
    }
    assert_eq!(look(&edge, "wait=0").len(), 1);
    let reply = collect(&inner, 3);
    assert_eq!((reply.status, &reply.json()["delivered"]), (200, &json!(3)));
    let row = inner.row("d-2").expect("a row");
    assert!(row["CallbackInfo"] == body(2));
}

#[test]
fn what_is_wrong_with_the_mailbox_is_told_apart_in_reply_log_and_readiness() {
    let right = edge();
    let no_mailbox = Server::start(&[]);
    let without_token = Server::start(&[("data_api", "mailbox")]);
    let other = Upstream::start(|_| Act::Reply(404, "application/json", b"{}".to_vec()));
    let other_version =
        Upstream::start(|_| upstream::json(200, &json!({"version": 2, "entries": []})));
    let nobody = support::ports::free_address();
    let secure = origin(&right).replace("http:", "https:");
    for (mailbox, token, code, word) in [
        (
            origin(&right),
            "otro-token-de-buzon",
            "mailbox_unauthorized",
            "unauthorized",
        ),
        (
            origin(&no_mailbox),
            COLLECTOR,
            "not_a_mailbox",
            "not_a_mailbox",
        ),
        (other.origin(), COLLECTOR, "not_a_mailbox", "not_a_mailbox"),
        (
            origin(&without_token),
            COLLECTOR,
            "mailbox_misconfigured",
            "misconfigured",
        ),
        (
            other_version.origin(),
            COLLECTOR,
            "mailbox_version",
            "version",
        ),
        (
            format!("http://{nobody}"),
            COLLECTOR,
            "mailbox_unreachable",
            "unreachable",
        ),
        (secure, COLLECTOR, "mailbox_tls", "tls"),
    ] {
        let settings = [
            ("collect_origin", mailbox.as_str()),
            ("collect_token", token),
            ("admin_token", "una-de-operaciones"),
        ];
        let inner = Server::start(&settings);
        let reply = collect(&inner, 1);
        assert_eq!(reply.refusal(), (503, code.to_owned()), "{mailbox}");
        assert!(!reply.text.contains(token));
        let line = inner.audit_line(reply.header("x-request-id").expect("an id"));
        assert_eq!(
            (&line["outcome"], &line["level"]),
            (&json!(code), &json!("error"))
        );
        let ready = inner.send("GET", "/health/ready", &[], b"");
        assert_eq!(
            (ready.status, &ready.json()["checks"]["mailbox"]),
            (503, &json!(word))
        );
        assert!(!inner.printed().contains(token));
    }
    let inner = inner(&origin(&right), &[]);
    let ready = inner.send("GET", "/health/ready", &[], b"");
    assert_eq!(
        (ready.status, &ready.json()["checks"]["mailbox"]),
        (200, &json!("ok"))
    );
}

#[test]
fn while_nothing_comes_a_collector_costs_a_few_reads_and_no_listing() {
    let redis = Redis::start();
    let settings = [("data_api", "mailbox"), ("mailbox_token", COLLECTOR)];
    let edge = Server::start_prepared(&settings, |folder| {
        let config = redis.runtime_config("");
        std::fs::write(folder.join("runtime-config.toml"), config).expect("written");
    });
    callback(&edge, "d-1", "RUN_COMPLETED");
    acknowledge(&edge, &look(&edge, "wait=0"));
    // The last of it is noted once it has been empty for a second.
    assert_eq!(look(&edge, "wait=2"), [Value::Null; 0]);
    let counts = || ["get", "scan", "keys"].map(|command| redis.times_given(command));
    let (before, began) = (counts(), Instant::now());
    assert_eq!(look(&edge, "wait=5"), [Value::Null; 0]);
    let (after, seconds) = (counts(), began.elapsed().as_secs() + 1);
    let reads = after[0] - before[0];
    // Beside them, what an instance that is new finds out first.
    assert!(
        (1..=4 * seconds + 4).contains(&reads),
        "{reads} reads in {seconds} s"
    );
    assert_eq!(after[1..], before[1..]);
}

#[test]
fn an_edge_that_was_taken_over_writes_no_more_than_senders_could() {
    let hostile = Upstream::start(|asked| {
        let id = "0018f3a5b2c-0018f3a5b2c-0000002a-f000102030405060708090a0b0c0d0e0f";
        let change = json!({
            "entity": "Usuarios", "keyColumn": "id", "key": "admin",
            "values": [["rol", "text", "dueño"]], "ifAbsent": "insert", "guard": ["exists"]
        });
        let entry = json!({"id": id, "kept": "", "source": "messages", "change": change});
        let is_new = !asked.target.contains("after=");
        let entries = if is_new { json!([entry]) } else { json!([]) };
        upstream::json(200, &json!({"version": 1, "entries": entries}))
    });
    let dab = DabServer::start_open();
    let settings = [
        ("data_api", "dab"),
        ("data_api_origin", &dab.upstream.origin()),
    ];
    let inner = inner(&hostile.origin(), &settings);
    let reply = collect(&inner, 1);
    assert_eq!((reply.status, &reply.json()["failed"]), (200, &json!(1)));
    assert!(dab.upstream.take_requests().is_empty());
    let line = inner.line_with("\"outcome\":\"not_admitted\"");
    assert_eq!(line["failure"], "its source asks for no such change");
}
