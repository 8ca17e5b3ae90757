//! The verdict on every combination of what can be known.

use serde_json::{Map, Value as Json, json};

use super::*;
use crate::delivery::outbox::{
    DeadLetter, Entry, EntryId, FoundEntry, Location, Origin, Scheduled,
};
use crate::delivery::{FoundRow, Status, ended};
use crate::operations::refusals::{Mention, RefusalRecord};

const ID: &str = "d-1";

/// 2026-01-02T03:04:05Z
const AT: u64 = 1_767_323_045_000;

fn row(state: &str, more: Json) -> RowState {
    let mut row = Map::new();
    row.insert("Estado".to_owned(), state.into());
    row.insert("FechaFin".to_owned(), json!("2026-01-01T22:00:00"));
    row.extend(more.as_object().cloned().unwrap_or_default());
    RowState::Found {
        row: FoundRow::new(row),
        is_final: state == "RUN_COMPLETED",
    }
}

fn called() -> Json {
    json!({"ConCallback": true, "Historico": false})
}

fn not_called() -> Json {
    json!({"ConCallback": false, "Historico": false})
}

fn moved(has_callback: bool) -> Json {
    json!({"ConCallback": has_callback, "Historico": true})
}

fn entry(is_dead: bool, why: &str) -> FoundEntry {
    let id = DeploymentId::new(ID).expect("fits");
    let change = ended(
        id,
        Status::new("RUN_COMPLETED").expect("fits"),
        "{}".to_owned(),
    );
    let id = EntryId::new(&change, AT, 1);
    let origin = Origin {
        source: "a360",
        request_id: "r",
    };
    let mut entry = Entry::new(change, origin, AT);
    entry.failed(AT, why.to_owned());
    FoundEntry {
        location: match is_dead {
            true => Location::Dead(DeadLetter { id, tag: None }),
            false => Location::Waiting(Scheduled {
                due: AT,
                id,
                tag: None,
            }),
        },
        entry: Some(entry),
    }
}

fn waiting() -> Vec<FoundEntry> {
    vec![entry(false, "no such row yet")]
}

fn dead() -> Vec<FoundEntry> {
    vec![entry(true, "data API: status 400 Bad Request, code 22001")]
}

fn refused(code: &str, status: u16, rejected: Option<&str>, verified: bool) -> Vec<RefusalRecord> {
    let mention = Mention {
        id: ID.to_uppercase(),
        last: AT,
        count: 1,
    };
    vec![RefusalRecord {
        client: "10.0.0.9".to_owned(),
        source: Some("a360".to_owned()),
        status,
        code: code.to_owned(),
        rejected: rejected.map(str::to_owned),
        verified,
        last: AT,
        count: 3,
        mentions: vec![mention],
    }]
}

fn wrong_token() -> Vec<RefusalRecord> {
    refused(
        "invalid_credentials",
        401,
        Some("static_token: wrong"),
        false,
    )
}

fn of(
    row: RowState,
    entries: Vec<FoundEntry>,
    refusals: Vec<RefusalRecord>,
    is_embedded: bool,
) -> String {
    let findings = Findings {
        row,
        is_embedded,
        entries,
        refusals,
    };
    let refusals = views(&findings.refusals);
    Evidence::of(&findings, refusals.first()).verdict()
}

