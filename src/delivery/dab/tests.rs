//! Data API builder, as it answers by its own documentation and source.

use serde_json::json as value;

use crate::delivery::tests::{Desk, change, event, message};
use crate::delivery::{DeliveryError, IfAbsent, Outcome};
use crate::outbound::OutboundError;
use crate::ports::SendError;
use crate::testing::{Answers, json};

const HEADERS: &str = r#"{"X-MS-API-ROLE":"sam_callback"}"#;

fn procedure() -> Desk {
    Desk::with(&[("data_api", "dab"), ("data_api_headers", HEADERS)])
}

fn table() -> Desk {
    Desk::with(&[
        ("data_api", "dab"),
        ("data_api_headers", HEADERS),
        ("sam_write", "table"),
        ("sam_utc_offset", "-05:00"),
    ])
}

fn row(row: serde_json::Value) -> Answers {
    json(200, &value!({ "value": [row] }).to_string())
}

fn none() -> Answers {
    json(200, r#"{"value":[]}"#)
}

fn missing() -> Answers {
    let error = r#"{"error":{"code":"EntityNotFound","message":"…","status":404}}"#;
    json(404, error)
}

#[test]
fn the_procedure_is_one_request_and_says_what_became_of_the_row() {
    for (status, word, outcome) in [
        (201, "UPDATED", Outcome::Updated),
        (200, "UPDATED", Outcome::Updated),
        (201, "ALREADY_PROCESSED", Outcome::AlreadyFinal),
        (201, "NOT_FOUND", Outcome::NotFound),
    ] {
        let desk = procedure();
        let answer = format!(r#"{{"value":[{{"Resultado":"{word}"}}]}}"#);
        assert_eq!(
            desk.apply(&change("d-1"), [json(status, &answer)]),
            Ok(outcome)
        );
        desk.assert_sent_as("dab-procedure.http");
    }
}

#[test]
fn anything_but_one_known_word_is_not_what_was_promised() {
    for body in [
        r#"{"value":[]}"#,
        r#"{"value":[{"Resultado":"UPDATED"},{"Resultado":"UPDATED"}]}"#,
        r#"{"value":[{"Resultado":"updated"}]}"#,
        r#"{"value":[{"Resultado":null}]}"#,
        r#"{"value":[{"resultado":"UPDATED"}]}"#,
        r#"{"value":["UPDATED"]}"#,
        r#"[{"Resultado":"UPDATED"}]"#,
        r#"{"value":"UPDATED"}"#,
        "[]",
        "{}",
        "null",
        "",
        "<html>",
        r#"{"value":[{"Resulta"#,
    ] {
        let outcome = procedure().apply(&change("d-1"), [json(200, body)]);
        let Err(DeliveryError::Remote(fault @ OutboundError::InvalidBody(..))) = outcome else {
            panic!("{body}: {outcome:?}");
        };
        assert!(fault.is_retryable());
    }
}

#[test]
fn the_table_is_looked_at_and_then_changed_where_the_row_is_there() {
    let desk = table();
    let looked = row(value!({"Estado": "RUNNING", "FechaInicioReal": null}));
    let changed = row(value!({"DeploymentId": "d-1", "Estado": "RUN_COMPLETED"}));
    let outcome = desk.apply(&change("d-1"), [looked, changed]);
    assert_eq!(outcome, Ok(Outcome::Updated));
    desk.assert_sent_as("dab-table.http");
}

#[test]
fn a_start_that_is_known_stays() {
    let desk = table();
    let looked = value!({"Estado": "UNKNOWN", "FechaInicioReal": "2026-01-01T00:00:00"});
    let outcome = desk.apply(&change("d-1"), [row(looked), none()]);
    assert_eq!(outcome, Ok(Outcome::Updated));
    let sent = desk.host.sent.take();
    let body: serde_json::Value = serde_json::from_slice(&sent[1].body).expect("JSON");
    assert_eq!(body.get("FechaInicioReal"), None);
    assert_eq!(body["FechaFin"], "2026-01-01T22:04:05");
}

#[test]
fn a_row_that_is_final_or_missing_is_not_written_to() {
    for (answer, outcome) in [
        (row(value!({"Estado": "COMPLETED"})), Outcome::AlreadyFinal),
        (
            row(value!({"Estado": "run_failed "})),
            Outcome::AlreadyFinal,
        ),
        (none(), Outcome::NotFound),
        (missing(), Outcome::NotFound),
    ] {
        let desk = table();
        assert_eq!(desk.apply(&change("d-1"), [answer]), Ok(outcome));
        assert_eq!(desk.host.take_sent().len(), 1);
    }
}

#[test]
fn a_row_that_was_lost_between_look_and_change_is_looked_at_again() {
    let running = || row(value!({"Estado": "RUNNING"}));
    for (again, result) in [
        (none(), Ok(Outcome::NotFound)),
        (
            row(value!({"Estado": "COMPLETED"})),
            Ok(Outcome::AlreadyFinal),
        ),
        (running(), Err(DeliveryError::Withheld)),
    ] {
        let answers = [running(), missing(), again];
        assert_eq!(table().apply(&change("d-1"), answers), result);
    }
}

#[test]
fn a_state_that_cannot_be_seen_guards_the_row() {
    for looked in [
        value!([{}]),
        value!([{"estado": "RUNNING"}]),
        value!([{"Estado": 7}]),
        value!([{"Estado": ["COMPLETED"]}]),
        value!(["RUNNING"]),
        value!([{"Estado": "RUNNING"}, {"Estado": "RUNNING"}]),
    ] {
        let answer = json(200, &value!({ "value": looked }).to_string());
        let outcome = table().apply(&change("d-1"), [answer]);
        let flawed = matches!(
            outcome,
            Err(DeliveryError::Remote(OutboundError::InvalidBody(..)))
        );
        assert!(flawed, "{looked}: {outcome:?}");
    }
}

#[test]
fn a_change_is_not_sent_again_without_another_look() {
    let running = || row(value!({"Estado": "RUNNING"}));
    let stalls = || Answers::Stalls;
    let desk = table();
    let answers = [running(), stalls(), running(), none()];
    assert_eq!(desk.apply(&change("d-1"), answers), Ok(Outcome::Updated));
    let sent = desk.host.take_sent();
    let methods: Vec<_> = sent.iter().map(|line| &line[..3]).collect();
    assert_eq!(methods, ["GET", "PAT", "GET", "PAT"]);

    let lost = [
        running(),
        stalls(),
        row(value!({"Estado": "RUN_COMPLETED"})),
    ];
    let outcome = desk.apply(&change("d-1"), lost);
    assert_eq!(outcome, Ok(Outcome::AlreadyFinal));
}

#[test]
fn not_found_without_a_code_that_says_so_is_no_answer_about_the_row() {
    for body in ["", "<html>", r#"{"error":{"code":"BadRequest"}}"#] {
        let outcome = table().apply(&change("d-1"), [json(404, body)]);
        let refused = matches!(
            outcome,
            Err(DeliveryError::Remote(OutboundError::Status { .. }))
        );
        assert!(refused, "{body}: {outcome:?}");
    }
    let tried = table().try_out(&change("d-1"), [missing()]);
    assert_eq!(tried.result, Ok(Outcome::NotFound));
    let doubtful = tried.doubtful.expect("it may mean the table").to_string();
    assert_eq!(doubtful, "status 404 Not Found, code EntityNotFound");
}

#[test]
fn keys_reach_the_path_as_one_piece_or_are_refused() {
    for (id, piece) in [
        ("x'); drop table--", "x%27%29%3B%20drop%20table--"),
        ("a?b=c&d", "a%3Fb%3Dc%26d"),
        ("a%2Fb", "a%252Fb"),
        ("*", "%2A"),
        (",", "%2C"),
        ("\u{1f916}", "%F0%9F%A4%96"),
        ("...", "..."),
    ] {
        let desk = table();
        assert_eq!(desk.apply(&change(id), [none()]), Ok(Outcome::NotFound));
        let [sent] = &desk.host.take_sent()[..] else {
            panic!("one request")
        };
        let expected = format!("/api/Ejecuciones/DeploymentId/{piece}?$select=");
        assert!(sent.contains(&expected), "{sent}");
    }
    for id in [".", "..", "../../admin", "a/b?c=d&e", "/", " "] {
        let desk = table();
        let mut change = change("d-1");
        change.key = id.to_owned();
        assert_eq!(desk.apply(&change, []), Err(DeliveryError::Unaddressable));
    }
}

#[test]
fn an_older_sam_is_reached_by_settings_alone() {
    let desk = Desk::with(&[
        ("data_api", "dab"),
        ("sam_write", "table"),
        ("sam_table", "robots"),
        ("sam_columns", "deployment_id estado - - - -"),
    ]);
    let answers = [row(value!({"estado": "RUNNING"})), none()];
    assert_eq!(desk.apply(&change("d-1"), answers), Ok(Outcome::Updated));
    desk.assert_sent_as("dab-robots.http");
}

#[test]
fn a_row_that_is_to_be_made_is_made_unless_somebody_was_faster() {
    let mut change = change("d-1");
    change.if_absent = IfAbsent::Insert;
    let desk = table();
    let made = json(201, r#"{"value":[{"DeploymentId":"d-1"}]}"#);
    assert_eq!(desk.apply(&change, [none(), made]), Ok(Outcome::Updated));
    desk.assert_sent_as("dab-upsert.http");

    let conflict = || json(409, r#"{"error":{"code":"DatabaseOperationFailed"}}"#);
    let already = row(value!({"Estado": "COMPLETED"}));
    let answers = [none(), conflict(), already];
    assert_eq!(desk.apply(&change, answers), Ok(Outcome::AlreadyFinal));
    let answers = [none(), conflict(), row(value!({"Estado": "RUNNING"}))];
    assert_eq!(desk.apply(&change, answers), Err(DeliveryError::Withheld));
}

#[test]
fn what_is_newer_stays_and_what_is_made_once_too() {
    const NOW: &str = "2026-01-02T03:04:05.000000Z";
    let held = |at: &str| row(value!({"at": at}));
    let desk = procedure();
    let answers = [held("2026-01-02T03:04:05"), none()];
    assert_eq!(desk.apply(&message(NOW), answers), Ok(Outcome::Updated));
    desk.assert_sent_as("dab-message.http");
    let newer = [held("2026-01-02T03:04:05.0000010Z")];
    assert_eq!(desk.apply(&message(NOW), newer), Ok(Outcome::AlreadyFinal));
    desk.host.take_sent();

    let made = json(201, r#"{"value":[{"promo_id":"P 1"}]}"#);
    assert_eq!(desk.apply(&event(), [made]), Ok(Outcome::Updated));
    desk.assert_sent_as("dab-call.http");
    let conflict = r#"{"error":{"code":"DatabaseOperationFailed","status":409}}"#;
    let after_conflict = |found| [json(409, conflict), found];
    let there = after_conflict(row(value!({"promo_id": "P 1"})));
    assert_eq!(desk.apply(&event(), there), Ok(Outcome::AlreadyFinal));
    // A row that cannot be seen is not taken for one that is there, nor is another conflict.
    let unseen = after_conflict(row(value!({})));
    assert!(desk.apply(&event(), unseen).is_err());
    let absent = desk.apply(&event(), after_conflict(none()));
    assert_eq!(absent, Err(DeliveryError::Withheld));
}

#[test]
fn what_is_made_once_is_sent_again_where_the_reply_was_lost() {
    let desk = table();
    desk.host.will([Answers::Fails(SendError::Broken)]);
    let made = json(201, r#"{"value":[{"promo_id":"P 1"}]}"#);
    assert_eq!(desk.apply(&event(), [made]), Ok(Outcome::Updated));
    let sent = desk.host.take_sent();
    assert_eq!(sent, ["POST http://localhost:5000/api/promos"; 2]);
}
