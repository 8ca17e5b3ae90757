//! The way to the chat: what is sent, what is sent again, and what two instances do.

use bytes::Bytes;
use futures_util::future::{join, join_all};
use serde_json::Value as Json;
use standardwebhooks::Webhook;

use super::super::state::AlertState;
use super::super::tend;
use super::*;
use crate::audit::{AlertEvent, Masking, log_alert};
use crate::config::Level;
use crate::http::message::{Request, StatusCode};
use crate::ports::{SendError, StoreError};
use crate::testing::{Answers, json};

const KEY: &str = "0-alerts";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Looks, and sees this. When to look again, in seconds.
fn look(
    host: &FakeHost,
    settings: &AlertSettings,
    seen: impl Fn(u64) -> Observation,
) -> Option<u64> {
    let observe = async || Ok(seen(now(host)));
    let next = block_on(tend(host, settings, logs(host), observe)).expect("the store works");
    next.map(|next| next.saturating_sub(now(host)) / 1000)
}

/// Into the host's log, as the application does.
fn logs(host: &FakeHost) -> impl Fn(AlertEvent) {
    |event| log_alert(host, &Masking::new(&[]), Level::Info, event)
}

/// The types of what was sent since this was last asked.
fn sent(host: &FakeHost) -> Vec<String> {
    let requests = host.sent.take();
    let message_type = |request: &Request<Bytes>| {
        let body: Json = serde_json::from_slice(&request.body).expect("JSON");
        body["type"].as_str().unwrap_or("text alone").to_owned()
    };
    requests.iter().map(message_type).collect()
}

fn takes() -> Answers {
    json(200, "ok")
}

#[test]
fn an_alert_is_one_request_and_the_published_library_signs_it_alike() {
    let host = FakeHost::default();
    let settings = settings(&[
        ("alert_path", "/hooks/T0/B0?key=a&token=b"),
        ("alert_secret", SECRET),
    ]);
    host.will([json(503, ""), takes()]);
    look(&host, &settings, |at| dead(at, 1));
    host.advance(minutes(1));
    look(&host, &settings, |at| dead(at, 2));
    let requests = host.sent.take();
    let ids: Vec<_> = requests
        .iter()
        .map(|request| {
            assert_eq!(request.method, "POST");
            assert_eq!(
                request.target,
                "https://chat.example/hooks/T0/B0?key=a&token=b"
            );
            let header = |name| {
                let value = request.headers.first(name).expect("a header");
                str::from_utf8(value).expect("text")
            };
            let (id, sent_at) = (header("webhook-id"), header("webhook-timestamp"));
            let signature = Webhook::new(SECRET).expect("a key").sign(
                id,
                sent_at.parse().expect("a number"),
                &request.body,
            );
            assert_eq!(header("webhook-signature"), signature.expect("one"));
            let body: Json = serde_json::from_slice(&request.body).expect("JSON");
            let names: Vec<_> = body.as_object().expect("an object").keys().collect();
            assert_eq!(names, ["data", "text", "type"]);
            id.to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1], "the second is the first once more");
}

#[test]
fn without_a_key_an_alert_has_no_signature() {
    let (host, settings) = (FakeHost::default(), settings(&[]));
    host.will([takes()]);
    look(&host, &settings, |at| dead(at, 1));
    let request = host.sent.take().remove(0);
    assert_eq!(request.target, "https://chat.example/");
    assert!(request.headers.first("webhook-signature").is_none());
}

#[test]
fn where_nothing_is_wrong_a_look_costs_one_access() {
    let (host, settings) = (FakeHost::default(), settings(&[]));
    for _ in 0..3 {
        let before = host.accesses.get();
        assert_eq!(look(&host, &settings, calm), None);
        assert_eq!((host.accesses.get() - before, host.writes.get()), (1, 0));
    }
}

#[test]
fn what_the_chat_does_not_take_is_sent_again_less_and_less_often_and_in_order() {
    let (host, settings) = (FakeHost::default(), settings(&[]));
    host.will((0..12).map(|_| Answers::Fails(SendError::Refused)));
    let both = |at| Observation {
        overdue: Some(1),
        ..dead(at, 1)
    };
    let mut pauses = Vec::new();
    while pauses.len() < 12 {
        let next = look(&host, &settings, both).expect("it is to be sent again");
        if !host.sent.borrow().is_empty() {
            assert_eq!(sent(&host), ["sam_callback.dead_letter"]);
            pauses.push(next);
        }
        host.advance(Duration::from_secs(next));
    }
    assert_eq!(pauses[..7], [30, 60, 120, 240, 480, 900, 900]);
    host.will([takes(), takes()]);
    while host.sent.borrow().is_empty() {
        host.advance(minutes(1));
        look(&host, &settings, both);
    }
    let told = ["sam_callback.dead_letter", "sam_callback.overdue"];
    assert_eq!(sent(&host), told);
    for _ in 0..10 {
        host.advance(minutes(10));
        look(&host, &settings, both);
    }
    assert_eq!(sent(&host), [""; 0]);
}

