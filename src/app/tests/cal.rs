//! Cal.com's events: each becomes its booking's row, whatever the order that they come in.

use support::signatures::hex_by;

use super::messages::row;
use super::*;

const SECRET: &str = "s3creto-de-cal.com";
const PATH: &str = "/webhook/cal";

/// The example of Cal.com's documentation, shortened to one attendee.
const CREATED: &str = r#"{
  "triggerEvent": "BOOKING_CREATED",
  "createdAt": "2023-05-24T09:30:00.538Z",
  "payload": {
    "type": "60min",
    "title": "60min between Pro Example and John Doe",
    "description": "",
    "additionalNotes": "",
    "customInputs": {},
    "startTime": "2023-05-25T09:30:00Z",
    "endTime": "2023-05-25T10:30:00Z",
    "organizer": {
      "id": 5, "name": "Pro Example", "email": "pro@example.com", "username": "pro",
      "timeZone": "Asia/Kolkata", "language": {"locale": "en"}, "timeFormat": "h:mma"
    },
    "responses": {"name": {"label": "your_name", "value": "John Doe"}},
    "userFieldsResponses": {},
    "attendees": [
      {"email": "jdoe@example.com", "name": "John Doe", "timeZone": "Asia/Kolkata",
       "language": {"locale": "en"}}
    ],
    "location": "Calcom HQ", "destinationCalendar": null, "hideCalendarNotes": false,
    "requiresConfirmation": null, "eventTypeId": 7, "seatsShowAttendees": true,
    "seatsPerTimeSlot": null, "uid": "bFJeNb2uX8ANpT3JL5EfXw", "appsStatus": [],
    "eventTitle": "60min", "eventDescription": "", "price": 0, "currency": "usd",
    "length": 60, "bookingId": 91, "metadata": {}, "status": "ACCEPTED"
  }
}"#;

const KEY: &str = "reservas_cal:bFJeNb2uX8ANpT3JL5EfXw";

fn cal(settings: &[(&str, &str)]) -> App<FakeHost> {
    let secrets = format!("otro-secreto-de-antes {SECRET}");
    app(&[&[("cal_secret", secrets.as_str())], settings].concat())
}

fn signed(body: &str) -> Request<Whole> {
    with_signature(&hex_by(SECRET, body.as_bytes()), body)
}

fn with_signature(signature: &str, body: &str) -> Request<Whole> {
    let headers = [
        ("x-cal-signature-256", signature),
        ("content-type", "application/json"),
        ("spin-client-addr", "10.0.0.9:1"),
    ];
    request("POST", PATH, &headers, body)
}

fn event(event: &str, created_at: &str, payload: Value) -> String {
    json!({"triggerEvent": event, "createdAt": created_at, "payload": payload}).to_string()
}

#[test]
fn the_example_of_the_documentation_becomes_its_bookings_row() {
    let app = cal(&[]);
    let seen = send(&app, signed(CREATED));
    assert_eq!(seen.status, 200, "{:?}", seen.body);
    assert_eq!(seen.body["success"], true);
    assert_eq!(seen.line["source"], "cal");
    assert_eq!(seen.line["credential"], "hmac");
    assert_eq!(seen.line["row"], "reservas_cal/bFJeNb2uX8ANpT3JL5EfXw");
    assert_eq!(
        row(&app, KEY),
        json!({
            "uid": "bFJeNb2uX8ANpT3JL5EfXw", "booking_id": "91",
            "trigger_event": "BOOKING_CREATED", "status": "ACCEPTED",
            "title": "60min between Pro Example and John Doe",
            "start_time": "2023-05-25T09:30:00.000000Z", "end_time": "2023-05-25T10:30:00.000000Z",
            "reschedule_uid": null, "payload": CREATED,
            "event_timestamp": "2023-05-24T09:30:00.538000Z"
        })
    );
}

#[test]
fn an_older_event_never_overwrites_a_newer_one() {
    let app = cal(&[]);
    let cancelled = CREATED
        .replace("BOOKING_CREATED", "BOOKING_CANCELLED")
        .replace("2023-05-24T09:30:00.538Z", "2023-05-24T08:00:00-03:00")
        .replace("ACCEPTED", "CANCELLED");
    assert_eq!(send(&app, signed(&cancelled)).line["outcome"], "updated");
    let seen = send(&app, signed(CREATED));
    assert_eq!((seen.status, &seen.body["success"]), (200, &true.into()));
    assert_eq!(seen.line["outcome"], "already_final");
    assert_eq!(row(&app, KEY)["status"], "CANCELLED");
}

