//! Through PostgREST, into a real PostgreSQL.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use support::data_api::postgrest::{JWT, PostgrestServer};
use support::postgres::Database;

use super::{HOSTILE, callback, result, start};

fn insert(database: &Database, deployment_id: &str, state: &str) {
    let statement = r#"insert into "Ejecuciones" ("DeploymentId", "FechaInicio", "Estado")
                       values ($1, localtimestamp, $2)"#;
    let inserted = database
        .connect()
        .execute(statement, &[&deployment_id, &state]);
    inserted.expect("inserted");
}

fn row(database: &Database, deployment_id: &str) -> Value {
    let statement = r#"select row_to_json(e)::text from "Ejecuciones" e where "DeploymentId" = $1"#;
    let row = database.connect().query_one(statement, &[&deployment_id]);
    let text: String = row.expect("the row").get(0);
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_callback_changes_the_row_in_a_real_database() {
    for write in ["procedure", "table"] {
        let mut database = Database::supabase();
        if write == "table" {
            database = database.in_table_mode();
        }
        let postgrest = PostgrestServer::start(database);
        let server = start(&postgrest.settings(), &[("sam_write", write)]);
        let database = &postgrest.database;
        insert(database, "d-1", "UNKNOWN");
        postgrest.upstream.take_requests();

        let updated = (200, json!("updated"));
        assert_eq!(result(&server, "d-1", "RUN_COMPLETED"), updated, "{write}");
        assert_eq!(postgrest.upstream.take_requests().len(), 1);
        let changed = row(database, "d-1");
        assert_eq!(changed["Estado"], "RUN_COMPLETED");
        assert_eq!(changed["CallbackInfo"], callback("d-1", "RUN_COMPLETED"));
        for date in ["FechaFin", "FechaInicioReal", "FechaActualizacion"] {
            assert!(changed[date].is_string(), "{write}: {changed}");
        }

        let already_final = (200, json!("already_final"));
        assert_eq!(result(&server, "d-1", "RUN_FAILED"), already_final);
        assert_eq!(row(database, "d-1"), changed);
        let not_yet = (202, json!("queued"));
        assert_eq!(result(&server, "d-2", "RUN_FAILED"), not_yet);
    }
}

#[test]
fn a_callback_for_a_row_in_the_history_is_over_at_once() {
    let postgrest = PostgrestServer::start(Database::supabase());
    let server = start(&postgrest.settings(), &[]);
    let mut owner = postgrest.database.connect();
    let archived = r#"create table "Ejecuciones_Historico" (like "Ejecuciones");
        insert into "Ejecuciones_Historico" ("EjecucionId", "DeploymentId", "FechaInicio", "Estado",
                                             "IntentosConciliadorFallidos")
        values (1, 'vieja', now(), 'RUN_COMPLETED', 0), (2, 'perdida', now(), 'UNKNOWN', 0)"#;
    owner.batch_execute(archived).expect("made");
    for id in ["vieja", "perdida"] {
        let already_final = (200, json!("already_final"));
        assert_eq!(result(&server, id, "RUN_FAILED"), already_final, "{id}");
    }
    assert_eq!(
        result(&server, "nueva", "RUN_FAILED"),
        (202, json!("queued"))
    );
}

#[test]
fn final_states_are_those_of_the_setting_where_the_component_guards_the_row() {
    let database = Database::supabase();
    let table = "create table robots (deployment_id text, estado text);
                 insert into robots values ('d-1', 'RUN_TIMED_OUT'), ('d-2', 'RUN_FAILED');
                 grant select, update on robots to sam_callback;";
    database.connect().batch_execute(table).expect("made");
    let postgrest = PostgrestServer::start(database);
    let settings = [
        ("sam_write", "table"),
        ("sam_table", "robots"),
        ("sam_columns", "deployment_id estado - - - -"),
        ("sam_final_states", "RUN_COMPLETED run_timed_out"),
    ];
    let server = start(&postgrest.settings(), &settings);
    for (id, expected) in [
        ("d-1", (200, json!("already_final"))),
        ("d-2", (200, json!("updated"))),
        ("d-2", (200, json!("already_final"))),
    ] {
        assert_eq!(result(&server, id, "RUN_COMPLETED"), expected, "{id}");
    }
}

#[test]
fn a_start_that_is_known_stays() {
    let postgrest = PostgrestServer::start(Database::supabase().in_table_mode());
    let server = start(&postgrest.settings(), &[("sam_write", "table")]);
    let database = &postgrest.database;
    insert(database, "d-1", "RUNNING");
    let start = "2026-01-01T00:00:00";
    let statement = format!(r#"update "Ejecuciones" set "FechaInicioReal" = '{start}'"#);
    database.connect().execute(&statement, &[]).expect("set");
    assert_eq!(
        result(&server, "d-1", "RUN_FAILED"),
        (200, json!("updated"))
    );
    let row = row(database, "d-1");
    assert_eq!(row["FechaInicioReal"], start);
    assert_eq!(row["Estado"], "RUN_FAILED");
}

#[test]
fn of_fifty_callbacks_at_once_for_one_deployment_one_changes_the_row() {
    let postgrest = PostgrestServer::start(Database::supabase());
    let server = start(&postgrest.settings(), &[]);
    insert(&postgrest.database, "d-1", "RUNNING");
    let updated = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for number in 0..50 {
            let (server, updated) = (&server, &updated);
            scope.spawn(move || {
                let status = ["RUN_COMPLETED", "RUN_FAILED"][number % 2];
                match result(server, "d-1", status) {
                    (200, word) if word == "updated" => updated.fetch_add(1, Ordering::Relaxed),
                    (200, word) if word == "already_final" => 0,
                    other => panic!("{other:?}"),
                };
            });
        }
    });
    assert_eq!(updated.into_inner(), 1);
    let row = row(&postgrest.database, "d-1");
    let state = row["Estado"].as_str().expect("text");
    assert_eq!(row["CallbackInfo"], callback("d-1", state));
}

