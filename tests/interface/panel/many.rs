//! Ten thousand dead letters.

use rusqlite::Connection;

use super::{DataApi, admin, assert_quiet, callback, count, open, text, wait_for_text};

const MANY: u32 = 10_000;

/// Lets the store have so many of its one dead letter, each of a row of its own.
fn multiply(store: &Connection, id: &str, key: &str) {
    let one = "SELECT store, key, value FROM spin_key_value WHERE instr(key, ?1)";
    let columns = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (name, place, value): (String, String, Vec<u8>) = store
        .query_row(one, [id], columns)
        .expect("the dead letter");
    let value = String::from_utf8(value).expect("JSON");
    // An id ends with its row, as 32 hexadecimal digits.
    let (before, _) = id.split_at(id.len() - 32);
    store.execute_batch("BEGIN").expect("a transaction");
    let insert = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)";
    let mut insert = store.prepare(insert).expect("its table");
    for number in 1..MANY {
        let place = place.replace(id, &format!("{before}{number:032x}"));
        let value = value.replace(key, &format!("{key}-{number:05}"));
        let row = (&name, place, value.into_bytes());
        insert.execute(row).expect("inserted");
    }
    drop(insert);
    store.execute_batch("COMMIT").expect("written");
}

#[test]
fn ten_thousand_dead_letters_are_shown_a_page_at_a_time() {
    let data_api = DataApi::start();
    let server = data_api.serve();
    data_api.dab.insert("invalida", "RUNNING");
    assert_eq!(callback(&server, "invalida").status, 202);
    let dead = admin(&server, "GET", "outbox?state=dead");
    let id = dead["entries"][0]["id"].as_str().expect("an id").to_owned();
    let server = server.restart_after(|state| {
        let store = Connection::open(state.join("sqlite_key_value.db")).expect("the store");
        multiply(&store, &id, "invalida");
    });

    let browser = open(&server);
    // A narrow space stands between thousands.
    wait_for_text(&browser, "#status", "Requieren atención: 10\u{202f}000");
    browser.click(".causes [data-do=dead]");
    browser.wait_for("return document.querySelectorAll('#items .entry').length === 50");
    let first = text(&browser, "#items .entry");
    browser.click("#items [data-do=page][data-before]");
    browser.wait_for("return document.querySelectorAll('#items .entry').length === 50");
    assert_ne!(text(&browser, "#items .entry"), first);
    browser.click("#items [data-do=page]");
    browser.wait_for("return document.querySelectorAll('#items .entry').length === 50");

    browser.fill("#filter [name=q]", "invalida-09999");
    browser.click("#filter button");
    wait_for_text(&browser, "#items", "invalida-09999");
    assert_eq!(count(&browser, "#items .entry"), 1);

    browser.click(".causes [data-do=requeueAll]");
    wait_for_text(
        &browser,
        "#question",
        "¿Reintentar 10\u{202f}000 entregas fallidas",
    );
    browser.click("#question [value=no]");
    assert_eq!(admin(&server, "GET", "outbox/stats")["dead"], MANY);
    assert_quiet(&browser);
}
