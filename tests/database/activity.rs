//! activity.sql: the history of activity.

use serde_json::{Value, json};
use support::postgres::{ACTIVITY, Database, MESSAGES, SCHEMA};

use crate::messages::rights::{DENIED, open};
use crate::messages::statements::{Table, post, try_post};
use crate::messages::{ROLE, only, rows};
use crate::rows::sql_state;
use crate::schema::definitions;

const HISTORY: Table = Table {
    name: "actividad",
    key: "request_id",
    moment: None,
    columns: &[
        ("request_id", "text"),
        ("received_at", "timestamp with time zone"),
        ("source", "text"),
        ("outcome", "text"),
        ("status", "integer"),
        ("row_key", "text"),
        ("ms", "double precision"),
    ],
};

fn line(id: &str, outcome: &str) -> Value {
    json!({
        "request_id": id, "received_at": "2026-11-28T10:00:00.123456Z", "source": "a360",
        "outcome": outcome, "status": "200", "row_key": "dep-1", "ms": "0.122",
    })
}

#[test]
fn a_request_has_one_row_and_numbers_are_numbers() {
    for database in [Database::plain(), Database::supabase()] {
        let database = database.with_activity();
        let mut owner = database.connect();
        let mut role = database.connect_in_role(ROLE);
        assert_eq!(post(&mut role, &HISTORY, &line("r-1", "updated")), ["r-1"]);
        let before = rows(&mut owner, &HISTORY);
        assert!(post(&mut role, &HISTORY, &line("r-1", "queued")).is_empty());
        assert_eq!(rows(&mut owner, &HISTORY), before);
        let sum = only(&mut owner, &HISTORY, "status + ms");
        assert_eq!(sum.as_deref(), Some("200.122"));
    }
}

#[test]
fn the_role_makes_rows_and_reads_and_changes_none() {
    let database = Database::supabase().with_activity();
    let all: Vec<_> = HISTORY.columns.iter().map(|(name, _)| *name).collect();
    let of = |right| open(&database, HISTORY.name, right);
    assert_eq!(of("select"), ["request_id"]);
    assert_eq!(of("insert"), all);
    assert!(of("update").is_empty());
    let mut role = database.connect_in_role(ROLE);
    post(&mut role, &HISTORY, &line("r-1", "updated"));
    for statement in [
        "select outcome from actividad",
        "update actividad set outcome = ''",
        "delete from actividad",
        "truncate actividad",
    ] {
        let refused = sql_state(role.batch_execute(statement));
        assert_eq!(refused, DENIED, "{statement}");
    }
    let without = json!({"request_id": "r-2", "source": "a360"});
    assert_eq!(sql_state(try_post(&mut role, &HISTORY, &without)), DENIED);
    for role in ["anon", "authenticated"] {
        let mut client = database.connect_in_role(role);
        let refused = sql_state(client.batch_execute("select from actividad"));
        assert_eq!(refused, DENIED, "{role}");
    }
}

#[test]
fn the_file_run_again_or_before_the_others_makes_the_same() {
    let first = Database::bare().with_activity();
    let mut owner = first.connect();
    for file in [SCHEMA, MESSAGES, ACTIVITY] {
        owner.batch_execute(file).expect("it runs");
    }
    let second = Database::plain().with_messages().with_activity();
    assert_eq!(definitions(&mut owner), definitions(&mut second.connect()));
}
