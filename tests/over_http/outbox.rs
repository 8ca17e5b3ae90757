//! Nothing that was acknowledged is lost: the data API away, the host killed, the row late.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::data_api::dab::DabServer;
use support::server::{Reply, Server};
use support::upstream::{self, Act, Upstream};

const ADMIN: (&str, &str) = ("Authorization", "Bearer una-de-operaciones");

/// How long something that is done in the background may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn settings(origin: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("data_api", "dab"),
        ("data_api_origin", origin),
        ("admin_token", "una-de-operaciones"),
    ]
}

fn callback(server: &Server, deployment_id: &str) -> Reply {
    let body = json!({"deploymentId": deployment_id, "status": "COMPLETED"});
    server.callback(body.to_string())
}

fn admin(server: &Server, method: &str, path: &str) -> Value {
    let reply = server.send(method, &format!("/admin/outbox{path}"), &[ADMIN], b"");
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(50));
    }
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

#[test]
fn what_was_acknowledged_outlives_a_host_that_is_killed() {
    let dab = DabServer::start_open();
    let (upstream, on) = switched(&dab);
    let origin = upstream.origin();
    let server = Server::start(&settings(&origin));
    for number in 0..20 {
        let id = format!("d-{number}");
        dab.insert(&id, "RUNNING");
        let reply = callback(&server, &id);
        let queued = json!({
            "status": "OK", "result": "queued",
            "message": "Callback recibido; el estado se actualizará en cuanto sea posible."
        });
        assert_eq!((reply.status, reply.json()), (202, queued));
    }
    let server = server.kill_and_restart();
    let stats = admin(&server, "GET", "/stats");
    assert_eq!((&stats["waiting"], &stats["dead"]), (&json!(20), &json!(0)));

    on.store(true, Ordering::SeqCst);
    let drained = admin(&server, "POST", "/drain?all=true");
    assert_eq!(
        (&drained["delivered"], &drained["waiting"]),
        (&json!(20), &json!(0))
    );
    for number in 0..20 {
        assert_eq!(dab.row(&format!("d-{number}"))["Estado"], "COMPLETED");
    }
    assert_eq!(admin(&server, "POST", "/drain")["delivered"], 0);
}

#[test]
fn a_row_that_comes_after_its_callback_gets_it_without_anybody_asking() {
    let dab = DabServer::start_open();
    let origin = dab.upstream.origin();
    let server = Server::start(&settings(&origin));
    assert_eq!(callback(&server, "late").status, 202);
    dab.insert("late", "DEPLOYED");
    wait_until("the row has its callback", || {
        dab.row("late")["Estado"] == "COMPLETED"
    });
    let line = server.line_with("\"outcome\":\"updated\"");
    assert_eq!(line["deployment_id"], "late");
}

#[test]
fn a_probe_carries_the_outbox_forward() {
    let dab = DabServer::start_open();
    let (upstream, on) = switched(&dab);
    let origin = upstream.origin();
    let server = Server::start(&settings(&origin));
    dab.insert("d", "RUNNING");
    assert_eq!(callback(&server, "d").status, 202);
    on.store(true, Ordering::SeqCst);
    wait_until("a probe has led to its delivery", || {
        assert_eq!(server.send("GET", "/health", &[], b"").status, 200);
        thread::sleep(Duration::from_millis(500));
        dab.row("d")["Estado"] == "COMPLETED"
    });
}

#[test]
fn operators_find_a_dead_letter_and_put_it_back() {
    let dab = DabServer::start_open();
    let (good, behind) = (Arc::new(AtomicBool::new(false)), dab.upstream.address);
    let is_good = Arc::clone(&good);
    let upstream = Upstream::start(move |asked| match is_good.load(Ordering::SeqCst) {
        true => upstream::forward(asked, behind),
        false => upstream::json(400, &json!({"error": {"code": "BadRequest"}})),
    });
    let origin = upstream.origin();
    let server = Server::start(&settings(&origin));
    dab.insert("d", "RUNNING");
    let reply = callback(&server, "d");
    assert_eq!(reply.status, 202);
    let line = server.audit_line(reply.header("x-request-id").expect("an id"));
    assert_eq!(
        (&line["level"], &line["may_pass"]),
        (&json!("error"), &json!(false))
    );

    assert_eq!(admin(&server, "GET", "")["entries"], json!([]));
    let dead = admin(&server, "GET", "?state=dead");
    let entry = &dead["entries"][0];
    assert_eq!((&entry["key"], &entry["id"]), (&json!("d"), &line["entry"]));
    let id = entry["id"].as_str().expect("an id");
    let shown = admin(&server, "GET", &format!("/{id}"));
    let attempt = &shown["entry"]["attempts"][0];
    let failure = "data API: status 400 Bad Request, code BadRequest";
    assert_eq!(attempt["failure"], failure);

    good.store(true, Ordering::SeqCst);
    let requeued = admin(&server, "POST", &format!("/{id}/requeue"));
    let id = requeued["id"].as_str().expect("its new name");
    let retried = admin(&server, "POST", &format!("/{id}/retry"));
    assert_eq!(retried["result"], "updated");
    assert_eq!(dab.row("d")["Estado"], "COMPLETED");
    assert_eq!(admin(&server, "GET", "/stats")["waiting"], 0);
}

#[test]
fn without_a_token_for_operators_there_is_nothing_of_theirs() {
    let server = Server::start(&[]);
    for (method, path) in [("GET", "/admin/outbox"), ("POST", "/admin/outbox/drain")] {
        let reply = server.send(method, path, &[ADMIN], b"");
        assert_eq!(reply.refusal(), (404, "not_found".to_owned()));
    }
    let server = Server::start(&[("admin_token", "una-de-operaciones")]);
    let reply = server.send("GET", "/admin/outbox", &[], b"");
    assert_eq!(reply.refusal(), (401, "invalid_credentials".to_owned()));
}
