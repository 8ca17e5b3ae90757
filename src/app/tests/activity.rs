//! The history of activity: which requests have a row of it, and what it costs the others.

use futures_util::future::join_all;
use support::signatures::hex_by;

use super::*;

const TABLE: (&str, &str) = ("activity_table", "actividad");

fn dab(settings: &[(&str, &str)]) -> App<FakeHost> {
    app(&[
        &[("data_api", "dab"), ("admin_token", OPERATOR), TABLE],
        settings,
    ]
    .concat())
}

fn updated() -> Answers {
    json_answer(201, r#"{"value":[{"Resultado":"UPDATED"}]}"#)
}

fn written() -> Answers {
    json_answer(201, r#"{"value":[{"request_id":"r-1"}]}"#)
}

/// The table is not there.
fn refused() -> Answers {
    json_answer(404, r#"{"error":{"code":"EntityNotFound","status":404}}"#)
}

/// The rows that were sent to the history, since this was last asked.
fn rows_sent(app: &App<FakeHost>) -> Vec<Value> {
    let sent = app.host.sent.take();
    let of_history = sent.iter().filter(|it| it.target.contains("actividad"));
    of_history
        .map(|request| {
            assert_eq!(request.method, "POST");
            serde_json::from_slice(&request.body).expect("JSON")
        })
        .collect()
}

fn lines_of(app: &App<FakeHost>, outcome: &str) -> Vec<Value> {
    let lines = app.host.lines.borrow();
    let lines = lines.iter().map(|line| serde_json::from_str(line));
    let lines = lines.map(|line: Result<Value, _>| line.expect("JSON"));
    lines.filter(|line| line["outcome"] == outcome).collect()
}

#[test]
fn a_callback_has_a_row_with_what_the_log_says_of_it() {
    let app = dab(&[]);
    app.host.will([updated(), written()]);
    assert_eq!(post(&app, TOKEN, BODY).status, 200);
    assert_eq!(
        rows_sent(&app),
        [json!({
            "request_id": "r-1", "received_at": "2026-01-02T03:04:05.000000Z", "source": "a360",
            "outcome": "updated", "status": "200", "row_key": "d-1", "ms": "0.0"
        })]
    );
    assert_eq!(app.host.lines.borrow().len(), 1, "the audit line alone");
    let without = dab(&[("activity_table", "-")]);
    without.host.will([updated()]);
    post(&without, TOKEN, BODY);
    assert_eq!(app.host.accesses, without.host.accesses);
}

#[test]
fn by_default_nothing_is_sent() {
    let app = app(&[("data_api", "dab")]);
    app.host.will([updated()]);
    post(&app, TOKEN, BODY);
    assert_eq!(app.host.sent.take().len(), 1);
}

#[test]
fn the_row_is_written_after_everything_else() {
    let app = dab(&[]);
    app.host.will([updated(), written()]);
    let headers = [("x-authorization", TOKEN)];
    let (response, after) = block_on(app.respond(request("POST", PATH, &headers, BODY)));
    assert_eq!(response.status.as_u16(), 200);
    assert_eq!(app.host.sent.borrow().len(), 1);
    assert!(app.host.lines.borrow().is_empty());
    block_on(app.follow_up(after));
    assert_eq!(rows_sent(&app).len(), 1);
}

#[test]
fn a_refused_payload_has_a_row_without_its_body() {
    let app = dab(&[]);
    app.host.will([written()]);
    let seen = post(
        &app,
        TOKEN,
        r#"{"deploymentId":"d-2","status":7,"secreto":"ñ"}"#,
    );
    assert_eq!(seen.status, 422);
    let [row] = &rows_sent(&app)[..] else {
        panic!("one row")
    };
    assert_eq!(
        (&row["status"], &row["row_key"]),
        (&"422".into(), &"d-2".into())
    );
    assert_eq!(row["outcome"], "invalid_callback");
    assert!(!row.to_string().contains("ñ"), "{row}");
}

#[test]
fn requests_without_a_valid_credential_and_those_of_operators_have_none() {
    let app = dab(&[]);
    assert_eq!(post(&app, "nekot", BODY).status, 401);
    let operator = ("authorization", format!("Bearer {OPERATOR}"));
    let operator = [(operator.0, operator.1.as_str())];
    for (path, headers) in [
        ("/health", &[][..]),
        ("/nothing", &[]),
        ("/admin/outbox/stats", &operator),
        ("/openapi.json", &operator),
    ] {
        send(&app, request("GET", path, headers, ""));
    }
    assert_eq!(app.host.take_sent(), [] as [&str; 0]);

    let key = signer::public_key("ed25519.pem");
    let both = [
        ("callback_auth_mode", "required"),
        ("jwt_public_key", key.as_str()),
    ];
    let app = dab(&both);
    assert_eq!(post(&app, TOKEN, BODY).status, 403);
    let open = dab(&[
        ("callback_auth_mode", "none"),
        ("environment", "development"),
    ]);
    open.host.will([updated()]);
    assert_eq!(post(&open, "nekot", BODY).status, 200);
    assert_eq!((rows_sent(&app).len(), rows_sent(&open).len()), (0, 0));
}

#[test]
fn every_source_has_rows_and_the_table_has_the_settings_name() {
    let secret = "s3creto-de-cal.com";
    let app = dab(&[("cal_secret", secret), ("activity_table", "historial")]);
    app.host.will([written()]);
    let body = r#"{"triggerEvent":"PING","payload":{}}"#;
    let signature = hex_by(secret, body.as_bytes());
    let headers = [("x-cal-signature-256", signature.as_str())];
    assert_eq!(
        send(&app, request("POST", "/webhook/cal", &headers, body)).status,
        200
    );
    let sent = app.host.sent.take();
    assert_eq!(sent[0].target, "http://localhost:5000/api/historial");
    let row: Value = serde_json::from_slice(&sent[0].body).expect("JSON");
    assert_eq!(
        (&row["source"], &row["row_key"]),
        (&"cal".into(), &Value::Null)
    );
}

#[test]
fn what_a_caller_sends_is_masked_as_in_the_log() {
    let app = dab(&[]);
    app.host.will([updated(), written()]);
    let body = format!(r#"{{"deploymentId":"{TOKEN}","status":"RUN_COMPLETED"}}"#);
    let headers = [("x-authorization", TOKEN), ("x-request-id", TOKEN)];
    send(&app, request("POST", PATH, &headers, &body));
    let [row] = &rows_sent(&app)[..] else {
        panic!("one row")
    };
    assert!(!row.to_string().contains(TOKEN), "{row}");
}

#[test]
fn a_row_that_is_not_written_is_tried_once_and_costs_nothing_else() {
    for answer in [
        refused(),
        json_answer(503, ""),
        json_answer(401, ""),
        Answers::Fails(SendError::Broken),
    ] {
        let app = dab(&[]);
        app.host.will([updated(), answer.clone()]);
        assert_eq!(post(&app, TOKEN, BODY).status, 200, "{answer:?}");
        assert_eq!(app.host.sent.take().len(), 2);
        let [line] = &lines_of(&app, "activity_not_written")[..] else {
            panic!("one line: {answer:?}")
        };
        assert_eq!(line["level"], "warn");
        assert!(
            line["failure"]
                .as_str()
                .is_some_and(|it| it.starts_with("data API: "))
        );
        assert_eq!(app.host.kept(), [] as [&str; 0], "nothing in the outbox");

        // What refuses the history refuses no change: neither readiness nor the next callback knows of it.
        app.host
            .will([json_answer(200, r#"{"status":"Healthy","version":"2"}"#)]);
        let ready = send(&app, request("GET", "/health/ready", &[], ""));
        assert_eq!(ready.body["checks"]["data_api"], "ok", "{answer:?}");
        app.host.will([updated()]);
        assert_eq!(post(&app, TOKEN, BODY).status, 200);
    }
}

#[test]
fn a_row_that_is_there_already_counts_as_written() {
    let app = dab(&[]);
    let conflict = r#"{"error":{"code":"DatabaseOperationFailed","status":409}}"#;
    app.host
        .will([updated(), json_answer(409, conflict), written()]);
    post(&app, TOKEN, BODY);
    assert_eq!(lines_of(&app, "activity_not_written").len(), 0);
}

#[test]
fn after_a_failure_there_is_a_pause_and_then_one_row_at_a_time() {
    let app = dab(&[]);
    app.host.will([updated(), refused()]);
    post(&app, TOKEN, BODY);
    app.host.will([updated()]);
    post(&app, TOKEN, BODY);
    let lines = lines_of(&app, "activity_not_written");
    assert_eq!(
        lines[1]["failure"],
        "not tried again yet: data API: status 404 Not Found, code EntityNotFound"
    );

    app.host.advance(Duration::from_secs(5));
    app.host.sent.take();
    app.host.will([updated(), written()]);
    post(&app, TOKEN, BODY);
    app.host.will([updated(), written()]);
    post(&app, TOKEN, BODY);
    assert_eq!(rows_sent(&app).len(), 2);
    assert_eq!(lines_of(&app, "activity_not_written").len(), 2);
}

#[test]
fn while_the_data_api_is_away_no_row_is_tried() {
    let app = dab(&[]);
    let away = || Answers::Fails(SendError::Refused);
    app.host.will([away(), away()]);
    assert_eq!(post(&app, TOKEN, BODY).status, 202);
    assert_eq!(app.host.sent.take().len(), 2, "the callback's two attempts");
    let [line] = &lines_of(&app, "activity_not_written")[..] else {
        panic!("one line")
    };
    assert_eq!(line["failure"], "not tried: the data API was away just now");
}

#[test]
fn a_table_that_stalls_has_few_requests_at_a_time_and_a_line_a_second_counts_the_others() {
    let app = dab(&[]);
    let (number, headers) = (100, [("x-authorization", TOKEN)]);
    let after: Vec<_> = (0..number)
        .map(|_| {
            app.host.will([updated()]);
            block_on(app.respond(request("POST", PATH, &headers, BODY))).1
        })
        .collect();
    app.host.sent.take();
    // No more of them than this: the fake has no answer for a fifth.
    app.host.will((0..4).map(|_| Answers::Stalls));
    block_on(join_all(
        after.into_iter().map(|after| app.follow_up(after)),
    ));
    assert_eq!(rows_sent(&app).len(), 4);
    let lines = lines_of(&app, "activity_not_written");
    let counted = |line: &Value| 1 + line["repeated"].as_u64().unwrap_or(0);
    assert_eq!(lines.iter().map(counted).sum::<u64>(), number);
    assert!(lines.len() < 8, "{lines:?}");
}

#[test]
fn rows_that_come_at_once_wait_for_each_other() {
    let app = dab(&[]);
    let headers = [("x-authorization", TOKEN)];
    let after: Vec<_> = (0..20)
        .map(|_| {
            app.host.will([updated()]);
            block_on(app.respond(request("POST", PATH, &headers, BODY))).1
        })
        .collect();
    app.host.sent.take();
    app.host.will((0..20).map(|_| written()));
    block_on(join_all(
        after.into_iter().map(|after| app.follow_up(after)),
    ));
    assert_eq!(rows_sent(&app).len(), 20);
}
