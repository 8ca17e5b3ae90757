//! Dead letters of three causes: each is found by its figure, and mended by its button.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;
use support::server::Server;

use super::{DataApi, admin, assert_quiet, callback, count, open, text, trace, wait_for_text};

/// How long what is tried anew may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Longer than a change waits.
const AGE: u64 = 100 * 3600 * 1000;

/// A server whose outbox has a dead letter of each cause, made as they come to be: one that the data API
/// refuses for good, and two that have waited too long.
fn with_dead_letters(data_api: &DataApi) -> Server {
    let server = data_api.serve();
    for id in ["invalida-1", "prohibida-1", "sin-fila-1"] {
        if id != "sin-fila-1" {
            data_api.dab.insert(id, "RUNNING");
        }
        assert_eq!(callback(&server, id).status, 202);
    }
    let server = aged(server);
    let start = Instant::now();
    while admin(&server, "GET", "outbox/stats")["dead"] != 3 {
        admin(&server, "POST", "outbox/drain?all=true");
        assert!(start.elapsed() < PATIENCE, "they do not die");
    }
    server
}

/// The server again, after days in which nothing was delivered.
fn aged(server: Server) -> Server {
    server.restart_after(|state| {
        let store = Connection::open(state.join("sqlite_key_value.db")).expect("the store");
        let mut rows = store
            .prepare("SELECT key, value FROM spin_key_value")
            .expect("its table");
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        let rows: Result<Vec<(String, Vec<u8>)>, _> = rows.expect("rows").collect();
        for (key, value) in rows.expect("rows") {
            let Ok(mut entry) = serde_json::from_slice::<Value>(&value) else {
                continue;
            };
            let Some(since) = entry["since"].as_u64().filter(|_| entry["tries"].is_u64()) else {
                continue;
            };
            entry["since"] = (since - AGE).into();
            let value = serde_json::to_vec(&entry).expect("JSON");
            store
                .execute(
                    "UPDATE spin_key_value SET value = ?1 WHERE key = ?2",
                    (value, key),
                )
                .expect("written");
        }
    })
}

#[test]
fn dead_letters_are_counted_by_cause_and_each_is_mended_by_its_button() {
    let data_api = DataApi::start();
    let server = with_dead_letters(&data_api);
    let browser = open(&server);
    wait_for_text(&browser, "#status .summary", "3 entregas fallidas");
    wait_for_text(&browser, "#status", "Requieren atención: 3");
    let status = text(&browser, "#status");
    for cause in [
        "la base de datos no lo acepta",
        "la API de datos rechaza todo",
        "la fila no está en SAM",
    ] {
        assert!(
            status.contains(&format!("1 · {cause}")),
            "{cause} in {status}"
        );
    }

    // One click from the figure to its list, one to what mends it; deleting asks first.
    browser.click(".causes [data-do=dead][data-cause=no_row]");
    browser.wait_for("return document.querySelectorAll('#items .entry').length === 1");
    assert!(text(&browser, "#items").contains("sin-fila-1"));
    browser.click("#items [data-do=remove]");
    wait_for_text(&browser, "#question", "¿Borrar la entrada de sin-fila-1?");
    browser.click("#question [value=no]");
    assert_eq!(admin(&server, "GET", "outbox/stats")["dead"], 3);
    browser.click("#items [data-do=remove]");
    browser.click("#question [value=yes]");
    wait_for_text(&browser, "#status", "Requieren atención: 2");
    wait_for_text(&browser, "#items", "No hay ninguna.");

    // All of a cause, with their number before.
    data_api.mend();
    let all = "[data-do=requeueAll][data-cause=refused_by_database]";
    browser.click(&format!(".causes {all}"));
    wait_for_text(&browser, "#question", "¿Reintentar 1 entrega fallida");
    browser.click("#question [value=no]");
    assert_eq!(admin(&server, "GET", "outbox/stats")["dead"], 2);
    assert_eq!(data_api.state_of("invalida-1"), "RUNNING");
    browser.click(&format!(".causes {all}"));
    wait_for_text(&browser, "#question", "Sí, reintentar 1");
    browser.click("#question [value=yes]");
    wait_for_text(&browser, "#status", "Requieren atención: 1");
    assert_eq!(data_api.state_of("invalida-1"), "COMPLETED");

    // From the story of one deployment.
    trace(&browser, "prohibida-1");
    browser.click("#story [data-do=retry]");
    wait_for_text(&browser, "#done", "Entregado: la fila quedó actualizada.");
    wait_for_text(&browser, "#status .summary", "Todo en orden");
    assert_eq!(data_api.state_of("prohibida-1"), "COMPLETED");
    assert_eq!(count(&browser, "#story .entry"), 0);
    assert_quiet(&browser);
}

#[test]
fn one_that_is_put_back_is_delivered_by_itself() {
    let (data_api, server) = DataApi::start_with_dead_letter();
    let browser = open(&server);
    wait_for_text(&browser, "#status", "Requieren atención: 1");
    browser.click("[data-do=dead]");
    browser.wait_for("return document.querySelector('#items .entry')");
    browser.click("#items [data-do=show]");
    wait_for_text(&browser, "#question", "code BadRequest");
    assert!(text(&browser, "#question").contains("COMPLETED"));
    browser.click("#question button");

    data_api.mend();
    browser.click("#items [data-do=requeue]");
    wait_for_text(&browser, "#done", "invalida-1 está en espera otra vez");
    wait_for_text(&browser, "#status", "Requieren atención: 0");
    wait_for_text(&browser, "#status", "Pendientes de entrega: 0");
    assert_eq!(data_api.state_of("invalida-1"), "COMPLETED");
    assert_quiet(&browser);
}