#[test]
fn a_closed_row_says_whether_it_was_by_a_callback_and_what_is_left_to_do() {
    let open_refusal = "; el 2026-01-02 03:04:05 UTC se rechazó un callback sin credencial válida que la \
                        nombra (401, static_token: wrong): compare el token que envía A360 con callback_token.";
    let by_callback = "Sí llegó: el callback está en SAM y la ejecución terminó como RUN_COMPLETED el \
                       2026-01-01 22:00:00";
    let other = "La ejecución terminó en SAM como RUN_COMPLETED el 2026-01-01 22:00:00, pero sin callback: la \
                 cerró el Conciliador o una persona";
    for (row, entries, refusals, expected) in [
        (row("RUN_COMPLETED", called()), vec![], vec![], format!("{by_callback}; no hay nada que hacer.")),
        (row("RUN_COMPLETED", called()), vec![], wrong_token(), format!("{by_callback}; no hay nada que hacer.")),
        (
            row("RUN_COMPLETED", called()),
            dead(),
            vec![],
            format!(
                "{by_callback}; no hay nada que hacer; la entrega fallida que queda ya no cambia nada y se \
                 puede borrar."
            ),
        ),
        (
            row("RUN_COMPLETED", moved(true)),
            vec![],
            vec![],
            format!("{by_callback}, y SAM ya la movió al histórico; no hay nada que hacer."),
        ),
        (row("RUN_COMPLETED", not_called()), vec![], vec![], format!("{other}.")),
        (row("RUN_COMPLETED", not_called()), vec![], wrong_token(), format!("{other}{open_refusal}")),
        (
            row("RUN_COMPLETED", not_called()),
            waiting(),
            vec![],
            format!("{other}; el cambio que espera ya no cambia nada y se retira solo."),
        ),
        (
            row("UNKNOWN", moved(false)),
            vec![],
            vec![],
            "SAM dio la ejecución por perdida (UNKNOWN) sin que llegara su callback, y la movió al histórico: \
             si el robot terminó, hay que corregirla en SAM."
                .to_owned(),
        ),
        (
            row("RUN_COMPLETED", json!({})),
            vec![],
            vec![],
            "La ejecución terminó en SAM como RUN_COMPLETED el 2026-01-01 22:00:00; esta configuración no \
             permite ver si fue por un callback."
                .to_owned(),
        ),
    ] {
        assert_eq!(of(row, entries, refusals, false), expected);
    }
}

#[test]
fn an_open_row_says_who_stopped_its_callback() {
    let running = || row("RUNNING", not_called());
    for (row, entries, refusals, expected) in [
        (
            running(),
            vec![],
            vec![],
            "No consta que A360 haya llamado, y la ejecución sigue en RUNNING: compruebe en A360 si el robot \
             terminó y a qué dirección envía el callback.",
        ),
        (
            row("UNKNOWN", not_called()),
            vec![],
            vec![],
            "No consta que A360 haya llamado, y el Conciliador dio la ejecución por perdida (UNKNOWN): \
             compruebe en A360 si el robot terminó y a qué dirección envía el callback.",
        ),
        (
            row("RUN_TIMED_OUT", called()),
            vec![],
            vec![],
            "Sí llegó: el callback dejó la ejecución en RUN_TIMED_OUT, que SAM no cuenta como estado final; \
             avise a quien mantiene SAM.",
        ),
        (
            running(),
            waiting(),
            wrong_token(),
            "Todavía no llegó a SAM: el callback se recibió el 2026-01-02 03:04:05 UTC, espera en la bandeja \
             (SAM no tenía la fila) y se reintenta solo; la ejecución sigue en RUNNING.",
        ),
        (
            running(),
            dead(),
            vec![],
            "No llegó a SAM: el callback se recibió el 2026-01-02 03:04:05 UTC y es una entrega fallida («data \
             API: status 400 Bad Request, code 22001»), y la ejecución sigue en RUNNING; corrija la causa y \
             reintente la entrega.",
        ),
        (
            running(),
            vec![],
            wrong_token(),
            "No llegó a SAM: el 2026-01-02 03:04:05 UTC se rechazó un callback sin credencial válida que la \
             nombra (401, static_token: wrong): compare el token que envía A360 con callback_token; la \
             ejecución sigue en RUNNING y no consta que A360 reintente.",
        ),
    ] {
        assert_eq!(of(row, entries, refusals, false), expected);
    }
}

