//! PostgREST and Supabase, as they answer by PostgREST's own documentation and source.

use crate::delivery::tests::{Desk, change, event, message};
use crate::delivery::{DeliveryError, IfAbsent, Outcome};
use crate::outbound::OutboundError;
use crate::testing::json;

/// As Supabase wants it.
const SUPABASE: &[(&str, &str)] = &[
    ("data_api", "postgrest"),
    ("data_api_origin", "https://proyecto.supabase.co"),
    ("data_api_path", "/rest/v1"),
    (
        "data_api_headers",
        r#"{"apikey":"una-clave","Authorization":"Bearer un.jwt.firmado"}"#,
    ),
];

fn table(settings: &[(&str, &str)]) -> Desk {
    let table = [("data_api", "postgrest"), ("sam_write", "table")];
    Desk::with(&[&table, settings].concat())
}

#[test]
fn the_function_is_one_request_and_says_what_became_of_the_row() {
    for (answer, outcome) in [
        (r#"[{"Resultado":"UPDATED"}]"#, Outcome::Updated),
        (r#"{"Resultado":"UPDATED"}"#, Outcome::Updated),
        (
            r#"[{"Resultado":"ALREADY_PROCESSED"}]"#,
            Outcome::AlreadyFinal,
        ),
        (r#"[{"Resultado":"NOT_FOUND"}]"#, Outcome::NotFound),
    ] {
        let desk = Desk::with(SUPABASE);
        assert_eq!(desk.apply(&change("d-1"), [json(200, answer)]), Ok(outcome));
        desk.assert_sent_as("supabase-procedure.http");
    }
}

#[test]
fn anything_else_is_not_what_was_promised() {
    for body in [
        "[]",
        r#"[{"Resultado":"UPDATED"},{"Resultado":"UPDATED"}]"#,
        r#"{"value":[{"Resultado":"UPDATED"}]}"#,
        r#""UPDATED""#,
        r#"[["UPDATED"]]"#,
        "",
        "<!doctype html>",
        r#"[{"Resultado":"UPD"#,
    ] {
        let outcome = Desk::with(SUPABASE).apply(&change("d-1"), [json(200, body)]);
        let flawed = matches!(
            outcome,
            Err(DeliveryError::Remote(OutboundError::InvalidBody(..)))
        );
        assert!(flawed, "{body}: {outcome:?}");
    }
}

#[test]
fn the_table_is_changed_in_one_request_its_filters_being_the_guard() {
    let desk = table(&[("sam_utc_offset", "-05:00")]);
    let outcome = desk.apply(&change("d-1"), [json(200, r#"[{"DeploymentId":"d-1"}]"#)]);
    assert_eq!(outcome, Ok(Outcome::Updated));
    desk.assert_sent_as("postgrest-table.http");
}

#[test]
fn a_row_that_was_not_changed_is_looked_at_to_tell_why() {
    for (seen, outcome) in [
        ("[]", Outcome::NotFound),
        (
            r#"[{"Estado":"COMPLETED","FechaInicioReal":null}]"#,
            Outcome::AlreadyFinal,
        ),
    ] {
        let desk = table(&[]);
        let answers = [json(200, "[]"), json(200, seen)];
        assert_eq!(desk.apply(&change("d-1"), answers), Ok(outcome));
        desk.assert_sent_as("postgrest-table-looked.http");
    }
}

#[test]
fn a_start_that_is_known_stays_and_the_state_seen_is_the_guard() {
    let desk = table(&[]);
    let seen = r#"[{"Estado":"RUNNING","FechaInicioReal":"2026-01-01T00:00:00"}]"#;
    let changed = r#"[{"DeploymentId":"d-1"}]"#;
    let answers = [json(200, "[]"), json(200, seen), json(200, changed)];
    assert_eq!(desk.apply(&change("d-1"), answers), Ok(Outcome::Updated));
    desk.assert_sent_as("postgrest-table-start-known.http");
}

#[test]
fn a_state_that_is_not_set_is_guarded_too() {
    let desk = table(&[("sam_columns", "deployment_id estado - - - -")]);
    let seen = r#"[{"estado":null}]"#;
    let changed = r#"[{"deployment_id":"d-1"}]"#;
    let answers = [json(200, "[]"), json(200, seen), json(200, changed)];
    assert_eq!(desk.apply(&change("d-1"), answers), Ok(Outcome::Updated));
    let sent = desk.host.take_sent();
    assert!(sent[2].ends_with("deployment_id=eq.d-1&estado=is.null&select=deployment_id"));
}

#[test]
fn a_row_that_others_are_at_may_be_tried_again() {
    let seen = r#"[{"Estado":"RUNNING","FechaInicioReal":null}]"#;
    let answers = [json(200, "[]"), json(200, seen), json(200, "[]")];
    let outcome = table(&[]).apply(&change("d-1"), answers);
    assert_eq!(outcome, Err(DeliveryError::Withheld));
    assert!(DeliveryError::Withheld.is_retryable());
}

#[test]
fn a_list_of_something_else_is_no_row_that_was_changed() {
    for body in [r#"[{"status":"up"}]"#, "[1]", "[null]", "[[]]", "[{}]"] {
        let outcome = table(&[]).apply(&change("d-1"), [json(200, body)]);
        let flawed = matches!(
            outcome,
            Err(DeliveryError::Remote(OutboundError::InvalidBody(..)))
        );
        assert!(flawed, "{body}: {outcome:?}");
    }
}

#[test]
fn keys_reach_the_filter_as_one_value_whatever_is_in_them() {
    for (id, value) in [
        ("x'); drop table--", "x%27%29%3B%20drop%20table--"),
        ("../../admin", "..%2F..%2Fadmin"),
        ("a/b?c=d&e", "a%2Fb%3Fc%3Dd%26e"),
        ("*", "%2A"),
        (",", "%2C"),
        ("a+b c", "a%2Bb%20c"),
        ("eq.x", "eq.x"),
        ("\u{1f916}", "%F0%9F%A4%96"),
    ] {
        let desk = table(&[]);
        let answers = [json(200, "[]"), json(200, "[]")];
        assert_eq!(desk.apply(&change(id), answers), Ok(Outcome::NotFound));
        for sent in desk.host.take_sent() {
            let expected = format!("/api/Ejecuciones?DeploymentId=eq.{value}&");
            assert!(sent.contains(&expected), "{sent}");
        }
    }
}

#[test]
fn an_older_sam_is_reached_by_settings_alone() {
    let desk = table(&[
        ("sam_table", "robots"),
        ("sam_columns", "deployment_id estado - - - -"),
    ]);
    let outcome = desk.apply(&change("d-1"), [json(200, r#"[{"deployment_id":7}]"#)]);
    assert_eq!(outcome, Ok(Outcome::Updated));
    desk.assert_sent_as("postgrest-robots.http");
}

#[test]
fn a_row_that_is_to_be_made_is_made_unless_somebody_was_faster() {
    let mut change = change("d-1");
    change.if_absent = IfAbsent::Insert;
    let nothing = || json(200, "[]");
    let made = json(201, r#"[{"DeploymentId":"d-1"}]"#);
    let desk = table(&[]);
    let outcome = desk.apply(&change, [nothing(), nothing(), made]);
    assert_eq!(outcome, Ok(Outcome::Updated));
    desk.assert_sent_as("postgrest-upsert.http");

    // As also where the reply to the first attempt was lost.
    let already = json(
        200,
        r#"[{"Estado":"RUN_COMPLETED","FechaInicioReal":null}]"#,
    );
    let answers = [nothing(), nothing(), json(201, "[]"), already];
    assert_eq!(desk.apply(&change, answers), Ok(Outcome::AlreadyFinal));
}

const NOW: &str = "2026-01-02T03:04:05.000000Z";

/// The row that was written to.
const WRITTEN: &str = r#"[{"promo_id":"P 1"}]"#;

#[test]
fn what_is_newer_stays_its_moment_being_the_filter() {
    let desk = Desk::with(&[SUPABASE, &[("webhook_tables", "a ofertas b")]].concat());
    let outcome = desk.apply(&message(NOW), [json(200, WRITTEN)]);
    assert_eq!(outcome, Ok(Outcome::Updated));
    desk.assert_sent_as("postgrest-message.http");

    for (held, outcome) in [
        (r#""2026-01-02T03:04:06+00:00""#, Ok(Outcome::AlreadyFinal)),
        // It may change, and did not: a policy keeps it, or somebody was faster.
        (
            r#""2026-01-02T03:04:05+00:00""#,
            Err(DeliveryError::Withheld),
        ),
        ("null", Err(DeliveryError::Withheld)),
    ] {
        let row = format!(r#"[{{"at":{held}}}]"#);
        let mut answers = vec![json(200, "[]"), json(200, &row)];
        if outcome.is_err() {
            answers.push(json(200, "[]"));
        }
        assert_eq!(desk.apply(&message(NOW), answers), outcome, "{held}");
        desk.host.take_sent();
    }
}

#[test]
fn a_row_that_is_not_there_is_made_or_waited_for() {
    let desk = Desk::with(SUPABASE);
    let none = || json(200, "[]");
    let outcome = desk.apply(&message(NOW), [none(), none(), json(201, WRITTEN)]);
    assert_eq!(outcome, Ok(Outcome::Updated));
    desk.assert_sent_as("postgrest-message-first.http");
    let mut change = message(NOW);
    change.if_absent = IfAbsent::Report;
    assert_eq!(desk.apply(&change, [none(), none()]), Ok(Outcome::NotFound));
}

#[test]
fn a_row_that_is_made_once_takes_one_request() {
    for (answer, outcome) in [
        (json(201, WRITTEN), Ok(Outcome::Updated)),
        (json(200, "[]"), Ok(Outcome::AlreadyFinal)),
    ] {
        let desk = Desk::with(SUPABASE);
        assert_eq!(desk.apply(&event(), [answer]), outcome);
        desk.assert_sent_as("postgrest-call.http");
    }
    let desk = Desk::with(SUPABASE);
    let outcome = desk.apply(&event(), [json(200, r#"[{"id":1}]"#)]);
    assert!(outcome.is_err(), "{outcome:?}");
}
