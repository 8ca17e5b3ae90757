//! `sam_write=table`: what table-mode.sql opens, and what it keeps shut.

use postgres::Client;
use support::postgres::{Database, TABLE_MODE};

use crate::rows::{FINAL, NOT_FINAL, column, insert, sql_state, table};

/// What PostgREST makes of a PATCH with `return=representation` and `select=DeploymentId`.
const PATCH: &str = r#"update "public"."Ejecuciones"
    set "Estado" = $2, "CallbackInfo" = '{}', "FechaFin" = '2026-01-02 03:04:05',
        "FechaActualizacion" = '2026-01-02 03:04:05'
    where "DeploymentId" = $1 and not "Estado" = any ('{RUN_COMPLETED,RUN_FAILED}')
    returning "public"."Ejecuciones"."DeploymentId""#;

#[test]
fn a_row_that_is_not_final_is_changed_and_its_key_comes_back() {
    for database in [Database::plain(), Database::supabase()] {
        let database = database.in_table_mode();
        let mut owner = database.connect();
        let mut role = database.connect_in_role("sam_callback");
        for state in NOT_FINAL {
            insert(&mut owner, state, state);
            assert_eq!(patch(&mut role, state, "RUN_COMPLETED"), [state]);
            let now = column(&mut owner, state, "Estado");
            assert_eq!(now.as_deref(), Some("RUN_COMPLETED"), "{state}");
        }
    }
}

#[test]
fn the_real_start_is_set_where_there_is_none() {
    let database = Database::plain().in_table_mode();
    insert(&mut database.connect(), "d-1", "DEPLOYED");
    let mut role = database.connect_in_role("sam_callback");
    let statement = r#"update "Ejecuciones" set "FechaInicioReal" = '2026-01-02 03:04:05'
                       where "DeploymentId" = 'd-1' and "FechaInicioReal" is null"#;
    for changed in [1, 0] {
        assert_eq!(role.execute(statement, &[]).expect("allowed"), changed);
    }
}

#[test]
fn a_final_row_stays_whatever_the_request_asks_for() {
    let database = Database::plain().in_table_mode();
    let mut owner = database.connect();
    for state in FINAL {
        insert(&mut owner, state, state);
    }
    insert(&mut owner, "small", "run_Completed");
    let before = table(&mut owner);
    let mut role = database.connect_in_role("sam_callback");
    for statement in [
        r#"update "Ejecuciones" set "Estado" = 'DEPLOYED'"#,
        r#"update "Ejecuciones" set "CallbackInfo" = null where "Estado" <> ''"#,
        r#"with found as (select "DeploymentId" as id from "Ejecuciones")
           update "Ejecuciones" set "FechaFin" = null from found where "DeploymentId" = id"#,
    ] {
        let changed = role.execute(statement, &[]);
        assert_eq!(changed.expect("allowed"), 0, "{statement}");
    }
    for deployment_id in FINAL.into_iter().chain(["small"]) {
        assert!(patch(&mut role, deployment_id, "UNKNOWN").is_empty());
    }
    assert_eq!(table(&mut owner), before);
}

#[test]
fn states_and_dates_can_be_read_and_payloads_cannot() {
    let database = Database::plain().in_table_mode();
    insert(&mut database.connect(), "d-1", "RUN_COMPLETED");
    let mut role = database.connect_in_role("sam_callback");
    let row = role
        .query_one(
            r#"select "Estado" from "Ejecuciones" where "DeploymentId" = 'd-1'"#,
            &[],
        )
        .expect("allowed");
    assert_eq!(row.get::<_, &str>(0), "RUN_COMPLETED");
    for statement in [
        r#"select "CallbackInfo" from "Ejecuciones""#,
        r#"select * from "Ejecuciones""#,
        r#"update "Ejecuciones" set "Estado" = 'UPDATE' returning "CallbackInfo""#,
        r#"update "Ejecuciones" set "DeploymentId" = 'd-2'"#,
        r#"update "Ejecuciones" set "FechaInicio" = now()"#,
        r#"insert into "Ejecuciones" ("DeploymentId", "Estado") values ('d-2', 'DEPLOYED')"#,
        r#"delete from "Ejecuciones""#,
        r#"truncate "Ejecuciones""#,
    ] {
        assert_eq!(
            sql_state(role.batch_execute(statement)),
            "42501",
            "{statement}"
        );
    }
}

#[test]
fn what_is_too_long_is_refused() {
    let database = Database::plain().in_table_mode();
    insert(&mut database.connect(), "d-1", "DEPLOYED");
    let mut role = database.connect_in_role("sam_callback");
    let long = "S".repeat(21);
    let refused = role.execute(PATCH, &[&"d-1", &long]);
    assert_eq!(sql_state(refused), "22001");
}

#[test]
fn supabases_public_roles_get_nothing_by_it() {
    let database = Database::supabase().in_table_mode();
    for role in ["anon", "authenticated"] {
        let read = database
            .connect_in_role(role)
            .query(r#"select "Estado" from "Ejecuciones""#, &[]);
        assert_eq!(sql_state(read), "42501", "{role}");
    }
}

#[test]
fn the_way_back_that_the_file_names_takes_every_right_away() {
    let database = Database::plain().in_table_mode();
    let way_back: String = TABLE_MODE
        .lines()
        .filter_map(|line| line.strip_prefix("--   "))
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut owner = database.connect();
    owner.batch_execute(&way_back).expect("it runs");
    let rights = owner
        .query_one(
            r#"select has_any_column_privilege('sam_callback', 'public."Ejecuciones"',
                                               'select, insert, update, references')"#,
            &[],
        )
        .expect("an answer");
    assert!(way_back.contains("revoke") && !rights.get::<_, bool>(0));
}

fn patch(client: &mut Client, deployment_id: &str, state: &str) -> Vec<String> {
    let changed = client.query(PATCH, &[&deployment_id, &state]);
    changed
        .expect("allowed")
        .iter()
        .map(|row| row.get(0))
        .collect()
}
