//! Signed messages.

use serde_json::json;

use super::bodies::{Identified, Message, Promo, Reservation, Short};
use super::caller::{Call, Caller};
use super::operation::{Operation, Schemas};
use crate::sources::{MessagesHealth, MessagesReply};

const PATH: &str = "/webhook/receive";

fn content(text: &str) -> String {
    text.to_owned()
}

fn reservation() -> Message {
    Message::ReservationUpdate {
        content: content("El huésped confirmó su llegada."),
        user_id: Some(Short("U-7")),
        timestamp: Some("2026-01-01T18:30:00-05:00".to_owned()),
        metadata: Reservation {
            id: "aviso-1".into(),
            reservation_id: Short("R-1001"),
            status: Short("confirmada"),
        },
    }
}

fn promo() -> Message {
    Message::Promo {
        content: content("Noche gratis en febrero."),
        user_id: None,
        timestamp: Some("2026-01-01T18:30:00-05:00".to_owned()),
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
        content: content("Prefiere planta baja."),
        user_id: Short("U-7"),
        timestamp: Some("2026-01-01T18:30:00-05:00".to_owned()),
        metadata: Some(Identified {
            id: "aviso-3".into(),
        }),
    }
}

fn call(body: &str) -> Call {
    Call::post(PATH, body).signed()
}

fn sent(message: &Message) -> Call {
    call(&serde_json::to_string(message).expect("JSON"))
}

pub fn operations(schemas: &mut Schemas) -> [Operation; 2] {
    [receive(schemas), health(schemas)]
}

fn receive(schemas: &mut Schemas) -> Operation {
    let usual = || Caller::with(&[]);
    let good = sent(&promo());
    let unsigned = good.clone().with("x-webhook-signature", "00");
    let older = {
        let caller = usual();
        caller.send(&good);
        let older = serde_json::to_string(&promo()).expect("JSON");
        let older = older.replace("2026-01-01", "2025-12-01");
        caller.send(&call(&older.replace("aviso-2", "aviso-0")))
    };
    let spoilt = {
        let caller = usual();
        caller.send(&good);
        caller.spoil_rows();
        let next = serde_json::to_string(&promo()).expect("JSON");
        caller.send(&call(&next.replace("aviso-2", "aviso-4")))
    };
    let used = {
        let caller = usual();
        caller.send(&good);
        let other = serde_json::to_string(&promo()).expect("JSON");
        caller.send(&call(&other.replace("20 %", "30 %")))
    };
    Operation::new::<MessagesReply<'static>, MessagesReply<'static>>(
        schemas,
        ("message", "post", PATH),
        ("Mensajes", "Un mensaje firmado"),
        "Los mensajes pueden llegar repetidos y en cualquier orden: uno que se repite no cambia nada, \
         otro contenido con el mismo identificador recibe 422, y uno más antiguo no deshace lo que dijo otro más reciente.",
    )
    .opened_by(json!([
        { "webhookHmac": [] },
        { "webhookId": [], "webhookTimestamp": [], "webhookSignature": [] },
    ]))
    .taking(
        schemas,
        &[
            ("Una promoción", &promo()),
            ("Una reserva", &reservation()),
            ("Un usuario", &user()),
        ],
    )
    .shows("La fila tiene el mensaje", usual().send(&good))
    .shows("La fila ya tenía otro más reciente", older)
    .shows(
        "El mensaje está en la bandeja de salida y se entregará en cuanto se pueda",
        Caller::answered(&[("data_api", "postgrest")], &[(500, "")]).send(&good),
    )
    .shows("El cuerpo no es JSON", usual().send(&call("{\"type\":")))
    .shows("El cuerpo llegó incompleto", usual().send(&good.clone().cut()))
    .shows("La firma falta o no vale", usual().send(&unsigned))
    .shows("El cuerpo es demasiado grande", usual().send(&call(&" ".repeat((1 << 20) + 1))))
    .shows(
        "El tipo de contenido no es JSON",
        usual().send(&good.clone().with("content-type", "text/plain")),
    )
    .shows(
        "El cuerpo llegó comprimido",
        usual().send(&good.clone().with("content-encoding", "gzip")),
    )
    .shows(
        "Es JSON, pero no un mensaje: «errors» dice qué le pasa a cada campo",
        usual().send(&call("{\"type\":\"promo\",\"metadata\":{\"promo_id\":\"P-20\"}}")),
    )
    .shows("Su identificador ya se usó para otro contenido: «errors» lo nombra", used)
    .shows("Demasiados mensajes en un minuto", usual().send_until(429, &good))
    .shows("Demasiados intentos sin una firma válida", usual().send_until(429, &unsigned))
    .shows("Algo que no puede pasar ha pasado", spoilt)
    .shows("Hay un ajuste mal", Caller::with(&[("webhook_secret", "")]).send(&good))
    .shows(
        "Ni la base de datos ni la bandeja de salida han tomado el mensaje",
        Caller::without_store(&[]).send(&good),
    )
    .shows(
        "Todavía no existe esa reserva, y la bandeja de salida no ha tomado el mensaje",
        Caller::answered_without_store(
            &[("data_api", "postgrest")],
            &[(200, "[]"), (200, "[]"), (200, "[]")],
        )
        .send(&sent(&reservation())),
    )
    .has_no_other_method(&good)
}

fn health(schemas: &mut Schemas) -> Operation {
    let call = Call::get("/webhook/health");
    Operation::new::<MessagesHealth, crate::http::ErrorBody>(
        schemas,
        ("messageHealth", "get", "/webhook/health"),
        ("Mensajes", "Si el servicio está en marcha"),
        "Lo mismo que /health, para quien envía mensajes. No dice si hay un secreto con que comprobarlos.",
    )
    .shows("Está en marcha", Caller::with(&[]).send(&call))
    .has_no_other_method(&call)
}
