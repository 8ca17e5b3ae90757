//! Collecting from another instance's mailbox.

use super::messages::{SECRET, row, signed};
use super::*;

const COLLECTOR: &str = "un-token-de-buzon";
const EMPTY: &str = r#"{"version":1,"entries":[]}"#;
const REMOVED: &str = r#"{"removed":1}"#;

fn edge(more: &[(&str, &str)]) -> App<FakeHost> {
    let own = [
        ("data_api", "mailbox"),
        ("mailbox_token", COLLECTOR),
        ("webhook_secret", SECRET),
        ("cal_secret", "un-s3creto-de-cal.com"),
        ("blizwork_api_origin", "https://api.example"),
        ("blizwork_api_token", "s3cr3t"),
        ("blizwork_endpoint_url", "https://sam.example/blizwork"),
    ];
    app(&[&own, more].concat())
}

fn inner(more: &[(&str, &str)]) -> App<FakeHost> {
    let own = [
        ("collect_origin", "https://edge.example"),
        ("collect_token", COLLECTOR),
        ("admin_token", OPERATOR),
    ];
    app(&[&own, more].concat())
}

/// A page of what waits at the edge.
fn page(edge: &App<FakeHost>) -> String {
    let bearer = format!("Bearer {COLLECTOR}");
    let request = request("GET", "/mailbox", &[("authorization", &bearer)], "");
    let seen = send(edge, request);
    assert_eq!(seen.status, 200);
    seen.body.to_string()
}

fn json_after(milliseconds: u64, body: &str) -> Answers {
    Answers::With(milliseconds, 200, &[], body.to_owned())
}

/// An empty page once the time of a call of one second is over.
fn over() -> Answers {
    json_after(1000, EMPTY)
}

fn collect(app: &App<FakeHost>, answers: impl IntoIterator<Item = Answers>) -> Seen {
    app.host.will(answers);
    let bearer = format!("Bearer {OPERATOR}");
    let headers = [("authorization", &*bearer), ("x-request-id", "r-9")];
    let seen = send(
        app,
        request("POST", "/admin/collect?seconds=1", &headers, ""),
    );
    assert!(app.host.answers.take().is_empty());
    seen
}

fn counts(collected: usize, delivered: usize, kept: usize, failed: usize) -> Value {
    json!({
        "status": "OK", "result": "collected",
        "collected": collected, "delivered": delivered, "kept": kept, "failed": failed
    })
}

fn callback(number: usize) -> String {
    json!({"deploymentId": format!("d-{number}"), "status": "RUN_COMPLETED"}).to_string()
}

/// An edge with so many callbacks.
fn edge_with(number: usize) -> App<FakeHost> {
    let edge = edge(&[]);
    for number in 0..number {
        assert_eq!(post(&edge, TOKEN, &callback(number)).status, 202);
        edge.host.advance(Duration::from_millis(1));
    }
    edge
}

fn sent_to_mailbox(app: &App<FakeHost>) -> Vec<String> {
    let sent = app.host.take_sent();
    let own = sent
        .into_iter()
        .filter(|line| line.contains("edge.example"));
    own.collect()
}

