//! Signed messages.

use serde_json::json;

use super::payloads::{Identified, Message, Promo, Reservation, Short};
use super::service::{ExampleReply, ExampleRequest, ExampleService, Settings};
use super::{Operation, Schemas};
use crate::http::ErrorBody;
use crate::sources::{MessagesHealth, MessagesReply};

const PATH: &str = "/webhook/receive";
const REMOTE: Settings<'static> = &[("data_api", "postgrest")];
const TIME: &str = "2026-01-01T18:30:00-05:00";

fn reservation() -> Message {
    Message::ReservationUpdate {
        content: "El huésped confirmó su llegada.".to_owned(),
        user_id: Some(Short("U-7")),
        timestamp: Some(TIME.to_owned()),
        metadata: Reservation {
            id: "aviso-1".into(),
            reservation_id: Short("R-1001"),
            status: Short("confirmada"),
        },
    }
}

fn promo() -> Message {
    Message::Promo {
        content: "Noche gratis en febrero.".to_owned(),
        user_id: None,
        timestamp: Some(TIME.to_owned()),
        metadata: Promo {
            id: "aviso-2".into(),
            promo_id: Short("P-20"),
            valid_until: "2026-02-28T23:59:59-05:00".to_owned(),
            discount: Short("20 %"),
        },
    }
}

fn user() -> Message {
    Message::UserInfo {
        content: "Prefiere planta baja.".to_owned(),
        user_id: Short("U-7"),
        timestamp: Some(TIME.to_owned()),
        metadata: Some(Identified {
            id: "aviso-3".into(),
        }),
    }
}

fn text_of(message: &Message) -> String {
    serde_json::to_string(message).expect("JSON")
}

fn request(body: &str) -> ExampleRequest {
    ExampleRequest::post(PATH, body).signed()
}

fn usual() -> ExampleService {
    ExampleService::new(&[])
}

/// What the promotion gets after itself, with these texts replaced.
fn after_promo(replaced: &[(&str, &str)]) -> ExampleReply {
    let service = usual();
    service.send(&request(&text_of(&promo())));
    service.send(&changed_promo(replaced))
}

fn changed_promo(replaced: &[(&str, &str)]) -> ExampleRequest {
    let text = text_of(&promo());
    let replaced = replaced.iter();
    request(&replaced.fold(text, |text, (old, new)| text.replace(old, new)))
}

/// What a message gets where the row cannot be read.
fn with_corrupt_row() -> ExampleReply {
    let service = usual();
    service.send(&request(&text_of(&promo())));
    service.corrupt_rows();
    service.send(&changed_promo(&[("aviso-2", "aviso-4")]))
}

pub fn all(schemas: &mut Schemas) -> [Operation; 2] {
    [receive(schemas), health(schemas)]
}

fn receive(schemas: &mut Schemas) -> Operation {
    let good = request(&text_of(&promo()));
    let unsigned = good.clone().with("x-webhook-signature", "00");
    let text = good.clone().with("content-type", "text/plain");
    let compressed = good.clone().with("content-encoding", "gzip");
    let invalid = request("{\"type\":\"promo\",\"metadata\":{\"promo_id\":\"P-20\"}}");
    let large = request(&" ".repeat((1 << 20) + 1));
    let reservation_request = request(&text_of(&reservation()));
    let older = [("2026-01-01", "2025-12-01"), ("aviso-2", "aviso-0")];
    let queueing = ExampleService::with_data_api(REMOTE, &[(500, "")]);
    let misconfigured = ExampleService::new(&[("webhook_secret", "")]);
    let without_store = ExampleService::without_store(&[], &[]);
    let no_row: (u16, &str) = (200, "[]");
    let without_row = ExampleService::without_store(REMOTE, &[no_row; 3]);
    Operation::new::<MessagesReply<'static>, MessagesReply<'static>>(
        schemas,
        "message",
        ("post", PATH),
    )
    .security(json!([
        { "webhookHmac": [] },
        { "webhookId": [], "webhookTimestamp": [], "webhookSignature": [] },
    ]))
    .body(
        schemas,
        &[
            ("promo", &promo()),
            ("reservation", &reservation()),
            ("user", &user()),
        ],
    )
    .reply("updated", usual().send(&good))
    .reply("older", after_promo(&older))
    .reply("queued", queueing.send(&good))
    .reply("body_not_json", usual().send(&request("{\"type\":")))
    .reply("body_cut_off", usual().send(&good.clone().cut_off()))
    .reply("signature_refused", usual().send(&unsigned))
    .reply("body_too_large", usual().send(&large))
    .reply("type_not_json", usual().send(&text))
    .reply("body_compressed", usual().send(&compressed))
    .reply("not_a_message", usual().send(&invalid))
    .reply("id_used", after_promo(&[("20 %", "30 %")]))
    .reply("too_many_messages", usual().send_until(429, &good))
    .reply("too_many_signatures", usual().send_until(429, &unsigned))
    .reply("internal_error", with_corrupt_row())
    .reply("misconfigured", misconfigured.send(&good))
    .reply("not_kept", without_store.send(&good))
    .reply("no_reservation_yet", without_row.send(&reservation_request))
    .refuses_other_methods(&good)
}

fn health(schemas: &mut Schemas) -> Operation {
    let path = "/webhook/health";
    let request = ExampleRequest::get(path);
    Operation::new::<MessagesHealth, ErrorBody>(schemas, "messageHealth", ("get", path))
        .reply("running", usual().send(&request))
        .refuses_other_methods(&request)
}
