//! BlizWork's calls: checked with its API, kept, answered, and only then delivered.

use super::*;

const HOOK: &str = "/blizwork";
const API_TOKEN: &str = "s3cr3t/ñ-_.~";
const CALL: &str = r#"{"token":"call-1","processId":"ventas","caseNumber":39,"fields":{"a":[1]}}"#;

fn settings<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let own = [
        ("blizwork_api_origin", "https://api.example"),
        ("blizwork_api_token", API_TOKEN),
        ("blizwork_endpoint_url", "https://sam.example/blizwork"),
    ];
    [&own, more].concat()
}

fn hook(more: &[(&str, &str)]) -> App<FakeHost> {
    app(&settings(more))
}

fn verdict(code: &str) -> Answers {
    json_answer(
        200,
        &format!(r#"{{"resultCode":{code},"resultMessage":"…"}}"#),
    )
}

fn call(app: &App<FakeHost>, body: &str) -> Seen {
    send(app, request("POST", HOOK, &[("x-request-id", "r-1")], body))
}

/// What came back, whole.
fn bytes(app: &App<FakeHost>, request: Request<Whole>) -> (u16, BTreeMap<String, String>, Vec<u8>) {
    let (response, after) = block_on(app.respond(request));
    block_on(app.follow_up(after));
    let headers = by_name(&response.headers);
    (response.status.as_u16(), headers, response.body)
}

#[test]
fn a_call_is_checked_by_exactly_the_documented_request() {
    let app = hook(&[]);
    app.host.will([verdict("0")]);
    let seen = call(&app, CALL);
    assert_eq!(seen.status, 202);
    let sent = app.host.sent.take();
    let [sent] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(sent.method, "POST");
    assert_eq!(
        sent.target,
        "https://api.example/utils/validatecall/s3cr3t%2F%C3%B1-_.~"
    );
    assert_eq!(
        sent.body,
        r#"{"endpoint":"https://sam.example/blizwork","token":"call-1"}"#
    );
    let headers = by_name(&sent.headers);
    assert_eq!(headers["content-length"], sent.body.len().to_string());
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["accept"], "application/json");
    assert_eq!(headers.len(), 3);
}

