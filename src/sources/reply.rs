//! Replies in the format of signed messages, which Cal.com's events get too.

use std::time::SystemTime;

use serde::Serialize;

use super::{NotificationId, Receipt};
use crate::http::message::StatusCode;
use crate::http::{Disposition, FieldErrors, Refusal, Reply};

/// The reply to a message that was accepted.
pub fn accepted(receipt: &Receipt, id: Option<&NotificationId>) -> Reply {
    let message = match receipt.disposition {
        Disposition::Updated => "Mensaje procesado.",
        Disposition::AlreadyFinal => "Mensaje recibido; ya había otro más reciente.",
        Disposition::Queued | Disposition::DeadLetter | Disposition::Accepted => {
            "Mensaje recibido; se procesará en cuanto sea posible."
        }
    };
    let body = MessagesReply {
        success: true,
        message,
        data: Some(Data::Accepted {
            received_at: time(receipt.at),
            message_id: id.map(|id| id.echoed.as_str()),
        }),
    };
    Reply::json(receipt.disposition.status(), &body)
}

/// The reply to a notification that asks for nothing, with the reason.
pub fn ignored(message: &str) -> Reply {
    let body = MessagesReply {
        success: true,
        message,
        data: None,
    };
    Reply::json(StatusCode::OK, &body)
}

/// The reply to one that was refused.
pub fn refused(refusal: &Refusal, request_id: &str) -> Reply {
    let summary = refusal.summary();
    let (message, errors) = match refusal {
        Refusal::Internal => return refusal.reply(request_id),
        Refusal::InvalidPayload { errors, .. } => {
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
        _ => (summary.message, None),
    };
    let body = MessagesReply {
        success: false,
        message: &message,
        data: errors.map(|errors| Data::Refused { errors }),
    };
    refusal.complete(Reply::json(summary.status, &body))
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MessagesReply<'a> {
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
    /// It was accepted.
    Accepted {
        received_at: String,
        message_id: Option<&'a str>,
    },
    /// It was not.
    Refused { errors: &'a FieldErrors },
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