#[test]
fn the_same_bytes_again_change_nothing_and_get_the_same_answer() {
    let app = cal(&[]);
    let first = send(&app, signed(CREATED));
    let before = row(&app, KEY);
    let again = send(&app, signed(CREATED));
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.line["outcome"], "repeated");
    assert_eq!(row(&app, KEY), before);
}

#[test]
fn a_rescheduled_booking_names_the_one_that_it_replaces() {
    let app = cal(&[]);
    let payload = json!({
        "uid": "nueva", "rescheduleUid": "anterior", "status": "ACCEPTED", "eventTitle": "30min"
    });
    let body = event("BOOKING_RESCHEDULED", "2026-01-01T00:00:00Z", payload);
    assert_eq!(send(&app, signed(&body)).status, 200);
    let row = row(&app, "reservas_cal:nueva");
    assert_eq!(row["reschedule_uid"], "anterior");
    assert_eq!(
        (&row["title"], &row["booking_id"]),
        (&"30min".into(), &Value::Null)
    );
}

#[test]
fn a_test_and_what_is_of_no_booking_are_answered_and_write_nothing() {
    let app = cal(&[]);
    for body in [
        event("PING", "2026-01-01T00:00:00Z", json!({"type": "Test"})),
        r#"{"triggerEvent":"PING"}"#.to_owned(),
        event(
            "FORM_SUBMITTED",
            "2026-01-01T00:00:00Z",
            json!({"formId": "f"}),
        ),
        event(
            "OOO_CREATED",
            "2026-01-01T00:00:00Z",
            json!({"uid": null, "oooEntry": {}}),
        ),
    ] {
        let seen = send(&app, signed(&body));
        assert_eq!(
            (seen.status, &seen.body["success"]),
            (200, &true.into()),
            "{body}"
        );
        assert_eq!(seen.body["data"], Value::Null, "{body}");
        assert_eq!(seen.line["outcome"], "ignored", "{body}");
    }
    assert_eq!(rows(&app), 0, "{:?}", app.host.kept());
    let meeting = event(
        "MEETING_STARTED",
        "2026-01-01T00:00:00Z",
        json!({"uid": "u-1"}),
    );
    assert_eq!(send(&app, signed(&meeting)).line["outcome"], "updated");
}

#[test]
fn what_a_template_of_ones_own_leaves_out_is_named() {
    let app = cal(&[]);
    for (body, field) in [
        (r#"{"content":"Nueva reserva"}"#.to_owned(), "triggerEvent"),
        (
            r#"{"triggerEvent":"BOOKING_CREATED","uid":"u"}"#.to_owned(),
            "payload",
        ),
        (
            r#"{"triggerEvent":"BOOKING_CREATED","payload":[]}"#.to_owned(),
            "payload",
        ),
        (
            event("BOOKING_CREATED", "2026-01-01T00:00:00Z", json!({})),
            "payload.uid",
        ),
        (
            event("BOOKING_CREATED", "ayer", json!({"uid": "u"})),
            "createdAt",
        ),
        (
            event(
                "BOOKING_PAID",
                "2026-01-01T00:00:00Z",
                json!({"uid": "u", "endTime": 7}),
            ),
            "payload.endTime",
        ),
        (
            event(
                "BOOKING_PAID",
                "2026-01-01T00:00:00Z",
                json!({"uid": "u".repeat(201)}),
            ),
            "payload.uid",
        ),
    ] {
        let seen = send(&app, signed(&body));
        assert_eq!(seen.status, 422, "{body}");
        assert!(
            seen.body["data"]["errors"][field].is_string(),
            "{body}: {:?}",
            seen.body
        );
    }
    assert_eq!(send(&app, signed("{")).status, 400);
    assert_eq!(rows(&app), 0, "{:?}", app.host.kept());
}

#[test]
fn an_event_without_a_valid_signature_is_refused_before_it_is_parsed() {
    let app = cal(&[]);
    let unsigned = request("POST", PATH, &[("spin-client-addr", "10.0.0.9:1")], "{");
    let seen = send(&app, unsigned);
    assert_eq!(seen.status, 401);
    assert!(
        seen.headers["www-authenticate"].contains("x-cal-signature-256"),
        "{:?}",
        seen.headers
    );
    assert_eq!(
        send(&app, with_signature(&"0".repeat(64), CREATED)).status,
        401
    );
    let of_messages = request("POST", PATH, &[("x-webhook-signature", "00")], CREATED);
    assert_eq!(send(&app, of_messages).status, 401);
    let valid = send(&app, signed(CREATED));
    assert_eq!(valid.status, 200);
}

#[test]
fn without_its_secret_the_endpoint_answers_503_and_others_work() {
    let app = app(&[("cal_secret", "")]);
    assert_eq!(send(&app, signed(CREATED)).status, 503);
    assert_eq!(post(&app, TOKEN, BODY).status, 200);
}