#[test]
fn a_valid_call_is_kept_answered_and_then_delivered() {
    let app = hook(&[]);
    app.host.will([verdict("0")]);
    let (response, after) = block_on(app.respond(request("POST", HOOK, &[], CALL)));
    assert_eq!(response.status, 202);
    // Whatever happens from here on, it is not lost.
    assert_eq!(app.host.stored("0-outbox/a/").len(), 1);
    assert_eq!(app.host.stored("eventos"), [""; 0]);
    block_on(app.follow_up(after));
    assert_eq!(app.host.stored("0-outbox/"), [""; 0]);
    let keys = app.host.stored("eventos_blizwork:");
    let key = keys.iter().find(|key| !key.ends_with(":turn"));
    let key = key.expect("a row");
    let store = app.host.store.borrow();
    let row: Value = serde_json::from_slice(&store[key]).expect("JSON");
    let hash = <sha2::Sha256 as sha2::Digest>::digest("call-1");
    assert_eq!(row["token_hash"], base16ct::lower::encode_string(&hash));
    assert_eq!(row["payload"], CALL);
    assert_eq!(row["process_id"], "ventas");
    assert_eq!(row["case_number"], "39");
    assert_eq!(row.get("environment"), None);
    assert_eq!(row["received_at"], "2026-01-02T03:04:05.000000Z");

    let lines = app.host.lines.borrow();
    let outcomes = lines.iter().map(|line| {
        let line: Value = serde_json::from_str(line).expect("JSON");
        format!("{} {}", line["outcome"], line["level"])
    });
    let outcomes: Vec<_> = outcomes.collect();
    assert_eq!(outcomes, [r#""accepted" "info""#, r#""updated" "info""#]);
    let all = lines.concat();
    assert!(!all.contains("call-1") && !all.contains("s3cr3t"), "{all}");
}

#[test]
fn what_a_power_cut_left_is_delivered_by_whoever_comes_next() {
    let app = hook(&[]);
    app.host.will([verdict("0")]);
    let (response, _) = block_on(app.respond(request("POST", HOOK, &[], CALL)));
    assert_eq!(response.status, 202);
    // For so long it is left to the instance that has accepted it.
    app.host.advance(Duration::from_secs(10));
    let next = load(app.host.beside());
    send(&next, request("GET", "/health", &[], ""));
    assert_eq!(next.host.stored("0-outbox/"), [""; 0]);
    assert!(!next.host.stored("eventos_blizwork:").is_empty());
}

#[test]
fn a_call_that_is_not_valid_gets_what_an_unknown_path_gets_after_the_same_work() {
    let app = hook(&[
        ("failed_attempts_per_minute", "3"),
        ("max_body_bytes", "2000"),
    ]);
    let headers = [("x-request-id", "r-1")];
    let (long, huge) = ("x".repeat(257), " ".repeat(2001));
    let long = format!(r#"{{"token":"{long}"}}"#);
    let elsewhere = |method, body| bytes(&app, request(method, "/blizworks", &headers, body));
    for (method, body, is_asked) in [
        ("POST", r#"{"token":"refused"}"#, true),
        ("POST", "{}", true),
        ("POST", "", true),
        ("POST", "[1]", true),
        ("POST", r#"{"token":"#, true),
        ("POST", "\u{0}", true),
        ("POST", r#"{"token":1}"#, true),
        ("POST", r#"{"token":""}"#, true),
        ("POST", r#"{"token":"a","token":"b"}"#, true),
        ("POST", r#"{"token":"\ud800"}"#, true),
        ("POST", r#"{"Token":"a"}"#, true),
        // Other ways to write a token that is good.
        ("POST", r#"{"token":"call-1 "}"#, true),
        ("POST", r#"{"token":"\tcall-1"}"#, true),
        ("POST", r#"{"token":"call-1\u0000"}"#, true),
        ("POST", r#"{"token":"\u00a0call-1"}"#, true),
        ("POST", &long, true),
        ("POST", &huge, false),
        ("GET", "", false),
        ("PUT", CALL, false),
        ("OPTIONS", "", false),
    ] {
        if is_asked {
            app.host.will([verdict("1")]);
        }
        let told = bytes(&app, request(method, HOOK, &headers, body));
        assert_eq!(told, elsewhere(method, body), "{method} {body:.40}");
        assert_eq!(told.0, 404);
        assert!(app.host.answers.borrow().is_empty(), "{method} {body:.40}");
        let sent = app.host.sent.take();
        assert_eq!(sent.len(), usize::from(is_asked), "{method} {body:.40}");
    }
    // Not even where nobody has made the token that stands in for what is none.
    app.host.will([verdict("0")]);
    assert_eq!(call(&app, "{}").status, 404);
    // And none is felt at another door.
    let stored = app.host.kept();
    let of_checks = |key: &String| key.starts_with("checks/");
    assert!(stored.iter().all(of_checks), "{stored:?}");
    assert_eq!(post(&app, "wrong", BODY).status, 401);
}

#[test]
fn a_token_is_good_once() {
    let app = hook(&[]);
    app.host
        .will([verdict("0"), verdict("0"), verdict("0"), verdict("0")]);
    assert_eq!(call(&app, CALL).status, 202);
    let before = app.host.stored("");
    let again = call(&app, CALL);
    assert_eq!(
        (again.status, &again.body["code"]),
        (404, &json!("not_found"))
    );
    assert_eq!(again.line["outcome"], "replayed");
    let other = load(app.host.beside());
    other.host.will([verdict("0")]);
    let forged = CALL.replace("ventas", "otra");
    assert_eq!(call(&other, &forged).status, 404);
    assert_eq!(call(&app, &CALL.replace("call-1", "call-2")).status, 202);
    let payloads = app.host.store.borrow();
    let payloads = payloads.values().filter(|value| {
        let value = String::from_utf8_lossy(value);
        value.contains("otra")
    });
    assert_eq!(payloads.count(), 0);
    assert!(before.iter().any(|key| key.starts_with("seen/")));
    let kept = app.host.store.borrow();
    let all: Vec<_> = kept.values().flatten().copied().collect();
    assert!(!String::from_utf8_lossy(&all).contains("\"call-1\""));
}

#[test]
fn of_calls_with_one_token_at_once_one_is_taken() {
    for number in [2, 5, 16] {
        let app = hook(&[]);
        let other = load(app.host.beside());
        let instances = [&app, &other];
        for instance in instances {
            instance.host.will((0..number).map(|_| verdict("0")));
        }
        let calls = (0..number).map(|n| {
            let body = CALL.replace("ventas", &format!("p-{n}"));
            instances[n % 2].respond(request("POST", HOOK, &[], &body))
        });
        let all = block_on(futures_util::future::join_all(calls));
        let taken = all.iter().filter(|(reply, _)| reply.status == 202).count();
        assert_eq!(taken, 1, "{number}");
        assert_eq!(app.host.stored("0-outbox/").len(), 1, "{number}");
    }
}

#[test]
fn of_calls_with_one_token_at_once_the_outbox_never_has_another_than_the_one_that_counts() {
    // Whoever comes may deliver what is in there, and a power cut leaves it as it is.
    let app = hook(&[]);
    app.host.will((0..5).map(|_| verdict("0")));
    let under_way = std::cell::Cell::new(true);
    let calls = async {
        let calls = (0..5).map(|n| {
            let body = CALL.replace("ventas", &format!("p-{n}"));
            app.respond(request("POST", HOOK, &[], &body))
        });
        futures_util::future::join_all(calls).await;
        under_way.set(false);
    };
    let watch = async {
        let mut most = 0;
        while under_way.get() {
            most = most.max(app.host.stored("0-outbox/").len());
            app.host.sleep(Duration::ZERO).await;
        }
        most
    };
    let ((), most) = block_on(futures_util::future::join(calls, watch));
    assert_eq!((most, app.host.stored("0-outbox/").len()), (1, 1));
}

#[test]
fn of_calls_with_one_token_at_once_an_instance_takes_one() {
    for number in [2, 16] {
        let app = hook(&[]);
        app.host.will((0..number).map(|_| verdict("0")));
        let calls = (0..number).map(|n| {
            let body = CALL.replace("ventas", &format!("p-{n}"));
            app.respond(request("POST", HOOK, &[], &body))
        });
        let all = block_on(futures_util::future::join_all(calls));
        let taken = all.iter().filter(|(reply, _)| reply.status == 202);
        assert_eq!(taken.count(), 1, "{number}");
    }
}

#[test]
fn where_the_token_cannot_be_checked_nothing_is_accepted() {
    let app = hook(&[]);
    let nonsense = |body: &str| json_answer(200, body);
    for answer in [
        Answers::Fails(SendError::Refused),
        Answers::Fails(SendError::Denied),
        Answers::Stalls,
        Answers::Halts(200, r#"{"resultCode":0"#.to_owned()),
        Answers::BreaksOff(200, r#"{"resultCode":0}"#.to_owned()),
        Answers::With(5001, 200, &[], r#"{"resultCode":0}"#.to_owned()),
        json_answer(500, r#"{"resultCode":0}"#),
        json_answer(401, r#"{"resultCode":1}"#),
        json_answer(302, r#"{"resultCode":0}"#),
        verdict("2"),
        verdict("-1"),
        verdict("\"0\""),
        verdict("0.0"),
        verdict("null"),
        verdict("1e99"),
        nonsense(""),
        nonsense("OK"),
        nonsense("[0]"),
        nonsense("{}"),
        nonsense(r#"{"resultcode":0}"#),
        nonsense(r#"{"resultCode":0,"resultCode":1}"#),
    ] {
        for body in [CALL, "{}"] {
            app.host.will([answer.clone()]);
            let seen = call(&app, body);
            assert_eq!(seen.status, 503, "{answer:?}");
            assert_eq!(seen.body["code"], "unavailable");
            assert!(seen.headers.contains_key("retry-after"));
            let failure = seen.line["failure"].as_str().expect("why");
            assert!(failure.starts_with("call token: "), "{failure}");
        }
        assert_eq!(app.host.kept(), [""; 0], "{answer:?}");
    }
    // A code that is the token, and short enough for a log.
    let told = json!({"error": "call-1"}).to_string();
    app.host.will([json_answer(500, &told)]);
    assert_eq!(call(&app, CALL).status, 503);
    let lines = app.host.lines.borrow().concat();
    assert!(!lines.contains("call-1"), "{lines}");
    // Just in time.
    let answer = Answers::With(4999, 200, &[], r#"{"resultCode":0}"#.to_owned());
    app.host.will([answer]);
    assert_eq!(call(&app, CALL).status, 202);
}

#[test]
fn what_the_store_does_not_keep_is_not_acknowledged() {
    let mut app = hook(&[]);
    app.host.store_fails = true;
    app.host.will([verdict("0")]);
    let seen = call(&app, CALL);
    assert_eq!(
        (seen.status, &seen.body["code"]),
        (503, &json!("unavailable"))
    );
    let lines = app.host.lines.borrow();
    let failure = r#""failure":"key-value store: the store is broken""#;
    assert!(lines[0].contains(failure), "{lines:?}");
}

#[test]
fn a_call_that_was_not_kept_may_come_again() {
    let mut host = FakeHost::with(&settings(&[("callback_token", TOKEN)]));
    host.refuses_writes_to = Some("0-outbox/");
    let mut app = load(host);
    app.host.will([verdict("0"), verdict("0")]);
    assert_eq!(call(&app, CALL).status, 503);
    app.host.refuses_writes_to = None;
    assert_eq!(call(&app, CALL).status, 202);
}

#[test]
fn a_valid_call_of_another_content_type_is_told_so() {
    let app = hook(&[]);
    app.host.will([verdict("0"), verdict("1")]);
    let plain = |body| {
        let headers = [("content-type", "text/plain")];
        send(&app, request("POST", HOOK, &headers, body)).status
    };
    assert_eq!((plain(CALL), plain(CALL)), (415, 404));
    app.host.will([verdict("0")]);
    assert_eq!(call(&app, CALL).status, 202);
}

#[test]
fn without_its_settings_it_is_not_there_and_with_half_of_them_it_is_shut() {
    let app = super::app(&[]);
    assert_eq!(call(&app, CALL).status, 404);
    for (given, missing) in [
        ("blizwork_api_token", "blizwork_endpoint_url"),
        ("blizwork_endpoint_url", "blizwork_api_token"),
    ] {
        let app = super::app(&[(given, "https://x.example")]);
        let seen = call(&app, CALL);
        assert_eq!(
            (seen.status, &seen.body["code"]),
            (503, &json!("misconfigured"))
        );
        let ready = send(&app, request("GET", "/health/ready", &[], ""));
        assert!(
            ready.body["problems"][missing].is_string(),
            "{}",
            ready.body
        );
        assert_eq!(post(&app, TOKEN, BODY).status, 200);
    }
    let app = hook(&[("blizwork_table", "no table"), ("root_path", "/api")]);
    let at = |path| send(&app, request("POST", path, &[], CALL)).status;
    assert_eq!((at("/api/blizwork"), at("/blizwork")), (503, 404));
}

#[test]
fn the_token_is_where_the_settings_say() {
    let app = hook(&[
        ("blizwork_token_field", "handshakeToken"),
        ("data_api", "postgrest"),
        ("blizwork_table", "calls"),
    ]);
    let body = r#"{"environment":"draft","processId":"p","processVersion":1,"caseNumber":39,
        "handshakeToken":"642c8f141be17c78c05bcb4c"}"#;
    app.host
        .will([verdict("0"), json_answer(201, r#"[{"token_hash":"h"}]"#)]);
    assert_eq!(call(&app, body).status, 202);
    let sent = app.host.sent.take();
    assert_eq!(
        sent[1].target,
        "http://localhost:5000/api/calls?on_conflict=token_hash&select=token_hash"
    );
    let row: Value = serde_json::from_slice(&sent[1].body).expect("JSON");
    assert_eq!(row["environment"], "draft");
    assert_eq!(row["process_version"], "1");
    assert_eq!(row["payload"], body);
}

#[test]
fn the_first_field_that_is_there_has_the_token() {
    let app = hook(&[]);
    for (body, token) in [
        (r#"{"handshakeToken":"a1"}"#, Some("a1")),
        (r#"{"token":"a2"}"#, Some("a2")),
        (r#"{"token":"x","handshakeToken":"a3"}"#, Some("a3")),
        (r#"{"token":"a4","handshakeToken":null}"#, Some("a4")),
        // That it cannot be one does not make the next one count.
        (r#"{"token":"a5","handshakeToken":""}"#, None),
        (r#"{"token":"a6","handshakeToken":7}"#, None),
        (
            r#"{"token":"a7","handshakeToken":"x","handshakeToken":"x"}"#,
            None,
        ),
        (r#"{"handshaketoken":"a8"}"#, None),
    ] {
        app.host
            .will([verdict(if token.is_some() { "0" } else { "1" })]);
        let status = call(&app, body).status;
        assert_eq!(status, if token.is_some() { 202 } else { 404 }, "{body}");
        let sent = app.host.sent.take();
        let asked: Value = serde_json::from_slice(&sent[0].body).expect("JSON");
        if let Some(token) = token {
            assert_eq!(asked["token"], token, "{body}");
        }
    }
}

#[test]
fn a_tokens_case_does_not_make_it_another_token() {
    let app = hook(&[]);
    let body = |token: &str| format!(r#"{{"handshakeToken":"{token}"}}"#);
    let token = "642c8f141be17c78c05bcb4c";
    app.host.will([verdict("0"), verdict("0"), verdict("0")]);
    assert_eq!(call(&app, &body(&token.to_uppercase())).status, 202);
    // It is asked for as it came: whether its case counts is BlizWork's to say.
    let asked: Value = serde_json::from_slice(&app.host.sent.take()[0].body).expect("JSON");
    assert_eq!(asked["token"], token.to_uppercase());
    for again in [token, "642C8f141be17c78c05bcb4C"] {
        let seen = call(&app, &body(again));
        assert_eq!(
            (seen.status, &seen.line["outcome"]),
            (404, &json!("replayed"))
        );
    }
    let hash = <sha2::Sha256 as sha2::Digest>::digest(token);
    let key = format!("eventos_blizwork:{}", base16ct::lower::encode_string(&hash));
    assert!(app.host.stored(&key).contains(&key));
}
