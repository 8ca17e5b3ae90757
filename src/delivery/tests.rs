//! What all data APIs have in common, and how the tests of each speak with it.

use std::time::Duration;

use futures_executor::block_on;

use super::local_time::local_time;
use super::*;
use crate::config::{Config, UtcOffset};
use crate::http::message::Request;
use crate::ports::{Clock as _, SendError};
use crate::testing::{Answers, FakeHost, TOKEN, json};

/// What a data API is asked to do in most tests.
pub fn change(deployment_id: &str) -> Change {
    ended(
        DeploymentId::new(deployment_id).expect("fits"),
        Status::new("RUN_COMPLETED").expect("fits"),
        r#"{"deploymentId":"d-1","status":"RUN_COMPLETED","botOutput":{"ñ":"\"1\""}}"#.to_owned(),
    )
}

/// A change that gives way to a newer one, and makes its row.
pub fn message(timestamp: &str) -> Change {
    Change {
        entity: Entity::new("promos", "promo_id"),
        key: "P 1".to_owned(),
        values: vec![
            ("content".into(), Value::Text("ñ".to_owned())),
            ("at".into(), Value::Text(timestamp.to_owned())),
        ],
        if_absent: IfAbsent::Insert,
        guard: Guard::Newer {
            column: "at".into(),
        },
    }
}

/// A change that makes its row, and never changes it.
pub fn event() -> Change {
    Change {
        guard: Guard::Exists,
        ..message("2026-01-02T03:04:05.000000Z")
    }
}

/// A data API with its settings, and a host whose other services answer as they are told.
pub struct Desk {
    pub host: FakeHost,
    data_api: DataApi,
}

impl Desk {
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let token = ("callback_token", TOKEN);
        let host = FakeHost::with(&[&[token], settings].concat());
        let config = block_on(Config::load(&host));
        let chosen = config
            .data_api
            .unwrap_or_else(|| panic!("{:?}", config.problems));
        let data_api = DataApi::new(chosen, config.table_names);
        Self { host, data_api }
    }

    /// Makes the change where other services answer like this, in order; uses up all of them.
    pub fn apply(
        &self,
        change: &Change,
        answers: impl IntoIterator<Item = Answers>,
    ) -> Result<Outcome, DeliveryError> {
        self.try_out(change, answers).result
    }

    pub fn try_out(&self, change: &Change, answers: impl IntoIterator<Item = Answers>) -> Applied {
        self.host.will(answers);
        let tried = block_on(self.data_api.apply(&self.host, change, Effort::Whole));
        let left = self.host.answers.take();
        assert!(left.is_empty(), "not asked for: {left:?}; {tried:?}");
        tried
    }

    /// Reads the row where other services answer like this.
    pub fn look_up(
        &self,
        deployment_id: &str,
        answers: impl IntoIterator<Item = Answers>,
    ) -> Result<Option<FoundRow>, ReadError> {
        self.host.will(answers);
        let id = DeploymentId::new(deployment_id).expect("fits");
        let found = block_on(self.data_api.look_up(&self.host, &id));
        let left = self.host.answers.take();
        assert!(left.is_empty(), "not asked for: {left:?}; {found:?}");
        found
    }

    /// Asks for overdue rows where other services answer like this.
    pub fn overdue(
        &self,
        answers: impl IntoIterator<Item = Answers>,
    ) -> Result<Vec<OverdueRow>, ReadError> {
        self.host.will(answers);
        let found = block_on(self.data_api.overdue(&self.host, 60));
        let left = self.host.answers.take();
        assert!(left.is_empty(), "not asked for: {left:?}; {found:?}");
        found
    }

    pub fn data_api(&self) -> &DataApi {
        &self.data_api
    }

    /// Another instance, at the same store and in the same time.
    pub fn beside(&self) -> Self {
        let host = self.host.beside();
        let config = block_on(Config::load(&host));
        let chosen = config.data_api.expect("as before");
        let data_api = DataApi::new(chosen, config.table_names);
        Self { host, data_api }
    }

    /// Compares everything that was sent with a file of `tests/requests/`, which can be sent to
    /// a real server as it stands.
    pub fn assert_sent_as(&self, file: &str) {
        let path = format!("{}/tests/requests/{file}", env!("CARGO_MANIFEST_DIR"));
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        let sent = self.host.sent.take();
        let sent: Vec<_> = sent.iter().map(as_text).collect();
        assert_eq!(sent.join("\n\n###\n"), kept.trim_end(), "{file}");
    }
}

