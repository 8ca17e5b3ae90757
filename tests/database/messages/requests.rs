//! What becomes of a message.

use serde_json::{Value, json};
use support::postgres::Database;

use super::statements::{moments, patch, post};
use super::{EVENTOS, PROMOS, RESERVAS, ROLE, USUARIOS, only, reserve, rows};

const EARLIER: &str = "2026-01-01T00:00:00.000000Z";
const MOMENT: &str = "2026-01-01T00:00:00.000001Z";
const LATER: &str = "2026-01-01T00:00:00.000002Z";

fn reservation(status: &str, moment: &str) -> Value {
    json!({
        "status": status, "user_id": "u-1", "content": "Cambio", "metadata": "{}",
        "message_id": "m-1", "message_timestamp": moment,
    })
}

/// Without its key: a PATCH has that in its filter.
fn promo(discount: &str, moment: &str) -> Value {
    json!({
        "valid_until": "2026-12-31T23:59:59-05:00", "discount": discount,
        "content": "Oferta", "message_id": "m-1", "message_timestamp": moment,
    })
}

/// As a POST has it.
fn keyed(body: &Value, key: &str, id: &str) -> Value {
    let mut body = body.clone();
    body[key] = json!(id);
    body
}

fn event(hash: &str, payload: &str) -> Value {
    json!({
        "token_hash": hash, "environment": "PRD", "process_id": "7", "process_version": "1.0",
        "case_number": "2026-1", "payload": payload, "received_at": MOMENT,
    })
}

#[test]
fn a_reservation_takes_what_is_not_older_than_what_it_has() {
    for database in [Database::plain(), Database::supabase()] {
        let database = database.with_messages();
        let mut owner = database.connect();
        let mut role = database.connect_in_role(ROLE);
        reserve(&mut owner, "R-1");
        for (status, moment, taken) in [
            ("first", MOMENT, true),
            ("older", EARLIER, false),
            ("as old", MOMENT, true),
            ("newer", LATER, true),
            ("older again", MOMENT, false),
        ] {
            let changed = patch(&mut role, &RESERVAS, "R-1", &reservation(status, moment));
            assert_eq!(changed == ["R-1"], taken, "{status}");
            let now = only(&mut owner, &RESERVAS, "status");
            assert_eq!(now.as_deref() == Some(status), taken, "{status}");
        }
        assert_eq!(
            only(&mut owner, &RESERVAS, "user_id").as_deref(),
            Some("u-1")
        );
    }
}

#[test]
fn the_moment_comes_back_in_the_time_zone_of_the_database() {
    let database = Database::plain().with_messages();
    reserve(&mut database.connect(), "R-1");
    let mut role = database.connect_in_role(ROLE);
    assert_eq!(moments(&mut role, &RESERVAS, "R-1"), [None]);
    patch(&mut role, &RESERVAS, "R-1", &reservation("s", MOMENT));
    let moment = "2025-12-31T19:00:00.000001-05:00".to_owned();
    assert_eq!(moments(&mut role, &RESERVAS, "R-1"), [Some(moment)]);
}

#[test]
fn a_reservation_that_is_not_there_gets_no_row_and_leaves_others_alone() {
    let database = Database::plain().with_messages();
    let mut owner = database.connect();
    reserve(&mut owner, "R-1");
    let before = rows(&mut owner, &RESERVAS);
    let mut role = database.connect_in_role(ROLE);
    for id in ["R-2", "r-1", " R-1", "R-1' or ''='", "*", "%", "null", "🤖"] {
        assert!(patch(&mut role, &RESERVAS, id, &reservation("s", LATER)).is_empty());
        assert!(moments(&mut role, &RESERVAS, id).is_empty(), "{id}");
    }
    assert_eq!(rows(&mut owner, &RESERVAS), before);
}

