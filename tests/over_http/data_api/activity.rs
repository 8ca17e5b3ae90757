//! The history of activity: a row a request, through both kinds of data API; and a table of it that
//! stalls.

use serde_json::{Value, json};
use support::data_api::dab::DabServer;
use support::data_api::postgrest::PostgrestServer;
use support::postgres::Database;
use support::server::{SIGNED, Server};
use support::upstream::{self, Act, Upstream};

use super::{callback, result, start};

const TABLE: (&str, &str) = ("activity_table", "actividad");

/// Sends a callback under this request id, and gives the reply's status.
fn send(server: &Server, request_id: &str, body: &str) -> u16 {
    let headers = [SIGNED, ("X-Request-Id", request_id)];
    let reply = server.send("POST", "/api/callback", &headers, body.as_bytes());
    reply.status
}

/// What is there as soon as it is.
fn awaited<T>(look: impl Fn() -> Option<T>) -> T {
    for _ in 0..1000 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it does not come")
}

#[test]
fn each_request_with_a_valid_credential_has_its_row_in_a_real_database() {
    let postgrest = PostgrestServer::start(Database::supabase().with_activity());
    let server = start(&postgrest.settings(), &[TABLE]);
    let database = &postgrest.database;
    let row = |id: &str| {
        awaited(|| {
            let row = database.row("actividad", "request_id", id);
            (!row.is_null()).then_some(row)
        })
    };
    let refused = r#"{"deploymentId":"d-1","status":7}"#;
    assert_eq!(send(&server, "r/1", refused), 422);
    let written = row("r/1");
    let line = server.audit_line("r/1");
    assert_eq!(written["source"], "a360");
    assert_eq!(
        (&written["outcome"], &written["status"]),
        (&json!("invalid_callback"), &json!(422))
    );
    assert_eq!(
        (&written["row_key"], &written["ms"]),
        (&line["deployment_id"], &line["ms"])
    );
    let received = written["received_at"].as_str().expect("a time");
    let time = line["time"].as_str().expect("a time");
    // Whatever the database's own time zone: minute and second.
    assert_eq!(received[14..19], time[14..19], "{received} {time}");

    // The first row of a request id stays.
    assert_eq!(send(&server, "r/1", "{}"), 422);
    assert_eq!(send(&server, "r-2", "{}"), 422);
    assert_eq!(row("r-2")["row_key"], Value::Null);
    assert_eq!(row("r/1"), written);

    let wrong = [
        ("X-Authorization", "otro-token-de-prueba"),
        ("X-Request-Id", "r-3"),
    ];
    assert_eq!(
        server.send("POST", "/api/callback", &wrong, b"{}").status,
        401
    );
    assert_eq!(send(&server, "r-4", "{}"), 422);
    row("r-4");
    assert!(database.row("actividad", "request_id", "r-3").is_null());
    assert!(!server.printed().contains("activity_not_written"));
}

#[test]
fn data_api_builder_gets_one_request_for_a_row() {
    let dab = DabServer::start(None);
    let server = start(&dab.settings(), &[TABLE]);
    dab.insert("d-1", "RUNNING");
    assert_eq!(send(&server, "r/1", &callback("d-1", "RUN_FAILED")), 200);
    let row = awaited(|| dab.history().get("r/1").cloned());
    assert_eq!(
        (&row["outcome"], &row["row_key"]),
        (&json!("updated"), &json!("d-1"))
    );
    let asked = dab.upstream.take_requests();
    let targets: Vec<_> = asked.iter().map(|it| it.target.as_str()).collect();
    assert_eq!(
        targets,
        ["/api/ActualizarEjecucionDesdeCallback", "/api/actividad"]
    );
}

/// A data API that says nothing where the history is asked for.
fn stalling(dab: &DabServer) -> Upstream {
    let address = dab.upstream.address;
    Upstream::start(move |asked| match asked.target.as_str() {
        "/api/actividad" => Act::Stall(Vec::new()),
        _ => upstream::forward(asked, address),
    })
}

#[test]
fn a_table_that_stalls_delays_no_callback_and_its_missing_rows_are_counted() {
    let dab = DabServer::start(None);
    let stalling = stalling(&dab);
    let origin = stalling.origin();
    let settings = dab.settings();
    let settings: Vec<_> = settings
        .into_iter()
        .filter(|(name, _)| *name != "data_api_origin")
        .collect();
    let server = start(&settings, &[TABLE, ("data_api_origin", &origin)]);
    for number in 0..40 {
        let id = format!("d-{number}");
        dab.insert(&id, "RUNNING");
        assert_eq!(result(&server, &id, "COMPLETED"), (200, json!("updated")));
    }
    let line = server.line_with("data API: no whole reply within");
    assert_eq!(
        (&line["level"], &line["outcome"]),
        (&json!("warn"), &json!("activity_not_written"))
    );
    let asked = stalling.take_requests();
    let of_history = asked.iter().filter(|it| it.target == "/api/actividad");
    assert!(of_history.count() < 40, "a stalled table is left alone");
    let outbox = server.send("GET", "/health/ready", &[], b"");
    assert_eq!(outbox.status, 200, "{outbox:?}");
}

#[test]
fn a_table_that_is_not_there_keeps_no_callback_out() {
    let postgrest = PostgrestServer::start(Database::supabase());
    let server = start(&postgrest.settings(), &[TABLE]);
    assert_eq!(send(&server, "r-1", &callback("d-1", "RUN_FAILED")), 202);
    let line = server.line_with("activity_not_written");
    assert_eq!(
        line["failure"],
        "data API: status 404 Not Found, code 42P01"
    );
    let ready = server.send("GET", "/health/ready", &[], b"");
    assert_eq!(ready.status, 200, "{ready:?}");
}
