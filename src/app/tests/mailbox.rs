//! An instance that is a mailbox: what is accepted waits until another instance collects it.

use super::messages::{SECRET, signed};
use super::*;

const COLLECTOR: &str = "un-token-de-buzon";

fn mailbox(more: &[(&str, &str)]) -> App<FakeHost> {
    let own = [("data_api", "mailbox"), ("mailbox_token", COLLECTOR)];
    app(&[&own, more].concat())
}

fn ask(app: &App<FakeHost>, method: &str, path: &str, token: &str, body: &str) -> Seen {
    let bearer = format!("Bearer {token}");
    send(
        app,
        request(method, path, &[("authorization", &bearer)], body),
    )
}

fn collect(app: &App<FakeHost>) -> Vec<Value> {
    let seen = ask(app, "GET", "/mailbox?wait=0", COLLECTOR, "");
    assert_eq!(seen.status, 200, "{}", seen.body);
    assert_eq!(seen.body["version"], 1);
    assert_eq!(seen.headers["cache-control"], "no-store");
    seen.body["entries"].as_array().expect("a list").clone()
}

fn acknowledge(app: &App<FakeHost>, entries: &[Value]) -> Value {
    let ids: Vec<_> = entries.iter().map(|entry| &entry["id"]).collect();
    let body = json!({ "ids": ids }).to_string();
    let seen = ask(app, "POST", "/mailbox/ack", COLLECTOR, &body);
    assert_eq!(seen.status, 200, "{}", seen.body);
    seen.body
}

#[test]
fn a_callback_waits_until_it_is_collected_and_acknowledged() {
    let app = mailbox(&[]);
    let seen = post(&app, TOKEN, BODY);
    assert_eq!((seen.status, &seen.body["result"]), (202, &json!("queued")));
    assert_eq!(seen.line["outcome"], "queued");
    // Nothing failed: everything waits here.
    assert_eq!(seen.line["level"], "info");
    assert_eq!(seen.line.get("failure"), None);
    assert!(app.host.sent.borrow().is_empty());

    let entries = collect(&app);
    let change = json!({
        "entity": "Ejecuciones", "keyColumn": "DeploymentId", "key": "d-1",
        "values": [
            ["Estado", "text", "RUN_COMPLETED"],
            ["CallbackInfo", "text", BODY],
            ["FechaFin", "now", null],
            ["FechaInicioReal", "now_if_null", null],
            ["FechaActualizacion", "now", null],
        ],
        "ifAbsent": "report",
        "guard": ["final", "Estado", [
            "COMPLETED", "RUN_COMPLETED", "RUN_FAILED", "DEPLOY_FAILED", "RUN_ABORTED",
            "COMPLETED_INFERRED"
        ]],
    });
    let id = &seen.line["entry"];
    assert_eq!(entries.len(), 1);
    assert!(
        entries[0]["id"]
            .as_str()
            .expect("a text")
            .contains(id.as_str().expect("a text"))
    );
    assert_eq!(entries[0]["kept"], "2026-01-02T03:04:05.000Z");
    assert_eq!(entries[0]["source"], "a360");
    assert_eq!(entries[0]["requestId"], "r-1");
    assert_eq!(entries[0]["change"], change);

    assert_eq!(acknowledge(&app, &entries), json!({"removed": 1}));
    assert_eq!(acknowledge(&app, &entries), json!({"removed": 0}));
    assert_eq!(collect(&app), [Value::Null; 0]);
}

#[test]
fn a_callback_that_comes_again_while_it_waits_is_kept_once() {
    let app = mailbox(&[]);
    for _ in 0..3 {
        assert_eq!(post(&app, TOKEN, BODY).status, 202);
        app.host.advance(Duration::from_millis(5));
    }
    assert_eq!(collect(&app).len(), 1);
}

