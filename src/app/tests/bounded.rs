//! What strangers can have done, and that nobody else notices.

use futures_util::future::join_all;

use super::*;
use crate::credentials::operations;
use crate::http::message::Body;

fn bearer(claims: &Value) -> String {
    let token = signer::token("RS256", "rsa", &json!({"alg": "RS256"}), claims);
    format!("Bearer {token}")
}

fn keys() -> String {
    let all: Value = serde_json::from_str(&signer::public_key("jwk.json")).expect("JSON");
    let keys: Vec<_> = (0..16)
        .map(|at| all[if at == 0 { "rsa" } else { "other-rsa" }].clone())
        .collect();
    json!({ "keys": keys }).to_string()
}

fn with_keys(settings: &[(&str, &str)]) -> App<FakeHost> {
    app(&[&[("jwt_public_key", keys().as_str())], settings].concat())
}

fn show(app: &App<FakeHost>, headers: &[(&str, &str)]) -> u16 {
    let address = ("spin-client-addr", "10.0.0.9:1");
    let headers = [&[address], headers].concat();
    let (response, _after) = block_on(app.respond(request("POST", PATH, &headers, BODY)));
    response.status.as_u16()
}

fn guess(app: &App<FakeHost>, number: usize) -> u16 {
    // Signed by nobody: the key of this signature is another one.
    let token = signer::token(
        "RS256",
        "other-rsa",
        &json!({"alg": "RS256"}),
        &json!({ "exp": 1, "jti": number }),
    );
    show(app, &[("authorization", &format!("Bearer {token}"))])
}

#[test]
fn a_client_over_its_limit_costs_no_more_operations_than_the_instance_has_for_it() {
    let app = with_keys(&[]);
    let valid = bearer(&json!({ "exp": 1_900_000_000 }));
    assert_eq!(show(&app, &[("authorization", &valid)]), 200);
    operations::take();
    for number in 0..20 {
        assert_eq!(guess(&app, number), 401);
    }
    assert!(operations::take() <= 40);
    for number in 20..220 {
        assert_eq!(guess(&app, number), 429);
        app.host.advance(Duration::from_millis(10));
    }
    // Two requests a second, of two operations each, and what had been saved.
    let done = operations::take();
    assert!(done <= 2 * (4 + 2 * 2), "{done}");
    // Whoever has a static token, or a token that is remembered, does not notice.
    for header in [
        ("authorization", valid.as_str()),
        ("x-authorization", TOKEN),
    ] {
        assert_eq!(show(&app, &[header]), 200);
    }
    assert_eq!(operations::take(), 0);
}

#[test]
fn a_new_instance_learns_who_is_over_the_limit_before_it_has_done_much() {
    let first = with_keys(&[]);
    for number in 0..20 {
        assert_eq!(guess(&first, number), 401);
    }
    let second = load(first.host.beside());
    operations::take();
    for number in 0..128 {
        assert_eq!(guess(&second, number), 429, "{number}");
    }
    let done = operations::take();
    assert!(done <= 2, "{done}");
}

#[test]
fn a_static_token_beside_a_new_jwt_is_not_refused_for_what_others_do() {
    let app = with_keys(&[("callback_auth_mode", "required")]);
    for number in 0..40 {
        guess(&app, number);
    }
    for number in 0..20 {
        let valid = bearer(&json!({ "exp": 1_900_000_000, "jti": number }));
        let headers = [
            ("authorization", valid.as_str()),
            ("x-authorization", TOKEN),
        ];
        assert_eq!(show(&app, &headers), 200, "{number}");
    }
}

/// Sends this much, and then nothing more.
struct Stops(usize);

impl Body for Stops {
    type Error = ();

    async fn read(&mut self, buffer: &mut Vec<u8>) -> Result<bool, ()> {
        if self.0 == 0 {
            return std::future::pending().await;
        }
        let room = (buffer.capacity() - buffer.len()).min(self.0);
        buffer.resize(buffer.len() + room, b'x');
        self.0 -= room;
        Ok(true)
    }
}