#[test]
fn a_row_that_sam_does_not_have_or_does_not_show_says_what_is_known_here() {
    for (row, entries, refusals, expected) in [
        (
            RowState::Absent,
            vec![],
            vec![],
            "No hay noticia de esta ejecución: SAM no la tiene y no consta que A360 haya llamado; compruebe \
             el identificador y si se desplegó en A360.",
        ),
        (
            RowState::Absent,
            waiting(),
            vec![],
            "El callback llegó el 2026-01-02 03:04:05 UTC, pero SAM todavía no tiene la ejecución: espera a \
             que el Lanzador la inserte y se entrega solo.",
        ),
        (
            RowState::Absent,
            vec![entry(true, "no such row yet")],
            vec![],
            "El callback llegó el 2026-01-02 03:04:05 UTC, pero SAM no tiene la ejecución y quedó como entrega \
             fallida (SAM no tenía la fila): si el Lanzador la inserta, reintente la entrega; si no, bórrela.",
        ),
        (
            RowState::Absent,
            vec![],
            refused("invalid_callback", 422, None, true),
            "SAM no tiene la ejecución, y el 2026-01-02 03:04:05 UTC se rechazó su callback (422): no es un \
             callback válido: el registro muestra el cuerpo.",
        ),
        (
            RowState::Unreadable,
            vec![],
            vec![],
            "No se pudo leer la ejecución en SAM (la causa está en el registro); este servicio no tiene nada \
             pendiente ni rechazado de ella: o su callback ya se entregó, o A360 no ha llamado.",
        ),
        (
            RowState::Unreadable,
            waiting(),
            vec![],
            "No se pudo leer la ejecución en SAM (la causa está en el registro); el callback llegó el \
             2026-01-02 03:04:05 UTC, espera en la bandeja (SAM no tenía la fila) y se reintenta solo.",
        ),
        (
            RowState::NotOffered,
            dead(),
            vec![],
            "No se puede leer la ejecución en SAM: la base de datos no tiene el procedimiento de \
             sam_lookup_procedure; el callback llegó el 2026-01-02 03:04:05 UTC y es una entrega fallida \
             («data API: status 400 Bad Request, code 22001»): corrija la causa y reintente la entrega.",
        ),
        (
            RowState::Unreadable,
            vec![],
            refused("not_found", 404, None, false),
            "No se pudo leer la ejecución en SAM (la causa está en el registro); el 2026-01-02 03:04:05 UTC se \
             rechazó un callback sin credencial válida que la nombra (404): se envió a otra ruta: corrija la \
             dirección del callback en A360.",
        ),
    ] {
        assert_eq!(of(row, entries, refusals, false), expected);
    }
}

#[test]
fn with_the_embedded_store_every_verdict_says_that_sam_does_not_change() {
    for (row, refusals, expected) in [
        (
            row("RUN_COMPLETED", called()),
            vec![],
            "Sí llegó a este servicio, que la guarda como RUN_COMPLETED, pero no a SAM: con \
             data_api=embedded SAM no cambia.",
        ),
        (
            RowState::Absent,
            refused("invalid_credentials", 401, None, false),
            "No llegó: el 2026-01-02 03:04:05 UTC se rechazó un callback sin credencial válida que la nombra \
             (401): llegó sin token: revise las cabeceras del callback en A360; además, con \
             data_api=embedded SAM no cambia.",
        ),
        (
            RowState::Absent,
            vec![],
            "No consta que A360 haya llamado; además, con data_api=embedded SAM no cambia.",
        ),
    ] {
        assert_eq!(of(row, vec![], refusals, true), expected);
    }
}

#[test]
fn every_reason_for_a_refusal_says_what_to_do() {
    for (code, status, what) in [
        ("insufficient_credentials", 403, "token y el JWT"),
        ("too_many_attempts", 429, "corrija antes el token"),
        ("misconfigured", 503, "/health/ready"),
        ("invalid_json", 400, "no es JSON"),
        ("unsupported_encoding", 415, "no es JSON"),
        ("interrupted", 400, "incompleto"),
        ("too_large", 413, "max_body_bytes"),
        ("unavailable", 503, "bandeja de salida"),
        ("method_not_allowed", 405, "otra ruta"),
        ("another", 418, "el registro dice por qué"),
    ] {
        let running = row("RUNNING", not_called());
        let verdict = of(running, vec![], refused(code, status, None, false), false);
        assert!(
            verdict.contains(what) && verdict.contains(&status.to_string()),
            "{verdict}"
        );
    }
}

#[test]
fn the_deployment_of_a_path_is_decoded_and_has_to_be_one() {
    let id = |path: &str| request("GET", path).map(|it| it.map(|id| id.to_string()));
    assert_eq!(id("/admin/trace/d-1"), Some(Ok("d-1".to_owned())));
    assert_eq!(
        id("/admin/trace/a%2Fb%20%C3%B1"),
        Some(Ok("a/b ñ".to_owned()))
    );
    for other in [
        "/admin/trace/",
        "/admin/trace",
        "/admin/trace/a/b",
        "/admin/traces/a",
    ] {
        assert_eq!(id(other), None, "{other}");
    }
    let long = format!("/admin/trace/{}", "x".repeat(51));
    for wrong in [
        "/admin/trace/%20",
        "/admin/trace/%ff",
        "/admin/trace/%00",
        &long,
    ] {
        assert!(
            matches!(id(wrong), Some(Err(Refusal::WrongQuery(_)))),
            "{wrong}"
        );
    }
    let posted = request("POST", "/admin/trace/d-1");
    assert_eq!(posted, Some(Err(Refusal::MethodNotAllowed("GET, HEAD"))));
}
