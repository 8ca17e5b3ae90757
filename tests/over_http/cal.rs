//! Cal.com's webhooks, `POST /webhook/cal`, into a real PostgreSQL.

use serde_json::{Value, json};
use support::data_api::postgrest::PostgrestServer;
use support::postgres::Database;
use support::server::{Reply, Server};
use support::signatures::hex_by;

const SECRET: &str = "s3creto-de-cal.com";

fn start() -> (PostgrestServer, Server) {
    let postgrest = PostgrestServer::start(Database::supabase().with_cal());
    let settings = postgrest.settings();
    let settings = settings.iter().map(|(name, value)| (*name, value.as_str()));
    let own = [
        ("cal_secret", SECRET),
        ("webhook_rate_limit_per_minute", "0"),
    ];
    let settings: Vec<_> = settings.chain(own).collect();
    let server = Server::start(&settings);
    (postgrest, server)
}

fn post(server: &Server, body: &Value) -> Reply {
    let body = body.to_string();
    let signature = hex_by(SECRET, body.as_bytes());
    let headers = [
        ("Content-Type", "application/json"),
        ("X-Cal-Signature-256", &signature),
    ];
    server.send("POST", "/webhook/cal", &headers, body.as_bytes())
}

fn event(event: &str, minute: u32, status: &str) -> Value {
    json!({
        "triggerEvent": event, "createdAt": format!("2026-01-01T10:{minute:02}:00.000Z"),
        "payload": {
            "uid": "u-1", "bookingId": 91, "title": "Visita", "status": status,
            "startTime": "2026-01-08T15:00:00Z", "endTime": "2026-01-08T16:00:00Z"
        }
    })
}

fn row(postgrest: &PostgrestServer) -> Value {
    postgrest.database.row("reservas_cal", "uid", "u-1")
}

#[test]
fn a_bookings_row_keeps_its_newest_event() {
    let (postgrest, server) = start();
    let created = event("BOOKING_CREATED", 1, "ACCEPTED");
    let cancelled = event("BOOKING_CANCELLED", 3, "CANCELLED");
    let first = post(&server, &created);
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(row(&postgrest)["payload"], created.to_string());
    assert_eq!(row(&postgrest)["booking_id"], "91");
    assert_eq!(post(&server, &cancelled).status, 200);
    let late = post(&server, &event("BOOKING_PAID", 2, "ACCEPTED"));
    assert_eq!((late.status, &late.json()["success"]), (200, &true.into()));
    let again = post(&server, &created);
    assert_eq!((again.status, again.json()), (200, first.json()));
    let row = row(&postgrest);
    assert_eq!(
        (&row["status"], &row["trigger_event"]),
        (&"CANCELLED".into(), &"BOOKING_CANCELLED".into())
    );
}

#[test]
fn what_is_not_signed_or_is_of_no_booking_writes_nothing() {
    let (postgrest, server) = start();
    let body = event("BOOKING_CREATED", 1, "ACCEPTED").to_string();
    let unsigned = server.send("POST", "/webhook/cal", &[], body.as_bytes());
    assert_eq!(unsigned.status, 401);
    let ping = post(&server, &json!({"triggerEvent": "PING", "payload": {}}));
    assert_eq!((ping.status, &ping.json()["data"]), (200, &Value::Null));
    let template = post(&server, &json!({"texto": "Nueva reserva"}));
    assert_eq!(template.status, 422);
    assert_eq!(row(&postgrest), Value::Null);
}