#[test]
fn who_has_no_token_of_the_mailbox_gets_nothing_and_guessing_ends() {
    let app = mailbox(&[
        ("failed_attempts_per_minute", "3"),
        ("admin_token", OPERATOR),
    ]);
    post(&app, TOKEN, BODY);
    for token in [TOKEN, OPERATOR, ""] {
        let seen = ask(&app, "GET", "/mailbox?wait=9", token, "");
        assert_eq!(seen.status, 401, "{token}");
        assert_eq!(seen.body["code"], "invalid_credentials");
        assert!(seen.headers["www-authenticate"].starts_with("Bearer"));
    }
    let seen = ask(&app, "POST", "/mailbox/ack", TOKEN, r#"{"ids":[]}"#);
    assert_eq!(seen.status, 429);
    assert_eq!(collect(&app).len(), 1);
}

#[test]
fn there_is_no_mailbox_where_there_is_a_data_api() {
    for settings in [&[][..], &[("mailbox_token", COLLECTOR)]] {
        let app = app(settings);
        for (method, path) in [("GET", "/mailbox"), ("POST", "/mailbox/ack")] {
            assert_eq!(ask(&app, method, path, COLLECTOR, "{}").status, 404);
        }
    }
}

#[test]
fn without_a_token_everything_is_kept_and_readiness_says_what_is_missing() {
    let app = app(&[("data_api", "mailbox")]);
    assert_eq!(post(&app, TOKEN, BODY).status, 202);
    let seen = ask(&app, "GET", "/mailbox", COLLECTOR, "");
    assert_eq!(
        (seen.status, &seen.body["code"]),
        (503, &json!("misconfigured"))
    );
    let ready = send(&app, request("GET", "/health/ready", &[], ""));
    assert_eq!(ready.status, 503);
    assert!(ready.body["problems"]["mailbox_token"].is_string());
}

#[test]
fn readiness_says_that_this_is_a_mailbox() {
    let ready = send(&mailbox(&[]), request("GET", "/health/ready", &[], ""));
    assert_eq!(ready.status, 200);
    assert_eq!(
        ready.body["checks"],
        json!({"settings": "ok", "data_api": "mailbox"})
    );
}

#[test]
fn a_collector_hears_what_is_wrong_with_its_request_and_nothing_is_lost() {
    let app = mailbox(&[]);
    post(&app, TOKEN, BODY);
    for query in [
        "wait=26",
        "wait=-1",
        "wait=",
        "limit=501",
        "limit=x",
        "after=x",
        "version=2",
        "version=",
        "page=1",
        "wait",
    ] {
        let seen = ask(&app, "GET", &format!("/mailbox?{query}"), COLLECTOR, "");
        assert_eq!(
            (seen.status, &seen.body["code"]),
            (422, &json!("invalid_query")),
            "{query}"
        );
    }
    let id = collect(&app)[0]["id"].clone();
    let many = json!({ "ids": vec![&id; 1001] }).to_string();
    for (body, status) in [
        ("", 400),
        ("[]", 422),
        ("{}", 422),
        (r#"{"ids":"x"}"#, 422),
        (r#"{"ids":["x"]}"#, 422),
        (r#"{"ids":[1]}"#, 422),
        (r#"{"ids":[],"version":2}"#, 422),
        (&many, 422),
        (&" ".repeat(128 << 10), 400),
        (&" ".repeat((128 << 10) + 1), 413),
    ] {
        let seen = ask(&app, "POST", "/mailbox/ack", COLLECTOR, body);
        assert_eq!(seen.status, status, "{body:.40}");
    }
    for (method, path, allowed) in [
        ("POST", "/mailbox", "GET, HEAD"),
        ("GET", "/mailbox/ack", "POST"),
    ] {
        let seen = ask(&app, method, path, COLLECTOR, "");
        assert_eq!((seen.status, &*seen.headers["allow"]), (405, allowed));
    }
    assert_eq!(collect(&app).len(), 1);
    // The same within the limits.
    let seen = ask(
        &app,
        "GET",
        "/mailbox?wait=0&limit=500&version=1",
        COLLECTOR,
        "",
    );
    assert_eq!(seen.body["entries"].as_array().map(Vec::len), Some(1));
    let after = format!("/mailbox?after={}", id.as_str().expect("a text"));
    assert_eq!(
        ask(&app, "GET", &after, COLLECTOR, "").body["entries"],
        json!([])
    );
    // Not counted among those that come to collect, and no entry is read.
    let accesses = app.host.accesses.get();
    let seen = ask(&app, "GET", "/mailbox?wait=25&limit=0", COLLECTOR, "");
    assert_eq!(seen.body, json!({"version": 1, "entries": []}));
    assert_eq!(app.host.accesses.get(), accesses);
}

#[test]
fn the_limit_of_bodies_is_not_that_of_acknowledgements() {
    let app = mailbox(&[("max_body_bytes", "60")]);
    post(&app, TOKEN, BODY);
    let entries = collect(&app);
    assert_eq!(acknowledge(&app, &entries), json!({"removed": 1}));
}

#[test]
fn a_store_that_fails_refuses_the_callback_and_the_collector_alike() {
    let mut app = mailbox(&[]);
    post(&app, TOKEN, BODY);
    let entries = collect(&app);
    app.host.store_fails = true;
    let seen = post(
        &app,
        TOKEN,
        r#"{"deploymentId":"d-2","status":"RUN_COMPLETED"}"#,
    );
    assert_eq!(
        (seen.status, &seen.body["code"]),
        (503, &json!("unavailable"))
    );
    let seen = ask(&app, "GET", "/mailbox", COLLECTOR, "");
    assert_eq!(
        (seen.status, &seen.body["code"]),
        (503, &json!("unavailable"))
    );
    let body = json!({"ids": [entries[0]["id"]]}).to_string();
    assert_eq!(
        ask(&app, "POST", "/mailbox/ack", COLLECTOR, &body).status,
        503
    );
    app.host.store_fails = false;
    app.host.advance(Duration::from_secs(1));
    assert_eq!(collect(&app), entries);
}

#[test]
fn a_change_that_could_not_be_announced_is_announced_after_the_reply() {
    let mut app = mailbox(&[]);
    assert_eq!(collect(&app), [Value::Null; 0]);
    app.host.refuses_writes_to = Some("0-mailbox-arrived");
    let headers = [("x-authorization", TOKEN)];
    let (response, after) = block_on(app.respond(request("POST", PATH, &headers, BODY)));
    assert_eq!(response.status.as_u16(), 202);
    app.host.refuses_writes_to = None;
    block_on(app.follow_up(after));
    assert_eq!(collect(&app).len(), 1);
}

#[test]
fn operators_see_what_waits_and_cannot_have_it_delivered_here() {
    let app = mailbox(&[("admin_token", OPERATOR)]);
    let seen = post(&app, TOKEN, BODY);
    let entry = seen.line["entry"].as_str().expect("a text");
    app.host.advance(Duration::from_secs(200 * 3600));
    let listed = ask(&app, "GET", "/admin/outbox", OPERATOR, "");
    assert_eq!(listed.body["entries"][0]["tries"], 0);
    let stats = ask(&app, "GET", "/admin/outbox/stats", OPERATOR, "");
    assert_eq!(
        (&stats.body["waiting"], &stats.body["dead"]),
        (&json!(1), &json!(0))
    );
    let drained = ask(&app, "POST", "/admin/outbox/drain?all=true", OPERATOR, "");
    assert_eq!((drained.status, &drained.body["waiting"]), (200, &json!(1)));
    let retried = ask(
        &app,
        "POST",
        &format!("/admin/outbox/{entry}/retry"),
        OPERATOR,
        "",
    );
    assert_eq!(
        (retried.status, &retried.body["code"]),
        (422, &json!("only_collected"))
    );
    assert_eq!(collect(&app).len(), 1);
}

#[test]
fn blizworks_calls_and_messages_wait_alike() {
    let app = mailbox(&[
        ("webhook_secret", SECRET),
        ("blizwork_api_origin", "https://api.example"),
        ("blizwork_api_token", "s3cr3t"),
        ("blizwork_endpoint_url", "https://sam.example/blizwork"),
    ]);
    app.host
        .will([json_answer(200, r#"{"resultCode":0,"resultMessage":""}"#)]);
    let body = r#"{"token":"call-1","processId":"ventas"}"#;
    let seen = send(&app, request("POST", "/blizwork", &[], body));
    assert_eq!((seen.status, &seen.body["result"]), (202, &json!("queued")));

    let body = r#"{"type":"promo","content":"x","metadata":{"id":"m-1","promo_id":"P1","valid_until":"2026-01-31","discount":"5"}}"#;
    let message = || signed(&[], body);
    let seen = send(&app, message());
    assert_eq!(seen.status, 202, "{}", seen.body);
    assert_eq!(send(&app, message()).line["outcome"], "repeated");

    let entries = collect(&app);
    let sources: Vec<_> = entries.iter().map(|entry| &entry["source"]).collect();
    assert_eq!(sources, ["blizwork", "messages"]);
}
