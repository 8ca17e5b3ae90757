//! Servers that fail, each in its own way.

use std::time::Duration;

use futures_executor::block_on;

use super::*;
use crate::delivery::tests::{Desk, change, event};
use crate::delivery::{Applied, DeliveryError, Effort, Outcome};
use crate::ports::SendError;
use crate::testing::{Answers, json};

const UPDATED: &str = r#"{"value":[{"Resultado":"UPDATED"}]}"#;

fn desk() -> Desk {
    Desk::with(&[("data_api", "dab")])
}

fn updated() -> Answers {
    json(201, UPDATED)
}

fn after(seconds: &'static str) -> Answers {
    let headers: &[(&str, &str)] = match seconds {
        "0" => &[("retry-after", "0")],
        "2" => &[("retry-after", "2")],
        "4" => &[("retry-after", "4")],
        _ => &[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")],
    };
    Answers::With(0, 429, headers, String::new())
}

fn text(tried: &Applied) -> String {
    tried.result.as_ref().expect_err("a failure").to_string()
}

#[test]
fn what_may_well_pass_in_a_moment_has_a_second_attempt() {
    let halted = || Answers::Halts(200, "{\"val".to_owned());
    for (first, told) in [
        (Answers::Fails(SendError::Refused), "connection refused"),
        (Answers::Fails(SendError::Broken), "connection broken"),
        (
            Answers::BreaksOff(200, "{\"val".to_owned()),
            "status 200 OK, but the reply broke off: connection broken",
        ),
        (Answers::Stalls, "no whole reply within 5000 ms"),
        (halted(), "no whole reply within 5000 ms"),
        (json(429, ""), "status 429 Too Many Requests, no body"),
        (json(502, "<html>"), "status 502 Bad Gateway, an HTML page"),
        (
            json(503, "{}"),
            "status 503 Service Unavailable, no error code",
        ),
        (json(504, ""), "status 504 Gateway Timeout, no body"),
        // A snapshot conflict.
        (
            json(409, r#"{"error":{"code":"DatabaseOperationFailed"}}"#),
            "status 409 Conflict, code DatabaseOperationFailed",
        ),
    ] {
        let desk = desk();
        let tried = desk.try_out(&change("d-1"), [first.clone(), updated()]);
        assert_eq!(tried.result, Ok(Outcome::Updated), "{first:?}");
        assert_eq!(tried.retried.expect("it was").to_string(), told);
        let sent = desk.host.take_sent();
        assert_eq!(sent[0], sent[1]);

        let tried = desk.try_out(&change("d-1"), [first.clone(), first.clone()]);
        // The second attempt has what is left of the time.
        let told = told.trim_end_matches("5000 ms");
        assert!(text(&tried).starts_with(&format!("data API: {told}")));
        assert!(tried.result.expect_err("a failure").is_retryable());
    }
}

#[test]
fn what_a_second_attempt_cannot_mend_has_none() {
    let page = "x".repeat((1 << 20) + 1);
    for (answer, told, may_pass) in [
        (
            json(400, r#"{"error":{"code":"BadRequest"}}"#),
            "status 400 Bad Request, code BadRequest",
            false,
        ),
        (json(401, ""), "status 401 Unauthorized, no body", true),
        (json(403, ""), "status 403 Forbidden, no body", true),
        (json(404, ""), "status 404 Not Found, no body", true),
        (
            json(413, "<html>"),
            "status 413 Payload Too Large, an HTML page",
            false,
        ),
        (json(301, ""), "status 301 Moved Permanently, no body", true),
        (
            json(500, r#"{"error":{"code":"DatabaseOperationFailed"}}"#),
            "status 500 Internal Server Error, code DatabaseOperationFailed",
            true,
        ),
        (
            json(200, "<html>"),
            "status 200 OK, but it is an HTML page",
            true,
        ),
        (
            json(200, "{\"value\":["),
            "status 200 OK, but its JSON is cut off",
            true,
        ),
        (json(200, "OK"), "status 200 OK, but it is not JSON", true),
        (json(200, ""), "status 200 OK, but its body is empty", true),
        (
            json(200, &page),
            "status 200 OK, but the reply has more than 1 MiB",
            true,
        ),
        (
            json(500, &page),
            "status 500 Internal Server Error, no error code",
            true,
        ),
        (
            Answers::Fails(SendError::Denied),
            "the host does not allow requests there",
            true,
        ),
        (Answers::Fails(SendError::Tls), "TLS failed", true),
    ] {
        let tried = desk().try_out(&change("d-1"), [answer]);
        assert_eq!(text(&tried), format!("data API: {told}"));
        assert!(tried.retried.is_none());
        assert_eq!(
            tried.result.expect_err("a failure").is_retryable(),
            may_pass,
            "{told}"
        );
    }
}

#[test]
fn a_refusal_whose_body_is_lost_is_nobodys_last_word() {
    let halts = |status| Answers::Halts(status, "{\"err".to_owned());
    let breaks = |status| Answers::BreaksOff(status, "{\"err".to_owned());
    for answer in [halts(400), breaks(400)] {
        let tried = desk().try_out(&change("d-1"), [answer]);
        let told = "data API: status 400 Bad Request, no error code";
        assert_eq!(text(&tried), told);
        assert!(tried.result.expect_err("a failure").is_retryable());
    }
    for answer in [halts(503), breaks(503)] {
        let outcome = desk().apply(&change("d-1"), [answer, updated()]);
        assert_eq!(outcome, Ok(Outcome::Updated));
    }
}

#[test]
fn a_server_that_says_when_is_asked_then_or_not_at_all() {
    for (wanted, pause) in [("0", 0), ("2", 2)] {
        let desk = desk();
        let began = desk.host.monotonic();
        let outcome = desk.apply(&change("d-1"), [after(wanted), updated()]);
        assert_eq!(outcome, Ok(Outcome::Updated));
        let pause = Duration::from_secs(pause);
        let waited = desk.host.monotonic() - began;
        assert!((pause..=pause + PAUSE).contains(&waited), "{waited:?}");
    }
    for wanted in ["4", "a date"] {
        let tried = desk().try_out(&change("d-1"), [after(wanted)]);
        assert!(tried.retried.is_none() && tried.result.is_err());
    }
}

#[test]
fn a_pause_is_short_and_not_always_the_same() {
    let desk = desk();
    let mut pauses: Vec<_> = (0..20)
        .map(|_| {
            let began = desk.host.monotonic();
            let refused = Answers::Fails(SendError::Refused);
            desk.apply(&change("d-1"), [refused, updated()])
                .expect("made");
            desk.host.monotonic() - began
        })
        .collect();
    assert!(
        pauses
            .iter()
            .all(|pause| (PAUSE..=2 * PAUSE).contains(pause))
    );
    pauses.sort();
    pauses.dedup();
    assert!(pauses.len() > 10, "{pauses:?}");
}

#[test]
fn nobody_waits_longer_than_a_caller_does() {
    for timeout in ["10000", "7000", "5000", "1"] {
        let desk = Desk::with(&[("data_api", "dab"), ("data_api_timeout_ms", timeout)]);
        let began = desk.host.monotonic();
        let mut answers = vec![Answers::Stalls];
        if timeout != "10000" {
            answers.push(Answers::Stalls);
        }
        let outcome = desk.apply(&change("d-1"), answers);
        assert!(matches!(
            outcome,
            Err(DeliveryError::Remote(OutboundError::TimedOut(_)))
        ));
        assert!(desk.host.monotonic() - began <= DEADLINE, "{timeout}");
    }
}

#[test]
fn one_second_chance_is_all_a_change_has() {
    let desk = Desk::with(&[("data_api", "postgrest"), ("sam_write", "table")]);
    let away = || json(503, "");
    let tried = desk.try_out(&change("d-1"), [away(), json(200, "[]"), away()]);
    assert!(tried.result.is_err() && tried.retried.is_some());
}

#[test]
fn what_nobody_waits_for_is_sent_once_within_its_time_and_costs_others_no_token() {
    let desk = Desk::with(&[
        ("data_api", "dab"),
        ("oauth_path", "/token"),
        ("oauth_client_id", "id"),
        ("oauth_client_secret", "s3cr3t"),
    ]);
    let token = r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#;
    desk.apply(&change("d-1"), [json(200, token), updated()])
        .expect("made");
    let time = Duration::from_secs(2);
    let unauthorized = json(401, "");
    for answer in [unauthorized, json(503, ""), Answers::Stalls] {
        desk.host.take_sent();
        desk.host.will([answer.clone()]);
        let began = desk.host.monotonic();
        let api = desk.data_api();
        let tried = block_on(api.apply(&desk.host, &event(), Effort::Once(time)));
        assert!(tried.result.is_err() && tried.retried.is_none());
        assert_eq!(desk.host.take_sent().len(), 1, "{answer:?}");
        assert!(desk.host.monotonic() - began <= time, "{answer:?}");
    }
    // The token is as good as it was.
    desk.apply(&change("d-1"), [updated()]).expect("made");
}

#[test]
fn headers_from_settings_go_along_as_they_are() {
    let headers = r#"{"X-MS-API-ROLE":"sam_callback","apikey":"k","Content-Profile":"sam"}"#;
    let desk = Desk::with(&[("data_api", "dab"), ("data_api_headers", headers)]);
    desk.apply(&change("d-1"), [updated()]).expect("made");
    let sent = desk.host.sent.take();
    let sent = &sent[0].headers;
    for (name, value) in [
        ("x-ms-api-role", "sam_callback"),
        ("apikey", "k"),
        ("content-profile", "sam"),
    ] {
        assert_eq!(sent.first(name), Some(value.as_bytes()), "{name}");
    }
    assert!(!format!("{sent:?}").contains("sam_callback"));
}
