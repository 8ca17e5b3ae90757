//! Cal.com's events.

use serde_json::json;

use super::payloads::{CalBooking, CalEvent, Short};
use super::service::{ExampleRequest, ExampleService};
use super::{Operation, Schemas};
use crate::sources::MessagesReply;

const PATH: &str = "/webhook/cal";
const PING: &str = r#"{"triggerEvent":"PING","createdAt":"2026-01-01T18:30:00Z","payload":{}}"#;

fn created() -> CalEvent {
    CalEvent {
        trigger_event: Short("BOOKING_CREATED"),
        created_at: "2026-01-01T18:30:00Z",
        payload: CalBooking {
            uid: Short("bFJeNb2uX8ANpT3JL5EfXw"),
            booking_id: 91,
            status: Short("ACCEPTED"),
            title: "Visita guiada".to_owned(),
            start_time: "2026-01-08T15:00:00Z",
            end_time: "2026-01-08T16:00:00Z",
            reschedule_uid: None,
        },
    }
}

fn usual() -> ExampleService {
    ExampleService::new(&[])
}

pub fn event(schemas: &mut Schemas) -> Operation {
    let text = serde_json::to_string(&created()).expect("JSON");
    let good = ExampleRequest::post(PATH, text.as_str()).signed_by_cal();
    let unsigned = good.clone().with("x-cal-signature-256", "00");
    let plain = good.clone().with("content-type", "text/plain");
    let invalid = ExampleRequest::post(PATH, r#"{"content":"Nueva reserva"}"#).signed_by_cal();
    let ping = ExampleRequest::post(PATH, PING).signed_by_cal();
    let older = text.replace("2026-01-01", "2025-12-01");
    let older = ExampleRequest::post(PATH, older).signed_by_cal();
    let after_it = usual();
    after_it.send(&good);
    let queueing = ExampleService::with_data_api(&[("data_api", "postgrest")], &[(500, "")]);
    let misconfigured = ExampleService::new(&[("cal_secret", "")]);
    let without_store = ExampleService::without_store(&[], &[]);
    Operation::new::<MessagesReply<'static>, MessagesReply<'static>>(schemas, "cal", ("post", PATH))
        .security(json!([{ "calSignature": [] }]))
        .body(schemas, &[("created", &created())])
        .reply("updated", usual().send(&good))
        .reply("older", after_it.send(&older))
        .reply("ping", usual().send(&ping))
        .reply("queued", queueing.send(&good))
        .reply(
            "body_not_json",
            usual().send(&ExampleRequest::post(PATH, "{").signed_by_cal()),
        )
        .reply("signature_refused", usual().send(&unsigned))
        .reply("type_not_json", usual().send(&plain))
        .reply("not_an_event", usual().send(&invalid))
        .reply("too_many_events", usual().send_until(429, &good))
        .reply("misconfigured", misconfigured.send(&good))
        .reply("not_kept", without_store.send(&good))
        .refuses_other_methods(&good)
}
