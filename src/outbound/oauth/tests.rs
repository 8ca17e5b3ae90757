//! Bearer tokens, as Entra ID and other issuers give them.

use std::time::Duration;

use crate::delivery::tests::{Desk, change};
use crate::delivery::{DeliveryError, Outcome};
use crate::http::message::Request;
use crate::outbound::OutboundError;
use crate::testing::{Answers, json};

const UPDATED: &str = r#"{"value":[{"Resultado":"UPDATED"}]}"#;

fn desk() -> Desk {
    Desk::with(&[
        ("data_api", "dab"),
        ("oauth_path", "/tenant/oauth2/v2.0/token"),
        ("oauth_client_id", "client"),
        ("oauth_client_secret", "s3cr3t & ñ+%"),
        ("oauth_scope", "api://sam/.default"),
    ])
}

fn issued(token: &str, expires_in: &str) -> Answers {
    let body =
        format!(r#"{{"token_type":"bearer","access_token":"{token}","expires_in":{expires_in}}}"#);
    json(200, &body)
}

fn bearers(desk: &Desk) -> Vec<String> {
    let sent = desk.host.sent.take();
    let shown = |request: &Request<_>| {
        let value = request.headers.first("authorization").unwrap_or(b"-");
        String::from_utf8(value.to_owned()).expect("text")
    };
    sent.iter().map(shown).collect()
}

#[test]
fn the_token_is_asked_for_as_rfc_6749_has_it_and_sent_along() {
    let desk = desk();
    let outcome = desk.apply(&change("d-1"), [issued("t1", "3599"), json(201, UPDATED)]);
    assert_eq!(outcome, Ok(Outcome::Updated));
    desk.assert_sent_as("dab-entra-id.http");
}

#[test]
fn the_token_is_remembered_until_shortly_before_it_ends() {
    for (expires_in, lives) in [
        ("3600", 3540),
        ("\"3600\"", 3540),
        ("100", 90),
        ("null", 270),
        ("18446744073709551615", 86_340),
        ("\"18446744073709551615\"", 86_340),
    ] {
        let desk = desk();
        desk.host.advance(Duration::from_secs(61));
        let apply = |answers: Vec<Answers>| desk.apply(&change("d-1"), answers).expect("made");
        apply(vec![issued("t1", expires_in), json(201, UPDATED)]);
        apply(vec![json(201, UPDATED)]);
        desk.host.advance(Duration::from_secs(lives - 1));
        apply(vec![json(201, UPDATED)]);
        desk.host.advance(Duration::from_secs(1));
        apply(vec![issued("t2", expires_in), json(201, UPDATED)]);
        let expected = ["-", "Bearer t1", "Bearer t1", "Bearer t1", "-", "Bearer t2"];
        assert_eq!(bearers(&desk), expected, "{expires_in}");
    }
}

#[test]
fn a_token_without_a_type_is_a_bearer_token() {
    for body in [
        r#"{"access_token":"t1","expires_in":3600}"#,
        r#"{"access_token":"t1","token_type":null}"#,
        r#"{"access_token":"t1","token_type":"BEARER"}"#,
    ] {
        let desk = desk();
        let answers = [json(200, body), json(201, UPDATED)];
        let outcome = desk.apply(&change("d-1"), answers);
        assert_eq!(outcome, Ok(Outcome::Updated), "{body}");
        assert_eq!(bearers(&desk), ["-", "Bearer t1"], "{body}");
    }
}

#[test]
fn a_token_that_is_refused_is_fetched_again_once() {
    let desk = desk();
    let answers = [
        issued("t1", "3600"),
        json(401, ""),
        issued("t2", "3600"),
        json(201, UPDATED),
    ];
    assert_eq!(desk.apply(&change("d-1"), answers), Ok(Outcome::Updated));
    assert_eq!(bearers(&desk), ["-", "Bearer t1", "-", "Bearer t2"]);

    let answers = [json(401, ""), issued("t3", "3600"), json(401, "")];
    let refused = desk.apply(&change("d-1"), answers);
    assert!(matches!(
        refused,
        Err(DeliveryError::Remote(OutboundError::Status { .. }))
    ));
    assert_eq!(bearers(&desk), ["Bearer t2", "-", "Bearer t3"]);
}

#[test]
fn an_issuer_that_gives_none_is_told_apart_from_the_data_api() {
    for (body, status, text) in [
        (
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: s3cr3t"}"#,
            401,
            "data API: bearer token: status 401 Unauthorized, code invalid_client",
        ),
        (
            "<html>",
            200,
            "data API: bearer token: status 200 OK, but it is an HTML page",
        ),
        (
            r#"{"token_type":"mac","access_token":"t"}"#,
            200,
            "data API: bearer token: status 200 OK, but its JSON is not what was promised: token_type",
        ),
        (
            r#"{"token_type":"Bearer","access_token":""}"#,
            200,
            "data API: bearer token: status 200 OK, but its JSON is not what was promised: access_token",
        ),
        (
            r#"{"token_type":"Bearer","access_token":"a\nb"}"#,
            200,
            "data API: bearer token: status 200 OK, but its JSON is not what was promised: access_token",
        ),
        (
            r#"{"id_token":"t"}"#,
            200,
            "data API: bearer token: status 200 OK, but its JSON is not what was promised: access_token",
        ),
        (
            r#"{"token_type":7,"access_token":"t"}"#,
            200,
            "data API: bearer token: status 200 OK, but its JSON is not what was promised: token_type",
        ),
    ] {
        let failure = desk().apply(&change("d-1"), [json(status, body)]);
        let failure = failure.expect_err("no token");
        assert_eq!(failure.to_string(), text);
        assert!(failure.is_retryable());
    }
}

#[test]
fn an_issuer_that_is_away_for_a_moment_is_asked_once_more() {
    let desk = desk();
    let answers = [json(503, ""), issued("t1", "3600"), json(201, UPDATED)];
    let tried = desk.try_out(&change("d-1"), answers);
    assert_eq!(tried.result, Ok(Outcome::Updated));
    let retried = tried.retried.expect("it was").to_string();
    assert_eq!(
        retried,
        "bearer token: status 503 Service Unavailable, no body"
    );
}

#[test]
fn no_secret_is_printed() {
    let config = desk().host;
    let config = futures_executor::block_on(crate::config::Config::load(&config));
    assert!(!format!("{config:?}").contains("s3cr3t"));
}
