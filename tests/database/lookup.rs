//! What operators ask: one row by its deployment, and the rows that are active too long.

use postgres::Client;
use serde_json::{Value, json};
use support::postgres::{Database, LOOKUP};

use crate::rows::{FINAL, NOT_FINAL, call, sql_state, table};

const ROLE: &str = "sam_callback";

/// Inserts a row that began so many minutes ago.
fn insert(owner: &mut Client, deployment_id: &str, state: &str, minutes: i32) {
    let statement = r#"insert into "Ejecuciones" ("DeploymentId", "Estado", "FechaInicio")
                       values ($1, $2, localtimestamp - make_interval(mins => $3))"#;
    let inserted = owner.execute(statement, &[&deployment_id, &state, &minutes]);
    inserted.expect("inserted");
}

fn rows(client: &mut Client, statement: &str) -> Vec<Value> {
    let statement = format!("select row_to_json(r)::text from ({statement}) r");
    let rows = client.query(&statement, &[]).expect("allowed");
    let texts = rows.iter().map(|row| row.get::<_, String>(0));
    texts
        .map(|text| serde_json::from_str(&text).expect("JSON"))
        .collect()
}

fn look_up(client: &mut Client, deployment_id: &str) -> Vec<Value> {
    let statement = format!(
        r#"select * from public."ConsultarEjecucion"("DeploymentId" := '{deployment_id}'::text)"#
    );
    rows(client, &statement)
}