#[test]
fn a_refusal_is_an_error_of_the_log_and_is_still_tried_now_and_then() {
    for status in [401, 403, 404, 410] {
        let (host, settings) = (
            FakeHost::default(),
            settings(&[("alert_path", "/s3cr3t-path")]),
        );
        host.will((0..3).map(|_| json(status, "s3cr3t-reply")));
        let mut seconds = 0;
        while host.sent.borrow().len() < 3 {
            let next = look(&host, &settings, |at| dead(at, 1)).expect("again");
            seconds += next;
            host.advance(Duration::from_secs(next));
        }
        assert!(
            (900 + 1800..=7200).contains(&seconds),
            "{status}: {seconds}"
        );
        let lines = host.lines.take();
        let status = StatusCode::from_u16(status).expect("a status");
        for line in &lines {
            let line: Json = serde_json::from_str(line).expect("JSON");
            assert_eq!(
                (&line["level"], &line["outcome"], &line["alert"]),
                (
                    &"error".into(),
                    &"alert_not_sent".into(),
                    &"sam_callback.dead_letter".into()
                )
            );
            let failure = line["failure"].as_str().expect("a text");
            assert!(
                failure.starts_with(&format!("status {status}")),
                "{failure}"
            );
            assert!(!line.to_string().contains("s3cr3t"), "{line}");
        }
        assert_eq!(lines.len(), 3);
    }
}

#[test]
fn a_chat_that_wants_to_be_left_alone_is() {
    let (host, settings) = (FakeHost::default(), settings(&[]));
    let busy = Answers::With(0, 429, &[("retry-after", "600")], String::new());
    host.will([busy, takes()]);
    look(&host, &settings, |at| dead(at, 1));
    host.advance(Duration::from_secs(599));
    look(&host, &settings, |at| dead(at, 1));
    assert_eq!(sent(&host).len(), 1);
    host.advance(Duration::from_secs(1));
    look(&host, &settings, |at| dead(at, 1));
    assert_eq!(sent(&host).len(), 1);
}

