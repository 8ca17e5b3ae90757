//! What is read of rows, through each data API and from each kind of reply.

use super::*;
use crate::delivery::tests::{Desk, change};
use crate::testing::{Answers, json};

const DAB: [(&str, &str); 2] = [
    ("data_api", "dab"),
    ("data_api_headers", r#"{"X-MS-API-ROLE":"sam_callback"}"#),
];
const POSTGREST: [(&str, &str); 2] = [("data_api", "postgrest"), ("data_api_path", "/rest/v1")];
const TABLE: (&str, &str) = ("sam_write", "table");
const ROW: &str = r#"{"DeploymentId":"d 1","Estado":"RUNNING","FechaFin":null,"ConCallback":false,
    "Historico":true}"#;

fn desk(settings: &[(&str, &str)], more: &[(&str, &str)]) -> Desk {
    Desk::with(&[settings, more].concat())
}

fn rows(desk_is_dab: bool, rows: &str) -> Answers {
    match desk_is_dab {
        true => json(201, &format!(r#"{{"value":[{rows}]}}"#)),
        false => json(200, &format!("[{rows}]")),
    }
}

#[test]
fn the_procedures_are_one_request_each() {
    for (settings, is_dab) in [(DAB, true), (POSTGREST, false)] {
        let desk = desk(&settings, &[]);
        let found = desk.look_up("d 1", [rows(is_dab, ROW)]);
        let found = found.expect("read").expect("a row");
        assert_eq!((found.state.as_str(), found.ended), ("RUNNING", None));
        assert_eq!((found.has_callback, found.is_archived), (Some(false), true));
        assert_eq!(desk.look_up("d 1", [rows(is_dab, "")]), Ok(None));
        assert_eq!(
            desk.overdue([rows(is_dab, ROW)]).map(|rows| rows.len()),
            Ok(1)
        );
        let sent = desk.host.sent.take();
        let bodies: Vec<_> = sent
            .iter()
            .map(|it| String::from_utf8_lossy(&it.body))
            .collect();
        let id = r#"{"DeploymentId":"d 1"}"#;
        assert_eq!(bodies, [id, id, r#"{"Minutos":60}"#]);
        let targets = sent.iter().map(|it| format!("{} {}", it.method, it.target));
        let path = if is_dab { "api" } else { "rest/v1/rpc" };
        let of = |name| format!("POST http://localhost:5000/{path}/{name}");
        assert_eq!(
            targets.collect::<Vec<_>>(),
            [
                of("ConsultarEjecucion"),
                of("ConsultarEjecucion"),
                of("EjecucionesSinCallback")
            ]
        );
    }
}

#[test]
fn a_procedure_that_shows_the_callback_itself_is_understood() {
    for (info, expected) in [("null", Some(false)), (r#""{}""#, Some(true))] {
        let row = format!(r#"{{"Estado":"x","CallbackInfo":{info}}}"#);
        let found = desk(&DAB, &[]).look_up("d", [rows(true, &row)]);
        assert_eq!(found.expect("read").expect("a row").has_callback, expected);
    }
}

#[test]
fn of_a_table_the_row_is_read_without_its_callback() {
    let names = ("sam_columns", "id estado info fin - -");
    for (settings, is_dab, target) in [
        (DAB, true, "/api/Ejecuciones/id/d%201?$select=id,estado,fin"),
        (
            POSTGREST,
            false,
            "/rest/v1/Ejecuciones?id=eq.d%201&select=id,estado,fin",
        ),
    ] {
        let desk = desk(&settings, &[TABLE, names]);
        let row = r#"{"id":"d 1","estado":"RUN_FAILED","fin":"2026-01-01T10:00:00"}"#;
        let found = desk.look_up("d 1", [rows(is_dab, row)]);
        let found = found.expect("read").expect("a row");
        assert_eq!(found.state, "RUN_FAILED");
        assert_eq!(found.ended.as_deref(), Some("2026-01-01T10:00:00"));
        assert_eq!((found.has_callback, found.is_archived), (None, false));
        assert_eq!(
            desk.host.take_sent(),
            [format!("GET http://localhost:5000{target}")]
        );
        assert_eq!(desk.look_up("d 1", [rows(is_dab, "")]), Ok(None));
    }
    let gone = r#"{"error":{"code":"ItemNotFound"}}"#;
    assert_eq!(
        desk(&DAB, &[TABLE]).look_up("d", [json(404, gone)]),
        Ok(None)
    );
    let unaddressable = desk(&DAB, &[TABLE]).look_up("a/b", []);
    assert_eq!(unaddressable, Err(DeliveryError::Unaddressable.into()));
}

#[test]
fn a_procedure_that_is_missing_is_no_failure_and_anything_else_is_one() {
    let entity = r#"{"error":{"code":"EntityNotFound"}}"#;
    for (settings, body) in [
        (DAB, entity),
        (POSTGREST, r#"{"code":"PGRST202"}"#),
        (POSTGREST, r#"{"code":"42883"}"#),
    ] {
        let desk = desk(&settings, &[]);
        assert_eq!(
            desk.look_up("d", [json(404, body)]),
            Err(ReadError::NotOffered)
        );
        assert_eq!(desk.overdue([json(404, body)]), Err(ReadError::NotOffered));
    }
    for (settings, status, body) in [
        (DAB, 404, "<html>"),
        (DAB, 403, entity),
        (POSTGREST, 404, r#"{"code":"PGRST205"}"#),
        (POSTGREST, 403, r#"{"code":"42501"}"#),
        (POSTGREST, 200, r#"[{"Estado":1},{}]"#),
        (POSTGREST, 200, r#"["x"]"#),
        (DAB, 201, "[]"),
    ] {
        let desk = desk(&settings, &[]);
        let failed = |error: &ReadError| matches!(error, ReadError::Failed(_));
        assert!(
            desk.look_up("d", [json(status, body)])
                .is_err_and(|it| failed(&it)),
            "{body}"
        );
        assert!(
            desk.overdue([json(status, body)])
                .is_err_and(|it| failed(&it)),
            "{body}"
        );
    }
    let none = desk(
        &DAB,
        &[
            ("sam_lookup_procedure", "-"),
            ("sam_overdue_procedure", "-"),
        ],
    );
    assert_eq!(none.look_up("d", []), Err(ReadError::NotOffered));
    assert_eq!(none.overdue([]), Err(ReadError::NotOffered));
}

#[test]
fn what_cannot_be_read_says_nothing_of_how_changes_fare() {
    let desk = desk(&POSTGREST, &[]);
    let denied = json(403, r#"{"code":"42501"}"#);
    assert!(desk.look_up("d", [denied]).is_err());
    let well = json(200, r#"{"swagger":"2.0","paths":{"/":{}}}"#);
    desk.host.will([well]);
    let probed = futures_executor::block_on(desk.data_api().probe(&desk.host));
    assert_eq!(probed, Ok(()));
}

#[test]
fn an_embedded_row_is_shown_without_its_callback_and_is_never_overdue() {
    let desk = desk(&[], &[]);
    assert_eq!(desk.look_up("d-1", []), Ok(None));
    desk.apply(&change("d-1"), []).expect("made");
    let found = desk.look_up("d-1", []).expect("read").expect("a row");
    assert_eq!(found.state, "RUN_COMPLETED");
    assert_eq!(found.has_callback, Some(true));
    assert!(found.ended.is_some());
    assert!(!found.row.contains_key(CALLBACK_INFO) && !found.row.contains_key("_by"));
    assert_eq!(desk.overdue([]), Err(ReadError::NotOffered));
}
