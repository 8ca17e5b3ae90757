//! What operators see of one deployment and of what was refused.

use super::*;

const ADMIN: (&str, &str) = ("admin_token", OPERATOR);

fn ask(app: &App<FakeHost>, path: &str) -> Seen {
    let bearer = format!("Bearer {OPERATOR}");
    send(app, request("GET", path, &[("authorization", &bearer)], ""))
}

fn wrong_token(app: &App<FakeHost>, body: &str) {
    assert_eq!(post(app, "otro-token", body).status, 401);
}

#[test]
fn a_callback_with_a_wrong_token_is_found_by_its_deployment() {
    let app = app(&[ADMIN, ("data_api", "dab")]);
    wrong_token(&app, BODY);
    assert!(app.host.sent.borrow().is_empty());
    let row = r#"{"value":[{"DeploymentId":"d-1","Estado":"RUNNING","ConCallback":false}]}"#;
    app.host.will([json_answer(201, row)]);
    let seen = ask(&app, "/admin/trace/d-1");
    assert_eq!(seen.status, 200);
    assert_eq!(
        app.host.take_sent(),
        ["POST http://localhost:5000/api/ConsultarEjecucion"]
    );
    assert_eq!(seen.body["rowState"], "found");
    assert_eq!(seen.body["row"]["Estado"], "RUNNING");
    let refusal = &seen.body["refusals"][0];
    for (field, expected) in [
        ("client", json!("10.0.0.9")),
        ("source", json!("a360")),
        ("status", json!(401)),
        ("code", json!("invalid_credentials")),
        ("deploymentId", json!("d-1")),
        ("verified", json!(false)),
        ("count", json!(1)),
    ] {
        assert_eq!(refusal[field], expected, "{field}");
    }
    let verdict = seen.body["verdict"].as_str().expect("text");
    assert!(verdict.starts_with("No llegó a SAM: "), "{verdict}");
    assert_eq!(seen.line["outcome"], "traced");
    assert_eq!(seen.line["deployment_id"], "d-1");
}

