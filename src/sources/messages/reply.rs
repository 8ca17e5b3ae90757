//! What senders of messages are told, in their own format.

use std::time::SystemTime;

use crate::http::message::StatusCode;
use serde::Serialize;

use crate::http::{Refusal, Reply, Wrong};
use crate::sources::{Id, Receipt, Taken};

/// The reply to a message that was taken.
pub fn taken(receipt: &Receipt, id: Option<&Id>) -> Reply {
    let message = match receipt.taken {
        Taken::Updated => "Mensaje procesado.",
        Taken::AlreadyFinal => "Mensaje recibido; ya había otro más reciente.",
        Taken::Queued | Taken::Dead | Taken::Accepted => {
            "Mensaje recibido; se procesará en cuanto sea posible."
        }
    };
    let body = Told {
        success: true,
        message,
        data: Some(Data::Taken {
            received_at: time(receipt.at),
            message_id: id.map(|id| id.shown.as_str()),
        }),
    };
    Reply::json(receipt.taken.status(), &body)
}

/// The reply to one that was refused.
pub fn refused(refusal: &Refusal, request_id: &str) -> Reply {
    let told = refusal.told();
    let (message, errors) = match refusal {
        Refusal::Internal => return refusal.reply(request_id),
        Refusal::NotACallback { errors, .. } => {
            (format!("El mensaje no es válido: {errors}."), Some(errors))
        }
        Refusal::Unavailable => (
            "No se pudo guardar el mensaje. Vuelva a intentarlo más tarde.".to_owned(),
            None,
        ),
        Refusal::NoRowYet => (
            "Todavía no existe esa reserva. Vuelva a intentarlo más tarde.".to_owned(),
            None,
        ),
        _ => (told.message, None),
    };
    let body = Told {
        success: false,
        message: &message,
        data: errors.map(|errors| Data::Refused { errors }),
    };
    refusal.complete(Reply::json(told.status, &body))
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "MessagesReply"))]
pub struct Told<'a> {
    success: bool,
    message: &'a str,
    data: Option<Data<'a>>,
}

/// What a reply to a message has besides.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
#[cfg_attr(test, schemars(rename = "MessagesData"))]
pub enum Data<'a> {
    /// It was taken.
    Taken {
        received_at: String,
        message_id: Option<&'a str>,
    },
    /// It was not.
    Refused { errors: &'a Wrong },
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "MessagesHealth"))]
pub struct Health {
    status: &'static str,
    timestamp: String,
}

/// That messages can be sent here.
pub fn health(now: SystemTime) -> Reply {
    let body = Health {
        status: "healthy",
        timestamp: time(now),
    };
    Reply::json(StatusCode::OK, &body)
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}