#[test]
fn what_every_source_has_sent_to_the_edge_is_written_inside() {
    let edge = edge(&[]);
    assert_eq!(post(&edge, TOKEN, BODY).status, 202);
    for body in [
        json!({
            "type": "promo", "content": "\u{7}", "user_id": 7,
            "metadata": {"promo_id": "P1", "valid_until": "2026-12-31", "discount": 5}
        }),
        json!({
            "type": "reservation_update", "content": "x",
            "metadata": {"reservation_id": "R1", "status": "ok"}
        }),
        json!({"type": "user_info", "content": "Ana", "user_id": "u1"}),
    ] {
        assert_eq!(send(&edge, signed(&[], &body.to_string())).status, 202);
    }
    let body = json!({
        "triggerEvent": "BOOKING_CREATED", "createdAt": "2026-01-01T00:00:00Z",
        "payload": {
            "uid": "b1", "bookingId": 9, "title": "x", "status": "ACCEPTED",
            "startTime": "2026-01-01T00:00:00Z"
        }
    })
    .to_string();
    let signature = support::signatures::hex_by("un-s3creto-de-cal.com", body.as_bytes());
    let headers = [
        ("x-cal-signature-256", &*signature),
        ("content-type", "application/json"),
    ];
    assert_eq!(
        send(&edge, request("POST", "/webhook/cal", &headers, &body)).status,
        202
    );
    edge.host
        .will([json_answer(200, r#"{"resultCode":0,"resultMessage":""}"#)]);
    let call = r#"{"token":"call-1","processId":"ventas","caseNumber":39}"#;
    assert_eq!(
        send(&edge, request("POST", "/blizwork", &[], call)).status,
        202
    );

    let inner = inner(&[]);
    let answers = [json_after(0, &page(&edge)), json_after(0, REMOVED), over()];
    let seen = collect(&inner, answers);
    assert_eq!((seen.status, seen.body), (200, counts(6, 6, 0, 0)));
    assert_eq!(seen.line["outcome"], "collected");
    assert_eq!(row(&inner, "Ejecuciones:d-1")["Estado"], "RUN_COMPLETED");
    assert_eq!(row(&inner, "Ejecuciones:d-1")["CallbackInfo"], BODY);
    assert_eq!(row(&inner, "promos:P1")["content"], "\u{7}");
    assert_eq!(row(&inner, "reservas:R1")["status"], "ok");
    assert_eq!(row(&inner, "usuarios:u1")["content"], "Ana");
    assert_eq!(row(&inner, "reservas_cal:b1")["booking_id"], "9");
    assert_eq!(inner.host.stored("eventos_blizwork:").len(), 2);
}

#[test]
fn the_mailbox_is_asked_and_told_by_exactly_these_requests() {
    let (edge, inner) = (edge_with(2), inner(&[]));
    collect(
        &inner,
        [json_after(0, &page(&edge)), json_after(0, REMOVED), over()],
    );
    let sent = inner.host.sent.take();
    let [first, acknowledged, _] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(first.method, "GET");
    assert_eq!(
        first.target,
        "https://edge.example/mailbox?wait=1&limit=100&version=1"
    );
    let headers = by_name(&first.headers);
    assert_eq!(headers["authorization"], format!("Bearer {COLLECTOR}"));
    assert_eq!(acknowledged.method, "POST");
    assert_eq!(acknowledged.target, "https://edge.example/mailbox/ack");
    // As the edge understands it.
    let body = String::from_utf8(acknowledged.body.to_vec()).expect("text");
    let bearer = format!("Bearer {COLLECTOR}");
    let request = request("POST", "/mailbox/ack", &[("authorization", &bearer)], &body);
    assert_eq!(send(&edge, request).body, json!({"removed": 2}));
    assert_eq!(
        page(&edge),
        EMPTY.replace(
            r#"{"version":1,"entries":[]}"#,
            r#"{"entries":[],"version":1}"#
        )
    );
}

#[test]
fn each_change_leaves_a_line_that_ties_both_logs_together() {
    let (edge, inner) = (edge_with(1), inner(&[]));
    collect(
        &inner,
        [json_after(0, &page(&edge)), json_after(0, REMOVED), over()],
    );
    let lines = inner.host.lines.borrow();
    let line = lines
        .iter()
        .find(|line| line.contains("d-0"))
        .expect("a line");
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(line["outcome"], "updated");
    assert_eq!(
        (&line["request_id"], &line["level"]),
        (&json!("r-1"), &json!("info"))
    );
    assert!(lines.iter().all(|line| !line.contains(COLLECTOR)));
}

#[test]
fn what_the_data_api_does_not_take_is_kept_here_and_leaves_the_mailbox() {
    let (edge, inner) = (edge_with(1), inner(&[("data_api", "dab")]));
    let refused = Answers::Fails(SendError::Refused);
    let answers = [
        json_after(0, &page(&edge)),
        refused.clone(),
        refused,
        json_after(0, REMOVED),
        json_after(900, EMPTY),
    ];
    let seen = collect(&inner, answers);
    assert_eq!((seen.status, seen.body), (200, counts(1, 0, 1, 0)));
    assert_eq!(inner.host.stored("0-outbox/a/").len(), 1);
}

#[test]
fn what_cannot_be_kept_stays_in_the_mailbox() {
    let (edge, mut inner) = (edge_with(1), inner(&[("data_api", "dab")]));
    inner.host.refuses_writes_to = Some("0-outbox/");
    let refused = Answers::Fails(SendError::Refused);
    let answers = [json_after(900, &page(&edge)), refused.clone(), refused];
    let seen = collect(&inner, answers);
    assert_eq!((seen.status, seen.body), (200, counts(0, 0, 0, 1)));
    assert_eq!(sent_to_mailbox(&inner).len(), 1);
}

#[test]
fn an_acknowledgement_that_fails_is_sent_again_before_anything_is_collected() {
    let (edge, inner) = (edge_with(1), inner(&[]));
    let answers = [
        json_after(0, &page(&edge)),
        Answers::Fails(SendError::Broken),
        json_after(0, REMOVED),
    ];
    let seen = collect(&inner, answers);
    assert_eq!((seen.status, seen.body), (200, counts(1, 1, 0, 0)));
    let sent = sent_to_mailbox(&inner);
    let methods: Vec<_> = sent
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(methods, ["GET", "POST", "POST"]);
}

#[test]
fn what_was_not_acknowledged_comes_again_and_is_final_already() {
    let (edge, inner) = (edge_with(1), inner(&[]));
    let broken = || Answers::Fails(SendError::Broken);
    let seen = collect(&inner, [json_after(0, &page(&edge)), broken(), broken()]);
    assert_eq!(
        (seen.status, &seen.body["code"]),
        (503, &json!("mailbox_unreachable"))
    );
    assert_eq!(seen.body["delivered"], 1);
    let answers = [json_after(0, &page(&edge)), json_after(0, REMOVED), over()];
    assert_eq!(collect(&inner, answers).body, counts(1, 1, 0, 0));
    let lines = inner.host.lines.borrow();
    assert!(
        lines
            .iter()
            .any(|line| line.contains(r#""outcome":"already_final""#))
    );
}

#[test]
fn whatever_is_wrong_with_the_mailbox_is_told_apart() {
    let refusal = |status: u16, code: &str| {
        json_answer(status, &format!(r#"{{"status":"ERROR","code":"{code}"}}"#))
    };
    for (answer, code, word) in [
        (Answers::Fails(SendError::Tls), "mailbox_tls", "tls"),
        (
            Answers::Fails(SendError::Denied),
            "mailbox_denied",
            "denied",
        ),
        (
            refusal(401, "invalid_credentials"),
            "mailbox_unauthorized",
            "unauthorized",
        ),
        (
            refusal(429, "too_many_attempts"),
            "mailbox_limited",
            "limited",
        ),
        (refusal(404, "not_found"), "not_a_mailbox", "not_a_mailbox"),
        (refusal(422, "invalid_query"), "mailbox_version", "version"),
        (
            refusal(503, "misconfigured"),
            "mailbox_misconfigured",
            "misconfigured",
        ),
        (json_answer(401, "<html>"), "not_a_mailbox", "not_a_mailbox"),
        (json_answer(302, ""), "not_a_mailbox", "not_a_mailbox"),
        (json_answer(200, "<html>"), "not_a_mailbox", "not_a_mailbox"),
        (
            json_answer(200, r#"{"status":"ok"}"#),
            "not_a_mailbox",
            "not_a_mailbox",
        ),
        (
            json_answer(200, r#"{"version":2,"entries":[]}"#),
            "mailbox_version",
            "version",
        ),
    ] {
        let app = inner(&[]);
        let seen = collect(&app, [answer.clone()]);
        assert_eq!(
            (seen.status, &seen.body["code"]),
            (503, &json!(code)),
            "{answer:?}"
        );
        assert_eq!(seen.body["collected"], 0);
        assert_eq!(seen.body["requestId"], "r-9");
        assert_eq!(seen.line["outcome"], code);
        assert!(
            seen.line["failure"]
                .as_str()
                .expect("a text")
                .starts_with("mailbox: ")
        );

        app.host.will([answer.clone()]);
        let ready = send(&app, request("GET", "/health/ready", &[], ""));
        assert_eq!(
            (ready.status, &ready.body["checks"]["mailbox"]),
            (503, &json!(word)),
            "{answer:?}"
        );
    }
}

#[test]
fn a_mailbox_that_is_away_is_asked_again_until_the_time_is_over() {
    for away in [
        Answers::Fails(SendError::Refused),
        Answers::Fails(SendError::Unresolved),
        Answers::BreaksOff(200, "{".to_owned()),
        json_answer(502, "<html>"),
    ] {
        let (edge, app) = (edge_with(1), inner(&[]));
        let seen = collect(&app, [away.clone()]);
        assert_eq!(
            (seen.status, &seen.body["code"]),
            (503, &json!("mailbox_unreachable"))
        );
        app.host.will([
            away,
            json_after(0, &page(&edge)),
            json_after(0, REMOVED),
            over(),
            over(),
        ]);
        let bearer = format!("Bearer {OPERATOR}");
        let headers = [("authorization", &*bearer)];
        let seen = send(
            &app,
            request("POST", "/admin/collect?seconds=3", &headers, ""),
        );
        assert_eq!((seen.status, seen.body), (200, counts(1, 1, 0, 0)));
    }
}

#[test]
fn readiness_has_a_check_of_the_mailbox_only_where_there_is_one() {
    let app = inner(&[]);
    app.host.will([json_answer(200, EMPTY)]);
    let ready = send(&app, request("GET", "/health/ready", &[], ""));
    assert_eq!(ready.status, 200);
    assert_eq!(ready.body["checks"]["mailbox"], "ok");
    assert_eq!(
        app.host.take_sent(),
        ["GET https://edge.example/mailbox?wait=0&limit=0&version=1"]
    );
    let ready = send(&super::app(&[]), request("GET", "/health/ready", &[], ""));
    assert_eq!(ready.body["checks"].get("mailbox"), None);
}

#[test]
fn what_no_source_asks_for_is_not_written_and_does_not_keep_the_rest() {
    let (edge, inner) = (edge_with(2), inner(&[]));
    let mut hostile: Value = serde_json::from_str(&page(&edge)).expect("JSON");
    hostile["entries"][0]["change"]["entity"] = json!("Usuarios");
    let first = hostile["entries"][0]["id"]
        .as_str()
        .expect("a text")
        .to_owned();
    let answers = [
        json_after(0, &hostile.to_string()),
        json_after(0, REMOVED),
        over(),
    ];
    let seen = collect(&inner, answers);
    assert_eq!((seen.status, seen.body), (200, counts(1, 1, 0, 1)));
    assert_eq!(inner.host.stored("Usuarios"), [""; 0]);
    let sent = inner.host.sent.take();
    let acknowledged: Value = serde_json::from_slice(&sent[1].body).expect("JSON");
    assert_eq!(acknowledged["ids"], json!([hostile["entries"][1]["id"]]));
    let behind = format!("wait=1&limit=100&version=1&after={first}");
    assert!(sent[2].target.ends_with(&behind), "{}", sent[2].target);
}

#[test]
fn one_request_of_an_instance_collects_at_a_time() {
    let (edge, inner) = (edge_with(1), inner(&[]));
    inner
        .host
        .will([json_after(0, &page(&edge)), json_after(0, REMOVED), over()]);
    let bearer = format!("Bearer {OPERATOR}");
    let ask = || {
        let headers = [("authorization", &*bearer)];
        inner.respond(request("POST", "/admin/collect?seconds=1", &headers, ""))
    };
    let (first, second) = block_on(futures_util::future::join(ask(), ask()));
    let body =
        |response: &Response| -> Value { serde_json::from_slice(&response.body).expect("JSON") };
    assert_eq!(body(&first.0), counts(1, 1, 0, 0));
    assert_eq!(body(&second.0)["result"], "already_collecting");
}

#[test]
fn a_mailbox_may_collect_from_another() {
    let (edge, between) = (
        edge_with(1),
        inner(&[
            ("data_api", "mailbox"),
            ("mailbox_token", "otro-token-de-buzon"),
        ]),
    );
    let answers = [json_after(0, &page(&edge)), json_after(0, REMOVED), over()];
    let seen = collect(&between, answers);
    assert_eq!((seen.status, seen.body), (200, counts(1, 0, 1, 0)));
    assert_eq!(between.host.stored("0-outbox/a/").len(), 1);
}

#[test]
fn only_operators_may_have_it_collected_and_only_where_there_is_a_mailbox() {
    let ask = |app: &App<FakeHost>, method, query: &str, token: &str| {
        let bearer = format!("Bearer {token}");
        let path = format!("/admin/collect{query}");
        let seen = send(
            app,
            request(method, &path, &[("authorization", &bearer)], ""),
        );
        (seen.status, seen.body["code"].as_str().map(str::to_owned))
    };
    let code = |status: u16, code: &str| (status, Some(code.to_owned()));
    let app = inner(&[]);
    assert_eq!(
        ask(&app, "POST", "", TOKEN),
        code(401, "invalid_credentials")
    );
    assert_eq!(
        ask(&app, "GET", "", OPERATOR),
        code(405, "method_not_allowed")
    );
    for query in ["?seconds=0", "?seconds=301", "?seconds=x", "?wait=1"] {
        assert_eq!(
            ask(&app, "POST", query, OPERATOR),
            code(422, "invalid_query")
        );
    }
    let none = super::app(&[("admin_token", OPERATOR)]);
    assert_eq!(
        ask(&none, "POST", "", OPERATOR),
        code(501, "nothing_to_collect")
    );
    let wrong = inner(&[("collect_path", "mailbox")]);
    assert_eq!(
        ask(&wrong, "POST", "", OPERATOR),
        code(503, "misconfigured")
    );
    assert!(app.host.take_sent().is_empty());
}