fn as_text(request: &Request<bytes::Bytes>) -> String {
    let text = |value: &[u8]| String::from_utf8(value.to_owned()).expect("text");
    let (_, url) = request.target.split_once("://").expect("a URL");
    let (host, path) = url.split_at(url.find('/').expect("a path"));
    let fields = request.headers.as_fields().iter();
    let mut lines: Vec<_> = fields
        .map(|(name, value)| format!("{name}: {}", text(value)))
        .collect();
    lines.push(format!("host: {host}"));
    lines.sort();
    let head = format!(
        "{} {} HTTP/1.1\n{}\n",
        request.method,
        path,
        lines.join("\n")
    );
    let body = text(&request.body);
    if body.is_empty() {
        return head.trim_end().to_owned();
    }
    let length = request.headers.first("content-length").expect("one");
    assert_eq!(text(length), body.len().to_string());
    format!("{head}\n{body}")
}

#[test]
fn dates_are_the_databases_local_time() {
    let now = FakeHost::default().now();
    for (behind, hours, expected) in [
        (true, 5, "2026-01-01T22:04:05"),
        (false, 1, "2026-01-02T04:04:05"),
        (false, 0, "2026-01-02T03:04:05"),
        (true, 24 * 365 * 100, "1970-01-01T00:00:00"),
    ] {
        let distance = Duration::from_secs(hours * 3600);
        let offset = UtcOffset { behind, distance };
        assert_eq!(local_time(now, offset), expected);
    }
}

const DAB_IS_WELL: &str = r#"{"status":"Healthy","version":"2.0.9","app-name":"dab_oss_2.0.9"}"#;
const POSTGREST_IS_WELL: &str = r#"{"swagger":"2.0","info":{"version":"12.2"},"paths":{"/":{}}}"#;
const PAGE: &str = "<!DOCTYPE html><html><h1>Welcome to nginx!</h1></html>";

fn probe(desk: &Desk, answers: impl IntoIterator<Item = Answers>) -> Result<(), DeliveryError> {
    desk.host.will(answers);
    let probed = block_on(desk.data_api.probe(&desk.host));
    let left = desk.host.answers.take();
    assert!(left.is_empty(), "not asked for: {left:?}; {probed:?}");
    probed
}

#[test]
fn a_server_that_is_well_says_so_at_its_root() {
    for (data_api, well, root) in [
        ("dab", DAB_IS_WELL, "GET http://localhost:5000/"),
        ("dab", "Healthy", "GET http://localhost:5000/"),
        (
            "postgrest",
            POSTGREST_IS_WELL,
            "GET http://localhost:5000/api/",
        ),
    ] {
        let desk = Desk::with(&[("data_api", data_api)]);
        assert_eq!(probe(&desk, [json(200, well)]), Ok(()), "{data_api}");
        assert_eq!(desk.host.take_sent(), [root]);
    }
}