fn stop(app: &App<FakeHost>, path: &str, headers: &[(&str, &str)]) -> (u16, Duration) {
    let length = ("content-length", "1048576");
    let Request {
        method,
        target,
        headers,
        ..
    } = request("POST", path, &[&[length], headers].concat(), "");
    let began = app.host.monotonic();
    let (response, _after) = block_on(app.respond(Request {
        method,
        target,
        headers,
        body: Stops((1 << 20) - 1),
    }));
    (response.status.as_u16(), app.host.monotonic() - began)
}

#[test]
fn a_body_that_never_ends_has_its_time_at_every_endpoint() {
    let app = app(&[
        ("webhook_secret", "un-secreto-de-mensajes"),
        ("admin_token", "un-token-de-operador"),
    ]);
    let second = Duration::from_secs;
    let signature = "ab".repeat(32);
    for (path, header, status, took) in [
        (PATH, ("x-other", ""), 401, 5),
        (PATH, ("x-authorization", "guess"), 401, 5),
        (PATH, ("x-authorization", TOKEN), 400, 30),
        ("/webhook/receive", ("x-other", ""), 401, 5),
        ("/webhook/receive", ("x-webhook-signature", "abc"), 401, 5),
        (
            "/webhook/receive",
            ("x-webhook-signature", &signature),
            400,
            30,
        ),
        ("/admin/outbox", ("authorization", "Bearer guess"), 401, 5),
        ("/health", ("x-other", ""), 405, 5),
        ("/nowhere", ("x-other", ""), 404, 5),
    ] {
        assert_eq!(
            stop(&app, path, &[header]),
            (status, second(took)),
            "{path} {header:?}"
        );
    }
}

#[test]
fn what_a_client_is_refused_over_its_limit_is_one_line_a_second_with_its_number() {
    let app = app(&[]);
    let headers = [
        ("x-authorization", "guess"),
        ("spin-client-addr", "10.0.0.9:1"),
    ];
    let all = (0..3000).map(|_| async {
        let (response, after) = app.respond(request("POST", PATH, &headers, BODY)).await;
        app.follow_up(after).await;
        response.status.as_u16()
    });
    let statuses = block_on(join_all(all));
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 20);
    let lines = app.host.lines.take();
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let of = |status: u64| {
        let of = lines.iter().filter(|line| line["status"] == status);
        let requests = of
            .clone()
            .map(|line| 1 + line["repeated"].as_u64().unwrap_or(0));
        (of.count(), requests.sum::<u64>())
    };
    assert_eq!(of(429), (1, 2980));
    assert!(of(401).0 <= 20 && of(401).1 == 20);
}

#[test]
fn valid_callers_have_a_line_for_each_request() {
    let app = app(&[]);
    let headers = [("x-authorization", TOKEN)];
    let all = (0..100).map(|_| async {
        let (_, after) = app.respond(request("POST", PATH, &headers, BODY)).await;
        app.follow_up(after).await;
    });
    block_on(join_all(all));
    assert_eq!(app.host.lines.borrow().len(), 100);
}

#[test]
fn strangers_do_not_have_blizworks_api_asked_as_often_as_they_like() {
    let app = app(&[
        ("blizwork_api_origin", "https://api.example"),
        ("blizwork_api_token", "s3cr3t"),
        ("blizwork_endpoint_url", "https://sam.example/blizwork"),
    ]);
    let call = || {
        app.host.answers.borrow_mut().clear();
        app.host
            .will([json_answer(200, r#"{"resultCode":1,"resultMessage":""}"#)]);
        let seen = request("POST", "/blizwork", &[], r#"{"token":"guess"}"#);
        let (response, _after) = block_on(app.respond(seen));
        app.host.advance(Duration::from_millis(10));
        response.status.as_u16()
    };
    for _ in 0..500 {
        assert_eq!(call(), 404);
    }
    let asked = app.host.sent.take().len();
    // As often as a client may be refused in a minute, and then twice a second.
    assert!((60..=60 + 4 + 2 * 5).contains(&asked), "{asked}");
    // The other doors do not know of it.
    assert_eq!(show(&app, &[("x-authorization", "guess")]), 401);
}