fn overdue(client: &mut Client, minutes: usize) -> Vec<String> {
    let statement =
        format!(r#"select * from public."EjecucionesSinCallback"("Minutos" := {minutes})"#);
    let rows = rows(client, &statement);
    rows.iter()
        .map(|row| row["DeploymentId"].as_str().expect("text").to_owned())
        .collect()
}

#[test]
fn a_row_is_shown_with_whether_it_has_a_callback_and_without_the_callback() {
    for database in [Database::plain(), Database::supabase()] {
        let database = database.with_lookup();
        let mut owner = database.connect();
        let mut role = database.connect_in_role(ROLE);
        insert(&mut owner, "d-1", "RUNNING", 5);
        insert(&mut owner, "d-2", "RUNNING", 5);
        call(&mut owner, "d-2", "RUN_COMPLETED", r#"{"secreto":"nada"}"#);
        let before = table(&mut owner);

        let [running] = &look_up(&mut role, "d-1")[..] else {
            panic!("one row");
        };
        assert_eq!(running["Estado"], "RUNNING");
        assert_eq!(running["ConCallback"], false);
        assert_eq!(running["Historico"], false);
        assert_eq!(running["FechaFin"], Value::Null);
        assert!(running["FechaInicio"].is_string(), "{running}");
        let [ended] = &look_up(&mut role, "d-2")[..] else {
            panic!("one row");
        };
        assert_eq!(ended["ConCallback"], true);
        assert!(ended["FechaFin"].is_string() && !ended.to_string().contains("secreto"));
        for other in ["d-3", "D-1", "d-1 ", ""] {
            assert_eq!(look_up(&mut role, other), [Value::Null; 0], "{other:?}");
        }
        assert_eq!(table(&mut owner), before, "nothing is written");
    }
}

#[test]
fn a_row_that_was_moved_is_found_in_the_history_and_says_so() {
    let database = Database::supabase().with_lookup();
    let mut owner = database.connect();
    let mut role = database.connect_in_role(ROLE);
    insert(&mut owner, "d-1", "UNKNOWN", 5000);
    // As often as it takes for a plan to be kept.
    for _ in 0..7 {
        assert_eq!(look_up(&mut role, "vieja"), [Value::Null; 0]);
    }
    let moved = r#"create table public."Ejecuciones_Historico" (like public."Ejecuciones");
        insert into "Ejecuciones_Historico" select * from "Ejecuciones";
        update "Ejecuciones_Historico" set "DeploymentId" = 'vieja', "CallbackInfo" = '{}'"#;
    owner.batch_execute(moved).expect("moved");
    let [found] = &look_up(&mut role, "vieja")[..] else {
        panic!("one row");
    };
    assert_eq!(
        (&found["Historico"], &found["ConCallback"], &found["Estado"]),
        (&json!(true), &json!(true), &json!("UNKNOWN"))
    );
    assert_eq!(look_up(&mut role, "d-1")[0]["Historico"], false);
    owner
        .batch_execute(r#"drop table "Ejecuciones_Historico""#)
        .expect("dropped");
    assert_eq!(look_up(&mut role, "vieja"), [Value::Null; 0]);
}

#[test]
fn what_is_active_too_long_without_a_callback_is_overdue_and_nothing_else() {
    let database = Database::plain().with_lookup();
    let mut owner = database.connect();
    let mut role = database.connect_in_role(ROLE);
    for (number, state) in NOT_FINAL.iter().enumerate() {
        insert(
            &mut owner,
            state,
            state,
            100 + 10 * i32::try_from(number).expect("few"),
        );
    }
    for state in FINAL {
        insert(&mut owner, state, state, 100);
    }
    insert(&mut owner, "joven", "RUNNING", 59);
    insert(&mut owner, "minúsculas", "run_completed", 100);
    // A state that SAM does not count as final, set by a callback: it has called.
    insert(&mut owner, "llamó", "RUNNING", 100);
    call(&mut owner, "llamó", "RUN_TIMED_OUT", "{}");

    let oldest_first: Vec<_> = NOT_FINAL.iter().rev().copied().collect();
    assert_eq!(overdue(&mut role, 60), oldest_first);
    assert_eq!(overdue(&mut role, 155), oldest_first[..1]);
    assert_eq!(overdue(&mut role, 1000), [""; 0]);
    assert_eq!(overdue(&mut role, 0).len(), NOT_FINAL.len() + 1);
}

#[test]
fn no_more_than_two_hundred_are_listed() {
    let database = Database::plain().with_lookup();
    let many = r#"insert into "Ejecuciones" ("DeploymentId", "Estado", "FechaInicio")
                  select 'd-' || n, 'RUNNING', localtimestamp - make_interval(mins => n)
                  from generate_series(1, 300) n"#;
    database.connect().batch_execute(many).expect("inserted");
    let listed = overdue(&mut database.connect_in_role(ROLE), 0);
    assert_eq!(listed.len(), 200);
    assert_eq!(listed[0], "d-300");
}

#[test]
fn only_the_role_may_ask_and_it_may_do_no_more_than_before() {
    let database = Database::supabase().with_lookup();
    insert(&mut database.connect(), "d-1", "RUNNING", 100);
    let asked = [
        r#"select * from "ConsultarEjecucion"('d-1')"#,
        r#"select * from "EjecucionesSinCallback"(1)"#,
    ];
    for role in ["anon", "authenticated", "service_role"] {
        for statement in asked {
            let called = database.connect_in_role(role).batch_execute(statement);
            assert_eq!(sql_state(called), "42501", "{role}: {statement}");
        }
    }
    let mut role = database.connect_in_role(ROLE);
    for statement in asked {
        role.batch_execute(statement).expect("granted");
    }
    for statement in [
        r#"select from "Ejecuciones""#,
        r#"update "Ejecuciones" set "Estado" = 'RUN_FAILED'"#,
    ] {
        assert_eq!(sql_state(role.batch_execute(statement)), "42501");
    }
    // Nothing that a caller makes stands in for the table.
    role.batch_execute(
        r#"create temp table "Ejecuciones" ("DeploymentId" text);
           insert into pg_temp."Ejecuciones" values ('d-9')"#,
    )
    .expect("everybody may have temporary tables");
    assert_eq!(look_up(&mut role, "d-9"), [Value::Null; 0]);
}

#[test]
fn the_file_may_be_run_again() {
    for database in [Database::plain(), Database::supabase()] {
        let database = database.with_lookup();
        let mut owner = database.connect();
        insert(&mut owner, "d-1", "RUNNING", 100);
        let before = crate::schema::definitions(&mut owner);
        owner.batch_execute(LOOKUP).expect("it runs again");
        assert_eq!(crate::schema::definitions(&mut owner), before);
        assert_eq!(overdue(&mut database.connect_in_role(ROLE), 60), ["d-1"]);
    }
}

#[test]
fn a_number_of_minutes_that_is_none_is_refused() {
    let database = Database::plain().with_lookup();
    let mut role = database.connect_in_role(ROLE);
    for minutes in ["null", "-1"] {
        let statement = format!(r#"select * from "EjecucionesSinCallback"({minutes})"#);
        assert_eq!(sql_state(role.batch_execute(&statement)), "22023");
    }
}