#[test]
fn any_deployment_id_reaches_its_row() {
    for write in ["procedure", "table"] {
        let postgrest = PostgrestServer::start(Database::supabase().in_table_mode());
        let server = start(&postgrest.settings(), &[("sam_write", write)]);
        for id in HOSTILE {
            insert(&postgrest.database, id, "RUNNING");
        }
        for id in HOSTILE {
            assert_eq!(
                result(&server, id, "COMPLETED"),
                (200, json!("updated")),
                "{id}"
            );
            assert_eq!(
                row(&postgrest.database, id)["CallbackInfo"],
                callback(id, "COMPLETED")
            );
        }
    }
}

#[test]
fn an_older_sam_has_its_state_changed_and_nothing_else() {
    let database = Database::supabase();
    let table = "create table robots (deployment_id text, estado text, nombre text);
                 insert into robots values ('d-1', 'RUNNING', 'uno'), ('d-2', null, 'dos');
                 grant select, update on robots to sam_callback;";
    database.connect().batch_execute(table).expect("made");
    let postgrest = PostgrestServer::start(database);
    let older = [
        ("sam_write", "table"),
        ("sam_table", "robots"),
        ("sam_columns", "deployment_id estado - - - -"),
    ];
    let server = start(&postgrest.settings(), &older);
    for (id, expected) in [
        ("d-1", (200, json!("updated"))),
        ("d-1", (200, json!("already_final"))),
        ("d-2", (200, json!("updated"))),
        ("d-3", (202, json!("queued"))),
    ] {
        assert_eq!(result(&server, id, "RUN_COMPLETED"), expected, "{id}");
    }
    let statement =
        "select string_agg(deployment_id || estado || nombre, ' ' order by 1) from robots";
    let rows = postgrest.database.connect().query_one(statement, &[]);
    let rows: String = rows.expect("rows").get(0);
    assert_eq!(rows, "d-1RUN_COMPLETEDuno d-2RUN_COMPLETEDdos");
}

#[test]
fn a_key_that_the_api_refuses_is_in_the_log_and_not_in_the_reply() {
    let postgrest = PostgrestServer::start(Database::supabase());
    let mut settings = postgrest.settings();
    settings.retain(|(name, _)| *name != "data_api_headers");
    let headers = json!({"apikey": "otra", "Authorization": format!("Bearer {JWT}")}).to_string();
    let server = start(&settings, &[("data_api_headers", &headers)]);
    let reply = server.callback(callback("d-1", "COMPLETED"));
    assert_eq!(reply.status, 202);
    let line = server.audit_line(reply.header("x-request-id").expect("an id"));
    let failure = "data API: status 401 Unauthorized, no error code";
    assert_eq!(line["failure"], failure);
    assert!(!server.printed().contains(JWT) && !server.printed().contains("otra"));
}
