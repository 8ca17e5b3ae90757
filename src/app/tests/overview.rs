//! Whether something is wrong, in one reply: what it says, and what it costs.

use futures_util::future::join_all;

use super::*;

const OVERVIEW: &str = "/admin/overview";
const REMOTE: [(&str, &str); 3] = [
    ("data_api", "dab"),
    ("admin_token", OPERATOR),
    ("sam_overdue_procedure", "-"),
];

fn ask(app: &App<FakeHost>, path: &str) -> (u16, Vec<u8>) {
    let bearer = format!("Bearer {OPERATOR}");
    let headers = [("authorization", bearer.as_str())];
    let (response, after) = block_on(app.respond(request("GET", path, &headers, "")));
    block_on(app.follow_up(after));
    (response.status.as_u16(), response.body)
}

fn overview(app: &App<FakeHost>) -> Value {
    let (status, body) = ask(app, OVERVIEW);
    assert_eq!(status, 200);
    serde_json::from_slice(&body).expect("JSON")
}

/// The data API's root, as its probe asks for it.
fn probe_answer() -> Answers {
    json_answer(
        200,
        r#"{"status":"Healthy","version":"2.1.5","app-name":"dab_oss_2.1.5"}"#,
    )
}

fn away() -> [Answers; 2] {
    [(); 2].map(|()| json_answer(503, ""))
}

#[test]
fn a_service_that_has_nothing_to_say_says_that() {
    let app = app(&[("admin_token", OPERATOR)]);
    let seen = overview(&app);
    let time = seen["time"].clone();
    let sample = seen["depth"][0]["time"].clone();
    let expected = json!({
        "version": env!("CARGO_PKG_VERSION"), "time": time, "settings": "ok", "problems": [],
        "embedded": true,
        "dataApi": {"state": "ok", "since": null, "failure": null, "checked": time},
        "outbox": {
            "waiting": 0, "dead": 0, "oldestSeconds": null, "causes": [], "counted": time,
        },
        "depth": [{"time": sample, "waiting": 0, "dead": 0}],
        "lastCallback": null, "refusals": [], "overdue": null,
    });
    assert_eq!(seen, expected);
}

#[test]
fn a_setting_that_says_which_data_api_it_is_and_is_wrong_is_shown() {
    let app = app(&[("admin_token", OPERATOR), ("data_api", "?")]);
    let seen = overview(&app);
    assert_eq!(seen["settings"], "invalid");
    assert_eq!(seen["problems"][0]["setting"], "data_api");
    assert_eq!(seen["dataApi"]["checked"], Value::Null);
    assert_eq!(seen["embedded"], false);
    let (_, metrics) = ask(&app, "/metrics");
    let metrics = String::from_utf8(metrics).expect("text");
    assert!(
        metrics.contains("\nsam_callback_data_api_up 0\n"),
        "{metrics}"
    );
    // What has to reach it is not done.
    let bearer = format!("Bearer {OPERATOR}");
    let headers = [("authorization", bearer.as_str())];
    let drain = request("POST", "/admin/outbox/drain", &headers, "");
    let (response, _) = block_on(app.respond(drain));
    assert_eq!(response.status.as_u16(), 503);
}

#[test]
fn it_says_since_when_the_data_api_is_away_and_what_waits_for_it() {
    let app = app(&REMOTE);
    app.host.will(away());
    let seen = post(&app, TOKEN, BODY);
    assert_eq!(seen.status, 202);
    // After a pause it was asked once more.
    let called = app.host.now();
    let called = json!(humantime::format_rfc3339_millis(called).to_string());
    app.host.advance(Duration::from_secs(4));
    app.host.will([json_answer(503, "")]);
    let seen = overview(&app);
    assert_eq!(seen["dataApi"]["state"], "failing");
    assert_eq!(seen["dataApi"]["since"], called);
    let failure = seen["dataApi"]["failure"].as_str().expect("a text");
    assert!(failure.contains("503"), "{failure}");
    assert_eq!(
        (&seen["lastCallback"], &seen["embedded"]),
        (&called, &json!(false))
    );
    let causes = json!([{"cause": "data_api_away", "state": "waiting", "count": 1}]);
    assert_eq!(seen["outbox"]["causes"], causes);
    assert_eq!(seen["outbox"]["oldestSeconds"], 4);
    // Another instance that was started anew knows it too.
    let host = app.host.beside();
    host.will([json_answer(503, "")]);
    let other = block_on(App::load(host, Arc::default()));
    let found = overview(&other);
    assert_eq!(found["dataApi"]["since"], called);
    assert_eq!(found["outbox"]["waiting"], 1);
}

