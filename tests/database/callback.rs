//! What the function makes of a callback.

use support::postgres::{Database, TIME_ZONE};

use crate::rows::{FINAL, NOT_FINAL, call, column, insert, table};

const ROLE: &str = "sam_callback";

#[test]
fn a_callback_changes_a_row_whose_state_is_not_final() {
    let database = Database::plain();
    let mut owner = database.connect();
    let mut role = database.connect_in_role(ROLE);
    for state in NOT_FINAL {
        insert(&mut owner, state, state);
        assert_eq!(call(&mut role, state, "RUN_COMPLETED", "{}"), "UPDATED");
        let now = column(&mut owner, state, "Estado");
        assert_eq!(now.as_deref(), Some("RUN_COMPLETED"), "{state}");
    }
}

#[test]
fn the_statement_that_postgrest_sends_gives_the_json_that_is_promised() {
    let database = Database::supabase();
    insert(&mut database.connect(), "d-1", "DEPLOYED");
    let mut role = database.connect_in_role(ROLE);
    let body = r#"{"Estado":"RUN_COMPLETED","DeploymentId":"d-1","CallbackInfo":"{\"a\":1}"}"#;
    for outcome in ["UPDATED", "ALREADY_PROCESSED"] {
        let answer: String = role
            .query_one(
                r#"with source as (
                     select call.*
                     from json_to_record($1::text::json)
                            as body("DeploymentId" text, "Estado" text, "CallbackInfo" text),
                          lateral public."ActualizarEjecucionDesdeCallback"(
                            "DeploymentId" := body."DeploymentId", "Estado" := body."Estado",
                            "CallbackInfo" := body."CallbackInfo") as call
                   )
                   select coalesce(json_agg(source), '[]')::text from source"#,
                &[&body],
            )
            .expect("it answers")
            .get(0);
        assert_eq!(answer, format!(r#"[{{"Resultado":"{outcome}"}}]"#));
    }
}

#[test]
fn a_final_state_stays_and_so_does_the_whole_row() {
    let database = Database::plain();
    let mut owner = database.connect();
    let mut role = database.connect_in_role(ROLE);
    for state in FINAL {
        insert(&mut owner, state, state);
    }
    // SAM's SQL Server takes no notice of case.
    insert(&mut owner, "small", "completed_Inferred");
    let before = table(&mut owner);
    for deployment_id in FINAL.into_iter().chain(["small"]) {
        let outcome = call(&mut role, deployment_id, "RUN_FAILED", "{}");
        assert_eq!(outcome, "ALREADY_PROCESSED", "{deployment_id}");
    }
    assert_eq!(table(&mut owner), before);
}

#[test]
fn a_deployment_without_a_row_is_not_found_and_gets_none() {
    let database = Database::plain();
    let mut owner = database.connect();
    insert(&mut owner, "d-1", "DEPLOYED");
    let before = table(&mut owner);
    let outcome = call(
        &mut database.connect_in_role(ROLE),
        "d-2",
        "RUN_COMPLETED",
        "{}",
    );
    assert_eq!(outcome, "NOT_FOUND");
    assert_eq!(table(&mut owner), before);
}

#[test]
fn the_same_callback_again_is_already_processed_and_changes_nothing() {
    let database = Database::plain();
    let mut owner = database.connect();
    let mut role = database.connect_in_role(ROLE);
    insert(&mut owner, "d-1", "DEPLOYED");
    assert_eq!(call(&mut role, "d-1", "RUN_COMPLETED", "1"), "UPDATED");
    let before = table(&mut owner);
    let again = call(&mut role, "d-1", "RUN_COMPLETED", "2");
    assert_eq!(again, "ALREADY_PROCESSED");
    assert_eq!(table(&mut owner), before);
}

#[test]
fn the_dates_are_one_moment_of_the_databases_local_time() {
    let database = Database::plain();
    let mut owner = database.connect();
    insert(&mut owner, "d-1", "DEPLOYED");
    // Inside a transaction the moment stands still, so nothing here depends on the clock.
    let mut transaction = owner.transaction().expect("a transaction");
    transaction
        .query(
            r#"select * from "ActualizarEjecucionDesdeCallback"('d-1', 'RUN_COMPLETED', '{}')"#,
            &[],
        )
        .expect("it answers");
    let dates = transaction
        .query_one(
            r#"select "FechaFin" = here::timestamp(0), "FechaActualizacion" = here::timestamp(0),
                      "FechaInicioReal" = here::timestamp(3), current_setting('TimeZone')
               from "Ejecuciones", (select now() at time zone 'America/Guayaquil') as moment(here)"#,
            &[],
        )
        .expect("the row");
    for column in 0..3 {
        assert!(dates.get::<_, bool>(column), "column {column}");
    }
    assert_eq!(dates.get::<_, &str>(3), TIME_ZONE);
}

#[test]
fn a_real_start_that_is_known_is_kept() {
    let database = Database::plain();
    let mut owner = database.connect();
    insert(&mut owner, "d-1", "RUNNING");
    let start = "2026-01-02 03:04:06.789";
    owner
        .batch_execute(&format!(
            r#"update "Ejecuciones" set "FechaInicioReal" = '{start}'"#
        ))
        .expect("updated");
    let mut role = database.connect_in_role(ROLE);
    assert_eq!(call(&mut role, "d-1", "RUN_FAILED", "{}"), "UPDATED");
    let kept = column(&mut owner, "d-1", "FechaInicioReal");
    assert_eq!(kept.as_deref(), Some(start));
    assert!(column(&mut owner, "d-1", "FechaFin").is_some());
}

#[test]
fn the_payload_is_kept_byte_for_byte() {
    let database = Database::plain();
    let mut owner = database.connect();
    let mut role = database.connect_in_role(ROLE);
    let long = format!("{{\"botOutput\":\"{}\"}}", "ñ".repeat(512 * 1024));
    for (deployment_id, info) in [
        ("empty", ""),
        ("spaces", " {\r\n\t\"a\" : 1 }\n "),
        ("unicode", "{\"á\":\"日本語 🤖 \u{202e} e\u{301}\"}"),
        (
            "escapes",
            r#"{"nul":"\u0000","quote":"\"'\\","half":"\ud800"}"#,
        ),
        ("sql", "'); drop table \"Ejecuciones\"; -- $$ $1 %s"),
        ("a mebibyte", long.as_str()),
    ] {
        insert(&mut owner, deployment_id, "DEPLOYED");
        let outcome = call(&mut role, deployment_id, "RUN_COMPLETED", info);
        assert_eq!(outcome, "UPDATED", "{deployment_id}");
        let kept = column(&mut owner, deployment_id, "CallbackInfo");
        assert!(kept.as_deref() == Some(info), "{deployment_id}");
    }
}

#[test]
fn a_hostile_id_reaches_its_own_row_and_no_other() {
    let database = Database::plain();
    let mut owner = database.connect();
    let mut role = database.connect_in_role(ROLE);
    insert(&mut owner, "bystander", "DEPLOYED");
    let bystander = table(&mut owner);
    let longest = "🤖".repeat(50);
    for hostile in [
        "x'); drop table--",
        "' or ''='",
        "../../admin",
        "a/b?c=d&e",
        "*",
        "%",
        "_",
        ",",
        "eq.x",
        "(a,b)",
        "\\",
        "\"",
        "null",
        "🤖",
        " bystander",
        "Bystander",
        longest.as_str(),
    ] {
        assert_eq!(call(&mut role, hostile, "RUN_FAILED", "{}"), "NOT_FOUND");
        insert(&mut owner, hostile, "DEPLOYED");
        let outcome = call(&mut role, hostile, "RUN_FAILED", hostile);
        assert_eq!(outcome, "UPDATED", "{hostile}");
        let state = column(&mut owner, hostile, "Estado");
        assert_eq!(state.as_deref(), Some("RUN_FAILED"), "{hostile}");
    }
    assert_eq!(table(&mut owner)[..1], bystander);
}