#[test]
fn where_the_root_does_not_tell_what_takes_changes_is_asked_without_writing() {
    let not_post = r#"{"error":{"code":"BadRequest","message":"…","status":405}}"#;
    let without_own = r#"{"swagger":"2.0","paths":{"/":{},"/otra":{}}}"#;
    let empty_key = r#"{"code":"22004","message":"…","details":null,"hint":null}"#;
    let read_only = r#"{"code":"25006","message":"…","details":null,"hint":null}"#;
    let closed = r#"{"message":"Secret API key required"}"#;
    for (data_api, write, root, closer) in [
        ("dab", "procedure", json(404, PAGE), json(405, not_post)),
        (
            "dab",
            "table",
            json(200, PAGE),
            json(200, r#"{"value":[]}"#),
        ),
        (
            "postgrest",
            "procedure",
            json(401, closed),
            json(400, empty_key),
        ),
        (
            "postgrest",
            "procedure",
            json(200, without_own),
            json(405, read_only),
        ),
        ("postgrest", "table", json(404, ""), json(200, "[]")),
    ] {
        let desk = Desk::with(&[("data_api", data_api), ("sam_write", write)]);
        assert_eq!(probe(&desk, [root, closer]), Ok(()), "{data_api} {write}");
        let sent = desk.host.take_sent();
        assert!(sent.iter().all(|line| line.starts_with("GET ")), "{sent:?}");
    }
}

#[test]
fn what_merely_answers_or_refuses_every_change_is_not_ready() {
    let stale = r#"{"code":"PGRST202","message":"…","details":null,"hint":null}"#;
    let no_role = r#"{"error":{"code":"AuthorizationCheckFailed","status":403}}"#;
    let no_entity = r#"{"error":{"code":"EntityNotFound","status":404}}"#;
    for answer in [
        json(200, PAGE),
        json(200, r#"{"status":"ok"}"#),
        json(200, r#"{"hello":"world"}"#),
        json(200, "[]"),
        json(200, ""),
        json(200, "It works!"),
        json(302, ""),
        json(401, ""),
        json(402, r#"{"message":"exceed_egress_quota"}"#),
        json(403, no_role),
        json(404, PAGE),
        json(404, stale),
        json(404, no_entity),
        json(410, PAGE),
    ] {
        for data_api in ["dab", "postgrest"] {
            let desk = Desk::with(&[("data_api", data_api)]);
            let answers = [answer.clone(), answer.clone()];
            let probed = probe(&desk, answers);
            assert!(probed.is_err(), "{data_api} {answer:?}");
        }
    }
    for answer in [
        json(500, ""),
        json(503, PAGE),
        Answers::Fails(SendError::Refused),
        Answers::Stalls,
    ] {
        for data_api in ["dab", "postgrest"] {
            let desk = Desk::with(&[("data_api", data_api)]);
            assert!(
                probe(&desk, [answer.clone()]).is_err(),
                "{data_api} {answer:?}"
            );
        }
    }
}

#[test]
fn the_last_change_that_was_refused_like_any_other_shows_until_one_is_taken_or_for_a_while() {
    let stale = || json(404, r#"{"code":"PGRST202","message":"…"}"#);
    let updated = || json(200, r#"[{"Resultado":"UPDATED"}]"#);
    let too_long = || json(400, r#"{"code":"22001","message":"…"}"#);
    let well = || json(200, POSTGREST_IS_WELL);
    let desk = Desk::with(&[("data_api", "postgrest")]);
    for mends in [updated(), too_long()] {
        assert!(desk.apply(&change("d-1"), [stale()]).is_err());
        let probed = probe(&desk, []).expect_err("it refuses every change");
        let failure = "data API: status 404 Not Found, code PGRST202";
        assert_eq!(probed.to_string(), failure);
        let _ = desk.apply(&change("d-2"), [mends]);
        assert_eq!(probe(&desk, [well()]), Ok(()));
    }
    assert!(desk.apply(&change("d-1"), [stale()]).is_err());
    desk.host.advance(Duration::from_secs(30));
    assert_eq!(probe(&desk, [well()]), Ok(()));
}

#[test]
fn one_request_is_all_it_takes_and_the_store_is_not_touched() {
    for (data_api, write, answer) in [
        ("dab", "procedure", r#"{"value":[{"Resultado":"UPDATED"}]}"#),
        ("postgrest", "procedure", r#"[{"Resultado":"UPDATED"}]"#),
        ("postgrest", "table", r#"[{"DeploymentId":"d-1"}]"#),
    ] {
        let desk = Desk::with(&[("data_api", data_api), ("sam_write", write)]);
        let outcome = desk.apply(&change("d-1"), [json(200, answer)]);
        assert_eq!(outcome, Ok(Outcome::Updated), "{data_api} {write}");
        assert_eq!(desk.host.take_sent().len(), 1);
        assert_eq!(desk.host.accesses.get(), 0);
    }
}

#[test]
fn a_change_gives_way_to_what_is_newer_and_to_nothing_else() {
    let change = message("2026-01-02T03:04:05.000000Z");
    for (held, is_left) in [
        (None, false),
        (Some("2026-01-02T03:04:04.999999Z"), false),
        (Some("2026-01-02T03:04:05Z"), false),
        (Some("2026-01-02T03:04:05.000001+00:00"), true),
        (Some("2026-01-02T04:04:05.5+01:00"), true),
        (Some("2026-01-02T04:04:05+01:00"), false),
        // As a column without a time zone shows it.
        (Some("2026-01-02T03:04:05.001"), true),
        (Some("9999-12-31T23:59:59Z"), true),
        (Some("no moment"), false),
        (Some(""), false),
    ] {
        assert_eq!(change.leaves(held), is_left, "{held:?}");
    }
    assert!(!change.is_last());
    for held in [None, Some("anything")] {
        assert!(event().leaves(held));
    }
    assert!(event().is_last());
}

#[test]
fn every_kind_of_change_comes_out_of_the_outbox_as_it_went_in() {
    let desk = Desk::with(&[("data_api", "postgrest")]);
    let outbox = outbox::Outbox::new(Duration::from_secs(3600));
    let origin = outbox::Origin {
        source: "s",
        request_id: "r",
    };
    let report = Change {
        if_absent: IfAbsent::Report,
        ..message("2026-01-02T03:04:05.000000Z")
    };
    for change in [change("d-1"), message("x"), event(), report] {
        let kept = outbox.accept(&desk.host, change.clone(), origin);
        let place = block_on(kept).expect("kept");
        let found = block_on(outbox.find(&desk.host, place.scheduled.id)).expect("read");
        let entry = found.and_then(|found| found.entry).expect("readable");
        assert_eq!(entry.change, change);
        assert_eq!((entry.tries, entry.attempts.len()), (0, 0));
    }
}

#[test]
fn a_table_whose_name_is_not_known_is_not_guessed() {
    let desk = Desk::with(&[("data_api", "dab"), ("webhook_tables", "one two")]);
    let tried = desk.apply(&message("x"), []);
    assert_eq!(tried, Err(DeliveryError::UnknownTable));
    assert!(DeliveryError::UnknownTable.is_retryable());
}