#[test]
fn once_the_data_api_is_back_it_says_since_when() {
    let app = app(&REMOTE);
    app.host.will(away());
    assert_eq!(post(&app, TOKEN, BODY).status, 202);
    app.host.advance(Duration::from_secs(60));
    let back = app.host.now();
    app.host.will([
        probe_answer(),
        json_answer(201, r#"{"value":[{"Resultado":"UPDATED"}]}"#),
    ]);
    let seen = overview(&app);
    let since = humantime::format_rfc3339_millis(back).to_string();
    assert_eq!(
        (&seen["dataApi"]["state"], &seen["dataApi"]["since"]),
        (&json!("ok"), &json!(since))
    );
    assert_eq!(seen["dataApi"]["failure"], Value::Null);
}

#[test]
fn a_data_api_that_refuses_every_change_is_another_trouble() {
    let app = app(&REMOTE);
    app.host.will([json_answer(401, "")]);
    assert_eq!(post(&app, TOKEN, BODY).status, 202);
    let seen = overview(&app);
    assert_eq!(seen["dataApi"]["state"], "refusing");
    assert_eq!(seen["outbox"]["causes"][0]["cause"], "data_api_refuses");
}

#[test]
fn it_has_what_was_refused_and_how_many_rows_are_overdue() {
    let app = app(&REMOTE[..2]);
    assert_eq!(post(&app, "otro-token-cualquiera", BODY).status, 401);
    let rows = r#"{"value":[{"DeploymentId":"d-1","Estado":"RUNNING","FechaInicio":null}]}"#;
    app.host.will([probe_answer(), json_answer(200, rows)]);
    let seen = overview(&app);
    assert_eq!(seen["overdue"], json!({"count": 1}));
    assert_eq!(seen["refusals"][0]["code"], "invalid_credentials");
    assert_eq!(seen["refusals"][0]["verified"], false);
}

#[test]
fn a_setting_that_is_wrong_is_named_without_its_value() {
    let app = app(&[
        ("admin_token", OPERATOR),
        ("callback_auth_mode", "un-secreto"),
    ]);
    let seen = overview(&app);
    assert_eq!(seen["settings"], "invalid");
    assert_eq!(seen["problems"][0]["setting"], "callback_auth_mode");
    assert!(!seen.to_string().contains("un-secreto"));
    let (_, body) = ask(&app, "/metrics");
    let text = String::from_utf8(body).expect("text");
    assert!(text.contains("\nsam_callback_settings_ok 0\n"), "{text}");
}

#[test]
fn one_listing_answers_all_who_ask_for_a_while_that_grows_with_its_cost() {
    let mut app = app(&[("admin_token", OPERATOR)]);
    let bearer = format!("Bearer {OPERATOR}");
    let headers = [("authorization", bearer.as_str())];
    for number in 0..20 {
        let key = format!("0-outbox/d/019b7cd2b88-0000abc4-f{number:032x}");
        app.host.store.borrow_mut().insert(key, Vec::new());
    }
    let asked = (0..16).map(|_| app.respond(request("GET", OVERVIEW, &headers, "")));
    for (response, _) in block_on(join_all(asked)) {
        assert_eq!(response.status, 200);
    }
    let shown = app.host.shown.get();
    assert!(shown < 30, "{shown}");
    app.host.advance(Duration::from_millis(2500));
    overview(&app);
    let shown_twice = app.host.shown.get();
    assert!(shown_twice > shown);
    // What an operator does is seen at once.
    let path = "/admin/outbox/019b7cd2b88-0000abc4-f00000000000000000000000000000003";
    let (response, _) = block_on(app.respond(request("DELETE", path, &headers, "")));
    assert_eq!(response.status, 200);
    assert_eq!(overview(&app)["outbox"]["dead"], 19);
    // Where an access takes a second, the next listing comes half a minute later.
    app.host.access_takes = Duration::from_secs(1);
    app.host.advance(Duration::from_secs(3));
    overview(&app);
    let shown = app.host.shown.get();
    app.host.advance(Duration::from_secs(5));
    overview(&app);
    assert_eq!(app.host.shown.get(), shown);
}

#[test]
fn the_happy_path_costs_no_access_to_the_store_more() {
    let app = app(&REMOTE);
    let updated = || json_answer(201, r#"{"value":[{"Resultado":"UPDATED"}]}"#);
    app.host.will([updated(), updated()]);
    assert_eq!(post(&app, TOKEN, BODY).status, 200);
    // The first has looked at the outbox.
    let accesses = app.host.accesses.get();
    assert_eq!(post(&app, TOKEN, BODY).status, 200);
    assert_eq!(app.host.accesses.get(), accesses);
}

#[test]
fn readiness_asks_the_store_for_nothing_while_all_is_well() {
    let app = app(&REMOTE);
    app.host.will([probe_answer()]);
    let (response, after) = block_on(app.respond(request("GET", "/health/ready", &[], "")));
    assert_eq!(response.status, 200);
    assert!(!after.shares_availability);
    app.host.advance(Duration::from_secs(6));
    app.host.will([json_answer(503, "")]);
    let (response, after) = block_on(app.respond(request("GET", "/health/ready", &[], "")));
    assert_eq!(response.status, 503);
    block_on(app.follow_up(after));
    assert_eq!(app.host.stored("0-data-api").len(), 1);
}

#[test]
fn a_store_that_fails_is_said_plainly() {
    let mut app = app(&[("admin_token", OPERATOR)]);
    app.host.store_fails = true;
    for path in [OVERVIEW, "/metrics"] {
        assert_eq!(ask(&app, path).0, 503, "{path}");
    }
}

#[test]
fn metrics_are_the_same_figures_for_operators_alone() {
    let without = app(&[]);
    assert_eq!(ask(&without, "/metrics").0, 404);
    assert_eq!(ask(&without, OVERVIEW).0, 404);
    let app = app(&REMOTE);
    let (response, _) = block_on(app.respond(request("GET", "/metrics", &[], "")));
    assert_eq!(response.status, 401);
    app.host.will(away());
    assert_eq!(post(&app, TOKEN, BODY).status, 202);
    app.host.advance(Duration::from_secs(4));
    app.host.will([json_answer(503, "")]);
    let (status, body) = ask(&app, "/metrics");
    let text = String::from_utf8(body).expect("text");
    let values: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let version = env!("CARGO_PKG_VERSION");
    let expected = [
        "sam_callback_outbox_waiting 1",
        "sam_callback_outbox_dead 0",
        "sam_callback_outbox_oldest_seconds 4",
        "sam_callback_data_api_up 0",
        "sam_callback_settings_ok 1",
        &format!("sam_callback_build_info{{version=\"{version}\"}} 1"),
    ];
    assert_eq!((status, values.as_slice()), (200, expected.as_slice()));
}
