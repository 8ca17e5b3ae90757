//! Word before anybody asks: who looks, what that costs a callback, and what is told of it.

use super::*;

const SETTINGS: [(&str, &str); 4] = [
    ("data_api", "dab"),
    ("alert_origin", "https://chat.example"),
    ("alert_path", "/hook"),
    ("admin_token", OPERATOR),
];

const CHAT: &str = "https://chat.example/hook";

/// An application with this data API and this chat.
fn with(
    settings: &[(&str, &str)],
    data_api: impl Fn(&str) -> Answers + 'static,
    chat: impl Fn() -> Answers + 'static,
) -> App<FakeHost> {
    let app = app(settings);
    answering(&app, data_api, chat);
    app
}

/// From now on they answer like this.
fn answering(
    app: &App<FakeHost>,
    data_api: impl Fn(&str) -> Answers + 'static,
    chat: impl Fn() -> Answers + 'static,
) {
    let respond = move |url: &str| if url == CHAT { chat() } else { data_api(url) };
    *app.host.responder.borrow_mut() = Some(Box::new(respond));
}

fn updates(_: &str) -> Answers {
    json_answer(200, r#"{"value":[{"Resultado":"UPDATED"}]}"#)
}

fn away(_: &str) -> Answers {
    Answers::Fails(SendError::Refused)
}

/// It refuses each change for good, and is there.
fn refuses(url: &str) -> Answers {
    match url.ends_with("/ActualizarEjecucionDesdeCallback") {
        true => json_answer(400, r#"{"error":{"code":"BadRequest"}}"#),
        false => json_answer(200, "Healthy"),
    }
}

fn takes() -> Answers {
    json_answer(200, "ok")
}

/// The types of the alerts that were sent since this was last asked.
fn alerts(app: &App<FakeHost>) -> Vec<String> {
    let sent = app.host.sent.take();
    let sent = sent.iter().filter(|request| request.target == CHAT);
    let message_type = |request: &Request<bytes::Bytes>| {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        body["type"].as_str().expect("a type").to_owned()
    };
    sent.map(message_type).collect()
}

/// A probe comes each ten seconds for this long.
fn probed_for(app: &App<FakeHost>, seconds: u64) {
    for _ in 0..seconds / 10 {
        app.host.advance(Duration::from_secs(10));
        send(app, request("GET", "/health", &[], ""));
    }
}

fn drain(app: &App<FakeHost>) {
    let bearer = format!("Bearer {OPERATOR}");
    let headers = [("authorization", bearer.as_str())];
    let request = request("POST", "/admin/outbox/drain?all=true", &headers, "");
    let (response, after) = block_on(app.respond(request));
    assert_eq!(response.status.as_u16(), 200);
    block_on(app.follow_up(after));
}

#[test]
fn a_callback_that_is_taken_costs_no_access_more_for_those_who_want_alerts() {
    let cost = |settings: &[(&str, &str)]| {
        let app = with(settings, updates, takes);
        // The first look finds a marker that nobody has written.
        post(&app, TOKEN, BODY);
        let (accesses, shown) = (app.host.accesses.get(), app.host.shown.get());
        app.host.advance(Duration::from_secs(11));
        assert_eq!(post(&app, TOKEN, BODY).status, 200);
        assert_eq!(app.host.shown.get(), shown);
        app.host.accesses.get() - accesses
    };
    assert_eq!(cost(&SETTINGS), cost(&SETTINGS[..1]));
}

#[test]
fn where_nobody_wants_alerts_nothing_is_kept_of_them() {
    let app = with(&[SETTINGS[0], SETTINGS[3]], away, takes);
    assert_eq!(post(&app, TOKEN, BODY).status, 202);
    probed_for(&app, 600);
    drain(&app);
    assert_eq!(app.host.stored("0-alerts"), [""; 0]);
}

#[test]
fn a_data_api_that_is_away_is_told_by_whoever_delivers_for_all_and_so_is_that_it_is_back() {
    let app = with(&SETTINGS, away, takes);
    assert_eq!(post(&app, TOKEN, BODY).status, 202);
    probed_for(&app, 240);
    assert_eq!(alerts(&app), [""; 0]);
    probed_for(&app, 120);
    let both = [
        "sam_callback.data_api_away",
        "sam_callback.waiting_too_long",
    ];
    assert_eq!(alerts(&app), both);
    probed_for(&app, 3600);
    assert_eq!(alerts(&app), [""; 0]);
    answering(&app, updates, takes);
    probed_for(&app, 4800);
    assert_eq!(alerts(&app), ["sam_callback.recovered"; 2]);
    probed_for(&app, 1200);
    assert_eq!(alerts(&app), [""; 0]);
}

#[test]
fn an_outage_of_an_hour_costs_a_store_access_a_second_at_most() {
    let app = with(&SETTINGS, away, takes);
    assert_eq!(post(&app, TOKEN, BODY).status, 202);
    let before = app.host.accesses.get();
    probed_for(&app, 3600);
    let cost = app.host.accesses.get() - before;
    assert!(cost < 3600, "{cost}");
}

#[test]
fn a_dead_letter_is_told_after_the_reply() {
    let app = with(&SETTINGS, updates, takes);
    // From here on nobody has a reason to look into the outbox.
    assert_eq!(post(&app, TOKEN, BODY).status, 200);
    app.host.advance(Duration::from_secs(11));
    answering(&app, refuses, takes);
    let headers = [("x-authorization", TOKEN)];
    let (response, after) = block_on(app.respond(request("POST", PATH, &headers, BODY)));
    assert_eq!(response.status.as_u16(), 202);
    assert_eq!(alerts(&app), [""; 0]);
    block_on(app.follow_up(after));
    assert_eq!(alerts(&app), ["sam_callback.dead_letter"]);
    drain(&app);
    assert_eq!(alerts(&app), [""; 0]);
}

#[test]
fn a_chat_that_is_away_is_tried_again_as_probes_come() {
    let app = with(&SETTINGS, refuses, || away(""));
    assert_eq!(post(&app, TOKEN, BODY).status, 202);
    assert_eq!(alerts(&app), ["sam_callback.dead_letter"]);
    let lines = app.host.lines.borrow().join("\n");
    assert!(lines.contains(r#""outcome":"alert_not_sent""#), "{lines}");
    answering(&app, refuses, takes);
    probed_for(&app, 60);
    assert_eq!(alerts(&app), ["sam_callback.dead_letter"]);
    probed_for(&app, 1200);
    assert_eq!(alerts(&app), [""; 0]);
}

#[test]
fn alerts_with_a_setting_that_is_wrong_stop_nothing_else() {
    let app = with(&[SETTINGS[0], SETTINGS[2]], updates, takes);
    assert_eq!(post(&app, TOKEN, BODY).status, 200);
    let ready = send(&app, request("GET", "/health/ready", &[], ""));
    assert_eq!(ready.status, 503);
    assert!(
        ready.body["problems"]["alert_origin"].is_string(),
        "{}",
        ready.body
    );
}