#[test]
fn a_chat_that_refuses_unknown_names_gets_the_text_alone() {
    let (host, settings) = (FakeHost::default(), settings(&[]));
    host.will([json(400, r#"{"error":{"code":400}}"#), takes()]);
    look(&host, &settings, |at| dead(at, 1));
    let requests = host.sent.borrow().clone();
    assert_eq!(sent(&host), ["sam_callback.dead_letter", "text alone"]);
    let body: Json = serde_json::from_slice(&requests[1].body).expect("JSON");
    let names: Vec<_> = body.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["text"]);
    host.advance(minutes(10));
    look(&host, &settings, |at| dead(at, 1));
    assert_eq!(sent(&host), [""; 0]);
}

#[test]
fn a_chat_that_stalls_costs_five_seconds() {
    let (host, settings) = (FakeHost::default(), settings(&[]));
    host.will([Answers::Stalls]);
    let began = host.now();
    look(&host, &settings, |at| dead(at, 1));
    let took = host.now().duration_since(began).expect("forwards");
    assert!(took < Duration::from_secs(6), "{took:?}");
}

#[test]
fn what_is_wrong_outlives_the_instance_that_has_told_it() {
    let (host, settings) = (FakeHost::default(), settings(&[]));
    host.will([takes()]);
    look(&host, &settings, |at| dead(at, 1));
    assert_eq!(sent(&host), ["sam_callback.dead_letter"]);
    let other = host.beside();
    other.advance(minutes(10));
    look(&other, &settings, |at| dead(at, 1));
    assert_eq!(sent(&other), [""; 0]);
    other.will([takes()]);
    other.advance(minutes(1));
    look(&other, &settings, calm);
    other.advance(minutes(5));
    look(&other, &settings, calm);
    assert_eq!(sent(&other), ["sam_callback.recovered"]);
    assert_eq!(look(&other, &settings, calm), None);
}

#[test]
fn an_instance_that_ends_while_it_sends_leaves_the_alert_to_another() {
    let (host, settings) = (FakeHost::default(), settings(&[]));
    host.will([Answers::Stalls]);
    {
        let observe = async || Ok(dead(now(&host), 1));
        let mut killed = Box::pin(tend(&host, &settings, logs(&host), observe));
        while host.sent.borrow().is_empty() {
            let ended = block_on(futures_util::future::poll_immediate(&mut killed));
            assert!(ended.is_none());
        }
    }
    let other = host.beside();
    assert!(look(&other, &settings, |at| dead(at, 1)).is_some_and(|next| next <= 30));
    assert_eq!(sent(&other), [""; 0], "it may still be alive");
    other.advance(Duration::from_secs(31));
    other.will([takes()]);
    look(&other, &settings, |at| dead(at, 1));
    assert_eq!(sent(&other), ["sam_callback.dead_letter"]);
}

#[test]
fn of_instances_that_look_at_once_one_tells_it() {
    for pause in 0..20 {
        let (first, settings) = (FakeHost::default(), settings(&[]));
        let beside = |host: &FakeHost| Some(host.beside());
        let others = std::iter::successors(beside(&first), beside).take(4);
        let others: Vec<_> = others.collect();
        for host in others.iter().chain([&first]) {
            host.will([takes(), takes()]);
        }
        let one = async |host: &FakeHost, turns: usize| {
            for _ in 0..turns {
                crate::ports::KeyValue::get(host, "nothing")
                    .await
                    .expect("the store works");
            }
            let observe = async || Ok(dead(now(host), 1));
            tend(host, &settings, logs(host), observe).await
        };
        let later = others
            .iter()
            .zip(1..)
            .map(|(host, at)| one(host, pause * at));
        let (told, later) = block_on(join(one(&first, 0), join_all(later)));
        assert!(told.is_ok() && later.iter().all(Result::is_ok));
        let all = others.iter().chain([&first]);
        let told: usize = all.map(|host| sent(host).len()).sum();
        assert_eq!(told, 1, "{pause}");
    }
}

#[test]
fn a_store_that_fails_loses_no_alert() {
    let (mut host, settings) = (FakeHost::default(), settings(&[]));
    host.refuses_writes_to = Some(KEY);
    let observe = async || Ok(dead(now(&host), 1));
    let told = block_on(tend(&host, &settings, logs(&host), observe));
    assert_eq!(told, Err(StoreError("the store is full".to_owned())));
    assert_eq!(sent(&host), [""; 0]);
    host.refuses_writes_to = None;
    host.will([takes()]);
    look(&host, &settings, |at| dead(at, 1));
    assert_eq!(sent(&host), ["sam_callback.dead_letter"]);
}

#[test]
fn a_value_that_is_damaged_is_one_of_an_instance_that_has_told_nothing() {
    for value in [
        "",
        "{",
        "[]",
        r#"{"active":7}"#,
        r#"{"claim":{"holder":1,"until":99999999999999}}"#,
    ] {
        let (host, settings) = (FakeHost::default(), settings(&[]));
        let value = value.as_bytes().to_vec();
        host.store.borrow_mut().insert(KEY.to_owned(), value);
        host.will([takes()]);
        look(&host, &settings, |at| dead(at, 1));
        assert_eq!(sent(&host), ["sam_callback.dead_letter"]);
    }
}

#[test]
fn what_is_stored_is_read_back_as_it_was() {
    let (host, settings) = (FakeHost::default(), settings(&[]));
    host.will([json(503, "")]);
    let all = |at| Observation {
        dead: dead(at, 2).dead,
        overdue: Some(3),
        waiting: 1,
        oldest_waiting_seconds: Some(900),
        ..away(at)
    };
    look(&host, &settings, all);
    let stored = host.store.borrow()[KEY].clone();
    let state = AlertState::parse(&stored).expect("it is one");
    assert_eq!(state.active.len(), 2);
    assert_eq!(state.to_json(), stored);
}

#[test]
fn an_error_in_the_hosts_own_words_shows_no_secret() {
    let (host, settings) = (
        FakeHost::default(),
        settings(&[("alert_path", "/s3cr3t-path")]),
    );
    let words = "cannot connect to https://chat.example/s3cr3t-path".to_owned();
    host.will([Answers::Fails(SendError::Other(words))]);
    let masking = Masking::new(&[crate::config::Secret::new("/s3cr3t-path")]);
    let log = |event| log_alert(&host, &masking, Level::Info, event);
    let observe = async || Ok(dead(now(&host), 1));
    block_on(tend(&host, &settings, log, observe)).expect("the store works");
    let line = host.lines.take().concat();
    assert!(
        line.contains("cannot connect") && !line.contains("s3cr3t"),
        "{line}"
    );
}
