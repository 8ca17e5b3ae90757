//! Whether something is wrong, in one reply: for the operators' page, and for Prometheus.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;

use rusqlite::{Connection, params};
use sam_callback::delivery::outbox::{Cause, DeadLetter, Entry, EntryId, Origin, Tag};
use sam_callback::delivery::{DeploymentId, Status, ended};
use serde_json::{Value, json};
use support::data_api::dab::DabServer;
use support::server::{Reply, Server};
use support::upstream::{self, Act, Upstream};

const ADMIN: (&str, &str) = ("Authorization", "Bearer una-de-operaciones");

/// What the data API's switch is on.
const FORWARDS: u16 = 200;

fn start(origin: &str) -> Server {
    Server::start(&settings(origin))
}

fn settings(origin: &str) -> [(&'static str, &str); 3] {
    [
        ("data_api", "dab"),
        ("data_api_origin", origin),
        ("admin_token", "una-de-operaciones"),
    ]
}

/// A data API with a switch before SAM's rules: it answers with a status of ours, or lets through.
fn switched(dab: &DabServer) -> (Upstream, Arc<AtomicU16>) {
    let switch = Arc::new(AtomicU16::new(FORWARDS));
    let (on, behind) = (Arc::clone(&switch), dab.upstream.address);
    let upstream = Upstream::start(move |asked| match on.load(Ordering::SeqCst) {
        FORWARDS => upstream::forward(asked, behind),
        400 => upstream::json(400, &json!({"error": {"code": "BadRequest"}})),
        status => Act::Reply(status, "text/html", b"<html>".to_vec()),
    });
    (upstream, switch)
}

fn admin(server: &Server, method: &str, path: &str) -> Value {
    let reply = server.send(method, path, &[ADMIN], b"");
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn overview(server: &Server) -> Value {
    admin(server, "GET", "/admin/overview")
}

fn callback(server: &Server, deployment_id: &str) -> Reply {
    let body = json!({"deploymentId": deployment_id, "status": "COMPLETED"});
    let reply = server.callback(body.to_string());
    assert_eq!(reply.status, 202, "{reply:?}");
    reply
}

#[test]
fn since_when_the_data_api_is_away_outlives_the_host_and_ends_with_a_delivery() {
    let dab = DabServer::start_open();
    dab.insert("d", "RUNNING");
    let (upstream, switch) = switched(&dab);
    let origin = upstream.origin();
    let server = start(&origin);
    let seen = overview(&server);
    assert_eq!(seen["dataApi"]["state"], "ok");
    assert_eq!(
        (&seen["dataApi"]["since"], &seen["lastCallback"]),
        (&Value::Null, &Value::Null)
    );

    switch.store(503, Ordering::SeqCst);
    callback(&server, "d");
    let seen = overview(&server);
    assert_eq!(
        (&seen["dataApi"]["state"], &seen["embedded"]),
        (&json!("failing"), &json!(false))
    );
    let since = seen["dataApi"]["since"].clone();
    assert!(
        since.is_string() && seen["lastCallback"].is_string(),
        "{seen}"
    );
    let failure = seen["dataApi"]["failure"].as_str().expect("a text");
    assert!(failure.contains("503"), "{failure}");

    let server = server.kill_and_restart();
    let seen = overview(&server);
    assert_eq!(seen["dataApi"]["since"], since);
    let causes = json!([{"cause": "data_api_away", "state": "waiting", "count": 1}]);
    assert_eq!(
        (&seen["outbox"]["waiting"], &seen["outbox"]["causes"]),
        (&json!(1), &causes)
    );
    // The entry's marker has carried the time of the last callback over.
    assert!(seen["lastCallback"].is_string(), "{seen}");

    switch.store(FORWARDS, Ordering::SeqCst);
    let drained = admin(&server, "POST", "/admin/outbox/drain?all=true");
    assert_eq!(drained["delivered"], 1);
    let seen = overview(&server);
    assert_eq!(
        (&seen["dataApi"]["state"], &seen["dataApi"]["failure"]),
        (&json!("ok"), &Value::Null)
    );
    assert_ne!(seen["dataApi"]["since"], since);
    assert_eq!(seen["outbox"]["waiting"], 0);
    let depth = seen["depth"].as_array().expect("samples");
    assert!(!depth.is_empty());
}

#[test]
fn what_waits_and_what_died_is_chosen_by_cause_and_put_back_by_it() {
    let dab = DabServer::start_open();
    let (upstream, switch) = switched(&dab);
    let origin = upstream.origin();
    let server = start(&origin);
    for number in 0..3 {
        switch.store(400, Ordering::SeqCst);
        callback(&server, &format!("5f1b-dead-{number}"));
        switch.store(401, Ordering::SeqCst);
        callback(&server, &format!("5f1b-waits-{number}"));
    }
    let seen = overview(&server);
    let expected = json!([
        {"cause": "data_api_refuses", "state": "waiting", "count": 3},
        {"cause": "refused_by_database", "state": "dead", "count": 3},
    ]);
    assert_eq!(seen["outbox"]["causes"], expected);
    assert_eq!(seen["dataApi"]["state"], "refusing");

    let entries = |query: &str| {
        let page = admin(&server, "GET", &format!("/admin/outbox?{query}"));
        page["entries"].as_array().expect("a list").clone()
    };
    let dead = entries("state=dead&source=a360&cause=refused_by_database&q=5F1B-dead");
    assert_eq!(dead.len(), 3);
    assert!(dead.iter().all(|it| it["cause"] == "refused_by_database"));
    assert_eq!(entries("state=dead&q=5f1b-dead-1").len(), 1);
    for none in ["source=messages", "cause=no_row", "q=dead"] {
        assert_eq!(entries(&format!("state=dead&{none}")).len(), 0, "{none}");
    }
    let wrong = server.send("GET", "/admin/outbox?cause=otra", &[ADMIN], b"");
    assert_eq!(wrong.refusal(), (422, "invalid_query".to_owned()));

    for number in 0..3 {
        dab.insert(&format!("5f1b-dead-{number}"), "RUNNING");
    }
    switch.store(FORWARDS, Ordering::SeqCst);
    let requeue = |query: &str| admin(&server, "POST", &format!("/admin/outbox/requeue?{query}"));
    let none = requeue("cause=no_row");
    assert_eq!(
        (&none["matched"], &none["requeued"]),
        (&json!(0), &json!(0))
    );
    let counted = requeue("cause=refused_by_database&dryRun=true");
    assert_eq!(
        (&counted["matched"], &counted["requeued"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(overview(&server)["outbox"]["dead"], 3);
    let done = requeue("cause=refused_by_database&source=a360");
    assert_eq!(
        (&done["matched"], &done["requeued"]),
        (&json!(3), &json!(3))
    );
    admin(&server, "POST", "/admin/outbox/drain?all=true");
    for number in 0..3 {
        let row = dab.row(&format!("5f1b-dead-{number}"));
        assert_eq!(row["Estado"], "COMPLETED");
    }
    assert_eq!(overview(&server)["outbox"]["dead"], 0);
}

/// A store with these values, as the component keeps them in Spin's SQLite file.
fn fill(folder: &Path, values: impl Iterator<Item = (String, Vec<u8>)>) {
    let mut store = Connection::open(folder.join("sqlite_key_value.db")).expect("a file");
    let table = "CREATE TABLE spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL,
                 value BLOB NOT NULL, PRIMARY KEY (store, key))";
    store.execute(table, []).expect("made");
    let all = store.transaction().expect("begun");
    for (key, value) in values {
        let insert = "INSERT INTO spin_key_value VALUES ('default', ?1, ?2)";
        all.execute(insert, params![key, value]).expect("inserted");
    }
    all.commit().expect("committed");
}

/// A dead letter, by a key that has a tag or, as earlier versions wrote it, none.
fn dead_letter(number: u64, has_tag: bool) -> (String, Vec<u8>) {
    let change = ended(
        DeploymentId::new(format!("d-{number:05}")).expect("fits"),
        Status::new("COMPLETED").expect("fits"),
        "{}".to_owned(),
    );
    let at = 1_767_323_045_000 + number;
    let id = EntryId::new(&change, at, number.into());
    let origin = Origin {
        source: "a360",
        request_id: "r",
    };
    let tag = has_tag.then(|| Tag::new("a360", Cause::NoRow));
    let key = format!("0-outbox/d/{}", DeadLetter { id, tag });
    (key, Entry::new(change, origin, at).to_json())
}

#[test]
fn a_page_that_asks_all_the_time_is_answered_with_ten_thousand_dead_letters() {
    let dab = DabServer::start_open();
    let origin = dab.upstream.origin();
    let server = Server::start_prepared(&settings(&origin), |folder| {
        let dead = (0..10_000).map(|number| dead_letter(number, number >= 1000));
        // What other features keep is not in the way.
        let others = (0..5000).map(|number| (format!("row-{number}"), b"{}".to_vec()));
        fill(folder, dead.chain(others));
    });
    let expected = json!([
        {"cause": "no_row", "state": "dead", "count": 9000},
        {"cause": "unknown", "state": "dead", "count": 1000},
    ]);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let seen = overview(&server);
                    assert_eq!(seen["outbox"]["dead"], 10_000);
                    assert_eq!(seen["outbox"]["causes"], expected);
                }
            });
        }
    });
    let (mut found, mut next) = (Vec::new(), Some(String::new()));
    while let Some(before) = next {
        let path = format!("/admin/outbox?state=dead&q=D-0012&limit=200{before}");
        let page = admin(&server, "GET", &path);
        found.extend(page["entries"].as_array().expect("a list").clone());
        next = page["next"].as_str().map(|next| format!("&before={next}"));
    }
    assert_eq!(found.len(), 10);
    let unknown = admin(
        &server,
        "POST",
        "/admin/outbox/requeue?cause=unknown&dryRun=true",
    );
    assert_eq!(unknown["matched"], 1000);
}

