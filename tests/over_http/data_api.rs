//! Callbacks reach SAM's database, through servers that speak as the real ones do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::dab_server::DabServer;
use crate::postgrest_server::{JWT, PostgrestServer};
use crate::real_postgres::Database;
use crate::server::Server;
use crate::upstream::{self, Act, Upstream};

const HOSTILE: [&str; 7] = [
    "x'); drop table--",
    "../../admin",
    "a/b?c=d&e",
    "*",
    ",",
    "%2F",
    "ñandú \u{1f916}",
];

fn start(settings: &[(&'static str, String)], more: &[(&str, &str)]) -> Server {
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Server::start(&[&settings, more].concat())
}

fn callback(deployment_id: &str, status: &str) -> String {
    json!({"deploymentId": deployment_id, "status": status, "botOutput": {"ñ": "\"1\""}})
        .to_string()
}

fn result(server: &Server, deployment_id: &str, status: &str) -> (u16, Value) {
    let reply = server.callback(callback(deployment_id, status));
    let body = reply.json();
    let word = ["result", "code"].iter().find_map(|name| body.get(name));
    (reply.status, word.cloned().unwrap_or_default())
}

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
fn through_postgrest_a_callback_changes_the_row_in_a_real_database() {
    for write in ["procedure", "table"] {
        let mut database = Database::supabase();
        if write == "table" {
            database = database.in_table_mode();
        }
        let postgrest = PostgrestServer::start(database);
        let server = start(&postgrest.settings(), &[("sam_write", write)]);
        let database = &postgrest.database;
        insert(database, "d-1", "UNKNOWN");
        postgrest.upstream.take_asked();

        let updated = (200, json!("updated"));
        assert_eq!(result(&server, "d-1", "RUN_COMPLETED"), updated, "{write}");
        assert_eq!(postgrest.upstream.take_asked().len(), 1);
        let changed = row(database, "d-1");
        assert_eq!(changed["Estado"], "RUN_COMPLETED");
        assert_eq!(changed["CallbackInfo"], callback("d-1", "RUN_COMPLETED"));
        for date in ["FechaFin", "FechaInicioReal", "FechaActualizacion"] {
            assert!(changed[date].is_string(), "{write}: {changed}");
        }

        let already_final = (200, json!("already_final"));
        assert_eq!(result(&server, "d-1", "RUN_FAILED"), already_final);
        assert_eq!(row(database, "d-1"), changed);
        let not_yet = (503, json!("no_row_yet"));
        assert_eq!(result(&server, "d-2", "RUN_FAILED"), not_yet);
    }
}

#[test]
fn through_postgrest_a_start_that_is_known_stays() {
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
fn through_postgrest_any_deployment_id_reaches_its_row() {
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
        ("d-3", (503, json!("no_row_yet"))),
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
fn a_key_that_the_api_refuses_is_told_in_the_log_and_not_to_the_caller() {
    let postgrest = PostgrestServer::start(Database::supabase());
    let mut settings = postgrest.settings();
    settings.retain(|(name, _)| *name != "data_api_headers");
    let headers = json!({"apikey": "otra", "Authorization": format!("Bearer {JWT}")}).to_string();
    let server = start(&settings, &[("data_api_headers", &headers)]);
    let reply = server.callback(callback("d-1", "COMPLETED"));
    assert_eq!(reply.refusal(), (503, "unavailable".to_owned()));
    let line = server.audit_line(reply.header("x-request-id").expect("an id"));
    let failure = "data API: status 401 Unauthorized, no error code";
    assert_eq!(line["failure"], failure);
    assert!(!server.printed().contains(JWT) && !server.printed().contains("otra"));
}

#[test]
fn through_data_api_builder_a_callback_changes_the_row() {
    for (write, requests) in [("procedure", 1), ("table", 2)] {
        let dab = DabServer::start(None);
        let server = start(&dab.settings(), &[("sam_write", write)]);
        dab.insert("d-1", "UNKNOWN");
        let updated = (200, json!("updated"));
        assert_eq!(result(&server, "d-1", "RUN_COMPLETED"), updated, "{write}");
        assert_eq!(dab.upstream.take_asked().len(), requests);
        let changed = dab.row("d-1");
        assert_eq!(changed["Estado"], "RUN_COMPLETED");
        assert_eq!(changed["CallbackInfo"], callback("d-1", "RUN_COMPLETED"));
        assert!(changed["FechaInicioReal"].is_string(), "{changed:?}");

        let already_final = (200, json!("already_final"));
        assert_eq!(result(&server, "d-1", "RUN_FAILED"), already_final);
        assert_eq!(dab.row("d-1"), changed);
        let not_yet = (503, json!("no_row_yet"));
        assert_eq!(result(&server, "d-2", "RUN_FAILED"), not_yet);
        assert_eq!(dab.rows().len(), 1, "none was made by accident");
    }
}

#[test]
fn through_data_api_builder_any_deployment_id_reaches_its_row_or_is_refused() {
    for write in ["procedure", "table"] {
        let dab = DabServer::start(None);
        let server = start(&dab.settings(), &[("sam_write", write)]);
        for id in HOSTILE {
            dab.insert(id, "RUNNING");
            let refused = write == "table" && id.contains('/');
            let expected = match refused {
                true => (422, json!("invalid_callback")),
                false => (200, json!("updated")),
            };
            assert_eq!(result(&server, id, "COMPLETED"), expected, "{id}");
            let state = if refused { "RUNNING" } else { "COMPLETED" };
            assert_eq!(dab.row(id)["Estado"], state);
        }
    }
}

#[test]
fn a_bearer_token_is_fetched_once_and_sent_along() {
    let issuer = Upstream::start(|asked| {
        let form: BTreeMap<_, _> = asked
            .body
            .split(|byte| *byte == b'&')
            .map(|field| String::from_utf8_lossy(field).into_owned())
            .filter_map(|field| {
                field
                    .split_once('=')
                    .map(|(n, v)| (n.to_owned(), v.to_owned()))
            })
            .collect();
        let form: Vec<_> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let expected = [
            ("client_id", "sam"),
            ("client_secret", "s3cr3t%20%26"),
            ("grant_type", "client_credentials"),
            ("scope", "api%3A%2F%2Fsam%2F.default"),
        ];
        match asked.target == "/tenant/token" && form == expected {
            true => upstream::json(
                200,
                &json!({"access_token": "t-1", "token_type": "Bearer", "expires_in": 3599}),
            ),
            false => Act::Reply(
                400,
                "application/json",
                br#"{"error":"invalid_client"}"#.to_vec(),
            ),
        }
    });
    let dab = DabServer::start(Some("t-1"));
    let origin = issuer.origin();
    let oauth = [
        ("oauth_origin", origin.as_str()),
        ("oauth_path", "/tenant/token"),
        ("oauth_client_id", "sam"),
        ("oauth_client_secret", "s3cr3t &"),
        ("oauth_scope", "api://sam/.default"),
    ];
    let server = start(&dab.settings(), &oauth);
    for number in 0..10 {
        let id = format!("d-{number}");
        dab.insert(&id, "RUNNING");
        assert_eq!(result(&server, &id, "COMPLETED"), (200, json!("updated")));
    }
    // An instance that a slow machine took for idle fetches one of its own.
    let fetched = issuer.take_asked().len();
    assert!((1..10).contains(&fetched), "{fetched}");
    for secret in ["s3cr3t", "t-1"] {
        assert!(!server.printed().contains(secret));
    }
}

#[test]
fn every_request_to_a_data_api_says_how_long_it_is() {
    let dab = DabServer::start(None);
    let server = start(&dab.settings(), &[]);
    dab.insert("d-1", "RUNNING");
    let long = json!({"deploymentId": "d-1", "status": "COMPLETED", "x": "ñ\"".repeat(200_000)});
    let reply = server.callback(long.to_string());
    assert_eq!(reply.json()["result"], "updated");
    assert_eq!(dab.row("d-1")["CallbackInfo"], long.to_string());
    let [asked] = &dab.upstream.take_asked()[..] else {
        panic!("one request")
    };
    let length = asked.body.len().to_string();
    assert_eq!(asked.header("content-length"), Some(&*length));
    assert_eq!(asked.header("transfer-encoding"), None);
}

#[test]
fn ready_says_whether_the_data_api_is_there() {
    let ready = |server: &Server| {
        let reply = server.send("GET", "/health/ready", &[], b"");
        (reply.status, reply.json()["checks"]["data_api"].clone())
    };
    let dab = DabServer::start(None);
    let server = start(&dab.settings(), &[]);
    assert_eq!(ready(&server), (200, json!("ok")));
    assert_eq!(dab.upstream.take_asked()[0].target, "/");
    let postgrest = PostgrestServer::start(Database::supabase());
    assert_eq!(
        ready(&start(&postgrest.settings(), &[])),
        (200, json!("ok"))
    );

    let ill = Upstream::playing(vec![Act::Reply(503, "text/html", b"<html>".to_vec())]);
    let settings = [
        ("data_api", "dab".to_owned()),
        ("data_api_origin", ill.origin()),
    ];
    let server = start(&settings, &[]);
    assert_eq!(ready(&server), (503, json!("failing")));
    let line = server.line_with("\"outcome\":\"not_ready\"");
    let failure = "data API: status 503 Service Unavailable, an HTML page";
    assert_eq!(line["failure"], failure);
}

#[test]
fn rows_of_a_database_cannot_be_read_from_outside() {
    let dab = DabServer::start(None);
    dab.insert("d-1", "RUNNING");
    let server = start(&dab.settings(), &[]);
    assert_eq!(server.row("d-1"), None);
    assert_eq!(dab.upstream.take_asked(), []);
}