#[test]
fn a_change_that_waits_and_one_that_died_are_found_by_their_row() {
    let app = app(&[ADMIN, ("data_api", "postgrest"), ("data_api_path", "")]);
    for (answer, expected) in [
        (json_answer(404, r#"{"code":"PGRST202"}"#), "waiting"),
        (json_answer(400, r#"{"code":"22001"}"#), "dead"),
    ] {
        let body = BODY.replace("d-1", expected);
        app.host.will([answer]);
        assert_eq!(post(&app, TOKEN, &body).status, 202);
        app.host.will([json_answer(200, "[]")]);
        let seen = ask(&app, &format!("/admin/trace/{expected}"));
        assert_eq!(seen.body["rowState"], "absent");
        let [entry] = &seen.body["outbox"].as_array().expect("a list")[..] else {
            panic!("{}", seen.body);
        };
        assert_eq!(entry["state"], expected);
        assert_eq!(entry["key"], expected);
    }
}

#[test]
fn a_row_that_cannot_be_read_hides_nothing_else_and_the_log_has_the_reason() {
    let app = app(&[ADMIN, ("data_api", "dab")]);
    wrong_token(&app, BODY);
    let gone = r#"{"error":{"code":"EntityNotFound","message":"","status":404}}"#;
    for (answers, failure) in [
        (
            vec![json_answer(500, ""), json_answer(500, "")],
            "data API: status 500",
        ),
        (vec![json_answer(201, "[]")], "data API: status 201"),
        (
            vec![json_answer(404, gone)],
            "the database has no procedure",
        ),
    ] {
        app.host.will(answers);
        let seen = ask(&app, "/admin/trace/d-1");
        app.host.answers.take();
        assert_eq!(seen.body["rowState"], "unreadable", "{failure}");
        assert_eq!(seen.body["row"], Value::Null);
        assert_eq!(seen.body["refusals"].as_array().map(Vec::len), Some(1));
        let said = seen.line["failure"].as_str().expect("text");
        assert!(said.starts_with(failure), "{said}");
    }
}

#[test]
fn a_wrong_path_and_a_verified_body_that_is_no_callback_are_refusals_too() {
    let app = app(&[ADMIN]);
    let address = ("spin-client-addr", "10.0.0.7:1");
    let lost = request("POST", "/api/callbacks", &[address], BODY);
    assert_eq!(send(&app, lost).status, 404);
    let looked = request("GET", "/wp-login.php", &[address], "");
    assert_eq!(send(&app, looked).status, 404);
    let without_status = r#"{"deploymentId":"d-2"}"#;
    assert_eq!(post(&app, TOKEN, without_status).status, 422);
    let seen = ask(&app, "/admin/refusals?limit=10");
    let listed = seen.body["refusals"].as_array().expect("a list");
    let found: Vec<_> = listed
        .iter()
        .map(|it| (&it["code"], &it["deploymentId"], &it["verified"]))
        .collect();
    let (invalid, lost) = (json!("invalid_callback"), json!("not_found"));
    let (first, second) = (json!("d-1"), json!("d-2"));
    assert_eq!(
        found,
        [
            (&invalid, &second, &json!(true)),
            (&lost, &first, &json!(false))
        ]
    );
}

#[test]
fn what_is_accepted_leaves_no_refusal_and_touches_none() {
    let app = app(&[ADMIN, ("data_api", "dab")]);
    let updated = r#"{"value":[{"Resultado":"UPDATED"}]}"#;
    app.host.will([json_answer(201, updated)]);
    assert_eq!(post(&app, TOKEN, BODY).status, 200);
    assert_eq!(app.host.stored("0-refusals/"), [""; 0]);
}

#[test]
fn overdue_rows_are_the_databases_and_counted_at_most_once_a_minute() {
    let app = app(&[ADMIN, ("data_api", "postgrest"), ("overdue_minutes", "90")]);
    let rows = r#"[{"DeploymentId":"d-1","Estado":"RUNNING","FechaInicio":"2026-01-01T10:00:00"}]"#;
    app.host.will([
        json_answer(200, rows),
        json_answer(200, rows),
        json_answer(200, rows),
    ]);
    let seen = ask(&app, "/admin/overdue");
    let expected = json!({"status": "OK", "minutes": 90, "rows": [{
        "deploymentId": "d-1", "estado": "RUNNING", "fechaInicio": "2026-01-01T10:00:00"
    }]});
    assert_eq!((seen.status, seen.body), (200, expected));
    let sent = app.host.sent.take();
    assert_eq!(&sent[0].body[..], br#"{"Minutos":90}"#);
    for _ in 0..3 {
        assert_eq!(block_on(app.overdue_count()), Some(1));
    }
    assert_eq!(app.host.take_sent().len(), 1);
    app.host.advance(Duration::from_secs(60));
    assert_eq!(block_on(app.overdue_count()), Some(1));
    assert_eq!(app.host.take_sent().len(), 1);
}

#[test]
fn a_database_without_the_procedure_has_no_overdue_rows_to_show() {
    let missing = r#"{"code":"PGRST202","message":"…"}"#;
    for (settings, answers) in [
        (&[("data_api", "embedded")][..], vec![]),
        (
            &[("data_api", "dab"), ("sam_overdue_procedure", "-")],
            vec![],
        ),
        (
            &[("data_api", "postgrest")],
            vec![json_answer(404, missing); 2],
        ),
    ] {
        let app = app(&[&[ADMIN], settings].concat());
        app.host.will(answers);
        let seen = ask(&app, "/admin/overdue");
        assert_eq!(seen.status, 501, "{settings:?}");
        assert_eq!(seen.body["code"], "no_overdue_procedure");
        assert_eq!(block_on(app.overdue_count()), None);
    }
    let app = app(&[ADMIN, ("data_api", "postgrest")]);
    app.host.will([json_answer(404, "<html>")]);
    assert_eq!(
        ask(&app, "/admin/overdue").status,
        503,
        "somebody else has answered"
    );
}

#[test]
fn nothing_of_it_is_there_without_an_operators_token() {
    for path in ["/admin/trace/d-1", "/admin/overdue", "/admin/refusals"] {
        let without = app(&[]);
        assert_eq!(send(&without, request("GET", path, &[], "")).status, 404);
        let with = app(&[ADMIN]);
        assert_eq!(send(&with, request("GET", path, &[], "")).status, 401);
        assert_eq!(
            ask(&with, &format!("{path}?x=1")).status,
            if path.contains("trace") { 200 } else { 422 }
        );
    }
}