#[test]
fn what_an_earlier_version_has_left_is_delivered() {
    let dab = DabServer::start_open();
    for number in 0..3 {
        dab.insert(&format!("d-{number:05}"), "RUNNING");
    }
    let origin = dab.upstream.origin();
    let server = Server::start_prepared(&settings(&origin), |folder| {
        let dead = (0..3).map(|number| dead_letter(number, false));
        // One of them waits.
        let left = dead.map(|(key, value)| match key.strip_prefix("0-outbox/d/") {
            Some(id) if key.contains("-00000001-") => {
                (format!("0-outbox/a/019b7cd2b88-{id}"), value)
            }
            _ => (key, value),
        });
        fill(folder, left);
    });
    let drained = admin(&server, "POST", "/admin/outbox/drain?all=true");
    let dead = overview(&server)["outbox"]["dead"].clone();
    assert_eq!((&drained["waiting"], dead), (&json!(0), json!(2)));
    assert_eq!(dab.row("d-00001")["Estado"], "COMPLETED");
    let requeued = admin(&server, "POST", "/admin/outbox/requeue");
    assert_eq!(requeued["requeued"], 2);
    admin(&server, "POST", "/admin/outbox/drain?all=true");
    for number in 0..3 {
        let row = dab.row(&format!("d-{number:05}"));
        assert_eq!(row["Estado"], "COMPLETED", "{number}");
    }
}

#[test]
fn overview_and_metrics_are_for_operators_alone() {
    let server = Server::start(&[]);
    for path in ["/admin/overview", "/metrics"] {
        let reply = server.send("GET", path, &[ADMIN], b"");
        assert_eq!(reply.refusal(), (404, "not_found".to_owned()));
    }
    let server = Server::start(&[("admin_token", "una-de-operaciones")]);
    for path in ["/admin/overview", "/metrics"] {
        let reply = server.send("GET", path, &[], b"");
        assert_eq!(reply.refusal(), (401, "invalid_credentials".to_owned()));
        let reply = server.send("POST", path, &[ADMIN], b"");
        assert_eq!(reply.refusal(), (405, "method_not_allowed".to_owned()));
        assert_eq!(reply.header("allow"), Some("GET, HEAD"));
    }
    assert_eq!(overview(&server)["embedded"], true);
    let reply = server.send_for("GET", "/metrics", &[ADMIN], b"");
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(reply.header("content-type"), Some(content_type));
    assert!(
        reply.text.contains("\nsam_callback_data_api_up 1\n"),
        "{}",
        reply.text
    );
    assert!(!reply.text.contains("sam_callback_overdue"), "nobody knows");
}