#[test]
fn a_promo_is_made_once_and_then_changed() {
    for database in [Database::plain(), Database::supabase()] {
        let database = database.with_messages();
        let mut owner = database.connect();
        let mut role = database.connect_in_role(ROLE);
        let (first, second) = (promo("10%", MOMENT), promo("20%", LATER));
        assert!(patch(&mut role, &PROMOS, "P-1", &first).is_empty());
        assert!(moments(&mut role, &PROMOS, "P-1").is_empty());
        assert_eq!(
            post(&mut role, &PROMOS, &keyed(&first, "promo_id", "P-1")),
            ["P-1"]
        );

        // Somebody else was first: nothing is written, and the answer says so.
        let before = rows(&mut owner, &PROMOS);
        let late = post(&mut role, &PROMOS, &keyed(&second, "promo_id", "P-1"));
        assert!(late.is_empty());
        assert_eq!(rows(&mut owner, &PROMOS), before);

        assert_eq!(patch(&mut role, &PROMOS, "P-1", &second), ["P-1"]);
        assert_eq!(
            only(&mut owner, &PROMOS, "discount").as_deref(),
            Some("20%")
        );
        let until = only(&mut owner, &PROMOS, "valid_until at time zone 'UTC'");
        assert_eq!(until.as_deref(), Some("2027-01-01 04:59:59"));
    }
}

#[test]
fn a_user_is_made_once_and_then_changed() {
    let database = Database::supabase().with_messages();
    let mut owner = database.connect();
    let mut role = database.connect_in_role(ROLE);
    let user = |content: &str, moment: &str| json!({"content": content, "message_id": "m", "message_timestamp": moment});
    let first = user("Hola", MOMENT);
    assert!(patch(&mut role, &USUARIOS, "u-1", &first).is_empty());
    let first = keyed(&first, "user_id", "u-1");
    assert_eq!(post(&mut role, &USUARIOS, &first), ["u-1"]);
    assert!(post(&mut role, &USUARIOS, &first).is_empty());
    assert!(patch(&mut role, &USUARIOS, "u-1", &user("Antes", EARLIER)).is_empty());
    assert_eq!(
        patch(&mut role, &USUARIOS, "u-1", &user("Luego", LATER)),
        ["u-1"]
    );
    assert_eq!(
        only(&mut owner, &USUARIOS, "content").as_deref(),
        Some("Luego")
    );
}

#[test]
fn a_call_of_blizwork_is_kept_once_as_it_came_first() {
    for database in [Database::plain(), Database::supabase()] {
        let database = database.with_messages();
        let mut role = database.connect_in_role(ROLE);
        let hash = "0123456789abcdef".repeat(4);
        assert_eq!(
            post(&mut role, &EVENTOS, &event(&hash, "{\"a\":1}")),
            [hash.as_str()]
        );
        assert!(post(&mut role, &EVENTOS, &event(&hash, "{\"a\":2}")).is_empty());
        let kept = only(&mut database.connect(), &EVENTOS, "payload");
        assert_eq!(kept.as_deref(), Some("{\"a\":1}"));
    }
}

#[test]
fn json_is_kept_byte_for_byte() {
    let database = Database::plain().with_messages();
    let mut owner = database.connect();
    let mut role = database.connect_in_role(ROLE);
    let long = format!("{{\"datos\":\"{}\"}}", "ñ".repeat(256 * 1024));
    for (number, text) in [
        "",
        " {\r\n\t\"b\" : 1.0, \"a\":1e2, \"a\" : 2 }\n ",
        "{\"á\":\"日本語 🤖 \u{202e} e\u{301}\"}",
        r#"{"nul":"\u0000","quote":"\"'\\","half":"\ud800","slash":"\/"}"#,
        "'); drop table promos; -- $$ $1 %s",
        &long,
    ]
    .into_iter()
    .enumerate()
    {
        for table in [&PROMOS, &USUARIOS, &EVENTOS] {
            owner
                .batch_execute(&format!("truncate {}", table.name))
                .expect("emptied");
        }
        let mut made = keyed(&promo("1", MOMENT), "promo_id", "P");
        made["metadata"] = json!(text);
        assert_eq!(post(&mut role, &PROMOS, &made), ["P"]);
        let kept = only(&mut owner, &PROMOS, "metadata");
        assert!(kept.as_deref() == Some(text), "metadata {number}");

        let hash = format!("{number:064x}");
        assert_eq!(post(&mut role, &EVENTOS, &event(&hash, text)), [hash]);
        let kept = only(&mut owner, &EVENTOS, "payload");
        assert!(kept.as_deref() == Some(text), "payload {number}");

        let user = json!({"user_id": "u", "content": text, "message_timestamp": MOMENT});
        assert_eq!(post(&mut role, &USUARIOS, &user), ["u"]);
        let kept = only(&mut owner, &USUARIOS, "content");
        assert!(kept.as_deref() == Some(text), "content {number}");
    }
}
