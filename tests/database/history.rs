//! Rows that SAM has moved to "Ejecuciones_Historico", in databases with and without that table.

use postgres::Client;
use support::postgres::Database;

use crate::rows::{FINAL, NOT_FINAL, call, column, insert, sql_state, table};

const ROLE: &str = "sam_callback";

/// The same columns, as SAM's table has them.
const CREATE: &str = r#"create table public."Ejecuciones_Historico" (like public."Ejecuciones")"#;

/// A database with the history, as its owner sees it and as the role does.
fn with_history(database: &Database) -> (Client, Client) {
    let mut owner = database.connect();
    owner.batch_execute(CREATE).expect("created");
    (owner, database.connect_in_role(ROLE))
}

/// Moves the row as SAM does at night.
fn archive(owner: &mut Client, deployment_id: &str) {
    let statement = r#"with gone as (
        delete from "Ejecuciones" where "DeploymentId" = $1 returning *
    ) insert into "Ejecuciones_Historico" select * from gone"#;
    let moved = owner.execute(statement, &[&deployment_id]);
    assert_eq!(moved.expect("moved"), 1);
}

fn history(owner: &mut Client) -> Vec<String> {
    let rows = owner.query(
        r#"select h::text from "Ejecuciones_Historico" as h order by "EjecucionId""#,
        &[],
    );
    rows.expect("its own")
        .iter()
        .map(|row| row.get(0))
        .collect()
}

#[test]
fn a_callback_for_a_row_that_was_moved_has_nothing_to_wait_for() {
    for database in [Database::plain(), Database::supabase()] {
        let (mut owner, mut role) = with_history(&database);
        // The Conciliador's UNKNOWN is moved too, and so may be what SAM's people move by hand.
        for state in FINAL.into_iter().chain(NOT_FINAL) {
            insert(&mut owner, state, state);
            archive(&mut owner, state);
        }
        let before = history(&mut owner);
        for state in FINAL.into_iter().chain(NOT_FINAL) {
            let outcome = call(&mut role, state, "RUN_COMPLETED", "{}");
            assert_eq!(outcome, "ALREADY_PROCESSED", "{state}");
        }
        assert_eq!(history(&mut owner), before, "nothing there is changed");
        assert!(table(&mut owner).is_empty(), "and no row is made");
    }
}

#[test]
fn what_is_in_neither_table_is_not_found() {
    let database = Database::plain();
    let (mut owner, mut role) = with_history(&database);
    insert(&mut owner, "d-1", "COMPLETED");
    archive(&mut owner, "d-1");
    for other in ["d-2", "D-1", "d-1 ", "d_1"] {
        let outcome = call(&mut role, other, "RUN_COMPLETED", "{}");
        assert_eq!(outcome, "NOT_FOUND", "{other:?}");
    }
}

#[test]
fn a_row_that_is_still_there_counts_whatever_the_history_says() {
    let database = Database::plain();
    let (mut owner, mut role) = with_history(&database);
    insert(&mut owner, "d-1", "UNKNOWN");
    archive(&mut owner, "d-1");
    insert(&mut owner, "d-1", "DEPLOYED");
    assert_eq!(call(&mut role, "d-1", "RUN_COMPLETED", "{}"), "UPDATED");
    let state = column(&mut owner, "d-1", "Estado");
    assert_eq!(state.as_deref(), Some("RUN_COMPLETED"));
}

#[test]
fn a_connection_notices_when_the_history_comes_and_when_it_goes() {
    let database = Database::plain();
    let mut owner = database.connect();
    let mut role = database.connect_in_role(ROLE);
    assert_eq!(call(&mut role, "d-1", "RUN_FAILED", "{}"), "NOT_FOUND");
    for _ in 0..2 {
        owner.batch_execute(CREATE).expect("created");
        insert(&mut owner, "d-1", "RUN_COMPLETED");
        archive(&mut owner, "d-1");
        // As often as it takes for a plan to be kept.
        for _ in 0..7 {
            let outcome = call(&mut role, "d-1", "RUN_FAILED", "{}");
            assert_eq!(outcome, "ALREADY_PROCESSED");
        }
        owner
            .batch_execute(r#"drop table "Ejecuciones_Historico""#)
            .expect("dropped");
        assert_eq!(call(&mut role, "d-1", "RUN_FAILED", "{}"), "NOT_FOUND");
    }
}

#[test]
fn the_role_needs_no_right_on_the_history_and_gets_none() {
    for database in [Database::plain(), Database::supabase()] {
        let (mut owner, mut role) = with_history(&database);
        owner
            .batch_execute(r#"alter table "Ejecuciones_Historico" enable row level security"#)
            .expect("its own");
        insert(&mut owner, "d-1", "COMPLETED");
        archive(&mut owner, "d-1");
        for statement in [
            r#"select from "Ejecuciones_Historico""#,
            r#"delete from "Ejecuciones_Historico""#,
            r#"update "Ejecuciones_Historico" set "Estado" = 'DEPLOYED'"#,
        ] {
            assert_eq!(sql_state(role.batch_execute(statement)), "42501");
        }
        // Nothing that a caller makes stands in for it.
        role.batch_execute(
            r#"create temp table "Ejecuciones_Historico" ("DeploymentId" text);
               insert into pg_temp."Ejecuciones_Historico" values ('d-2')"#,
        )
        .expect("everybody may have temporary tables");
        assert_eq!(call(&mut role, "d-2", "RUN_FAILED", "{}"), "NOT_FOUND");
        let outcome = call(&mut role, "d-1", "RUN_FAILED", "{}");
        assert_eq!(outcome, "ALREADY_PROCESSED");
    }
}
