//! Signed messages: what the company's other systems have to say of reservations, promotions and
//! users.
//!
//! A message that comes again changes nothing. Order is not assumed: what a row has of a newer
//! message stays.

mod identity;
mod reply;

use std::borrow::Cow;

use super::{Notification, NotificationId, Receipt, Source, column_error};
use crate::credentials::Verified;
use crate::delivery::{
    Change, Entity, Guard, IfAbsent, Name, ParseTimestampError, Timestamp, Value, fit_column,
};
use crate::http::json::{self, Field, Fields};
use crate::http::{FieldErrors, Refusal, Reply};

pub use reply::health;
#[cfg(test)]
pub use reply::{Health, MessagesReply};

/// The source.
pub struct Messages;

/// Column of a message's time: its `timestamp`, or when it was received.
const TIME: &str = "message_timestamp";

/// Longest id, state or discount.
const LONGEST: usize = 200;

/// A type of message, and the row that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    /// A reservation, which others make.
    ReservationUpdate,
    Promo,
    UserInfo,
}

const TYPES: [(&str, Type); 3] = [
    ("reservation_update", Type::ReservationUpdate),
    ("promo", Type::Promo),
    ("user_info", Type::UserInfo),
];

impl Type {
    fn entity(self) -> Entity {
        match self {
            Self::ReservationUpdate => Entity::new("reservas", "reservation_id"),
            Self::Promo => Entity::new("promos", "promo_id"),
            Self::UserInfo => Entity::new("usuarios", "user_id"),
        }
    }

    fn if_absent(self) -> IfAbsent {
        match self {
            Self::ReservationUpdate => IfAbsent::Report,
            Self::Promo | Self::UserInfo => IfAbsent::Insert,
        }
    }

    fn key_field(self) -> &'static str {
        match self {
            Self::ReservationUpdate => "metadata.reservation_id",
            Self::Promo => "metadata.promo_id",
            Self::UserInfo => "user_id",
        }
    }
}

impl Source for Messages {
    fn name(&self) -> &'static str {
        "messages"
    }

    fn decode(&self, verified: &Verified) -> Result<Notification, Refusal> {
        decode(verified)
    }

    fn reply(&self, receipt: &Receipt, id: Option<&NotificationId>) -> Reply {
        reply::accepted(receipt, id)
    }

    fn refuse(&self, refusal: &Refusal, request_id: &str) -> Reply {
        reply::refused(refusal, request_id)
    }
}

fn decode(verified: &Verified) -> Result<Notification, Refusal> {
    let received = verified.received();
    let text = json::text(&received.body)?;
    let top = Fields::read(
        text,
        &[
            "type",
            "content",
            "user_id",
            "timestamp",
            "metadata",
            "promo_id",
            "valid_until",
            "discount",
        ],
    )?;
    let mut message = DecodedMessage {
        values: Vec::new(),
        errors: FieldErrors::default(),
    };
    let metadata = message.note("metadata", top.get("metadata").maybe(object));
    let metadata = metadata.flatten();
    let inner = Fields::read(
        metadata.unwrap_or("{}"),
        &[
            "id",
            "reservation_id",
            "status",
            "promo_id",
            "valid_until",
            "discount",
            "user_id",
        ],
    )?;

    let of_type = message.note("type", top.get("type").text().and_then(of_name));
    message.set("content", "content", top.get("content"), whole);
    let key = of_type.and_then(|of_type| {
        let user_id = top.get("user_id");
        let key = match of_type {
            Type::ReservationUpdate => {
                message.set("status", "metadata.status", inner.get("status"), short);
                inner.get("reservation_id")
            }
            Type::Promo => {
                let field = |name| inner.get(name).or(top.get(name));
                let valid_until = field("valid_until");
                message.set("valid_until", "metadata.valid_until", valid_until, date);
                message.set("discount", "metadata.discount", field("discount"), short);
                field("promo_id")
            }
            Type::UserInfo => user_id.or(inner.get("user_id")),
        };
        if of_type != Type::UserInfo {
            let user_id = message.note("user_id", user_id.maybe(short));
            message.add("user_id", user_id.flatten());
        }
        message.note(of_type.key_field(), short(key))
    });
    message.add("metadata", metadata.map(str::to_owned));

    let id = identity::of(verified, text, inner.get("id"));
    message.add("message_id", Some(id.echoed.clone()));
    let time = message.note("timestamp", top.get("timestamp").maybe(timestamp));
    let time = time.flatten().or(Timestamp::at(received.at));
    message.add(TIME, time.map(|time| time.to_string()));

    let DecodedMessage { values, errors } = message;
    match (of_type, key) {
        (Some(of_type), Some(key)) if errors.is_empty() => Ok(Notification {
            change: Change {
                entity: of_type.entity(),
                key,
                values,
                if_absent: of_type.if_absent(),
                guard: Guard::Newer {
                    column: TIME.into(),
                },
            },
            key_field: of_type.key_field(),
            id: Some(id),
        }),
        _ => Err(Refusal::InvalidPayload {
            errors,
            deployment_id: None,
        }),
    }
}

/// A message as far as it was read.
struct DecodedMessage {
    values: Vec<(Name, Value)>,
    errors: FieldErrors,
}

impl DecodedMessage {
    /// What was read, or a note of what is wrong with it.
    fn note<T>(&mut self, name: &'static str, read: Result<T, String>) -> Option<T> {
        read.map_err(|what| self.errors.add(name, what)).ok()
    }

    /// Absent fields become NULL, so the row does not depend on the order of arrival.
    fn add(&mut self, column: &'static str, text: Option<String>) {
        let value = text.map_or(Value::Null, Value::Text);
        self.values.push((Cow::Borrowed(column), value));
    }

    fn set(
        &mut self,
        column: &'static str,
        name: &'static str,
        field: Field<'_>,
        read: impl FnOnce(Field<'_>) -> Result<String, String>,
    ) {
        let text = self.note(name, read(field));
        self.add(column, text);
    }
}

fn of_name(name: String) -> Result<Type, String> {
    let found = TYPES.iter().find(|(known, _)| *known == name);
    found.map(|(_, of_type)| *of_type).ok_or_else(|| {
        let names = TYPES.map(|(name, _)| name).join(", ");
        format!("tipo desconocido; se admite: {names}")
    })
}

/// An id, a state or the like: a text or a number that fits its column.
fn short(field: Field<'_>) -> Result<String, String> {
    fit_column(field.scalar()?, LONGEST).map_err(column_error)
}

/// A text of any length. PostgreSQL has no way to keep the character that is refused.
fn whole(field: Field<'_>) -> Result<String, String> {
    match field.text()? {
        text if text.contains('\0') => Err("lleva el carácter U+0000".to_owned()),
        text => Ok(text),
    }
}

fn timestamp(field: Field<'_>) -> Result<Timestamp, String> {
    let text = field.text()?;
    Timestamp::parse(&text)
        .map_err(|why| timestamp_error(why, "una fecha y hora RFC 3339, como 2026-01-31T23:59:59Z"))
}

/// A date and time, or a day.
fn date(field: Field<'_>) -> Result<String, String> {
    let what = "una fecha, como 2026-01-31, o fecha y hora RFC 3339";
    let text = field.text()?;
    match Timestamp::parse(&format!("{text}T00:00:00Z")) {
        Ok(_) => Ok(text),
        Err(ParseTimestampError::Malformed) => {
            let time = Timestamp::parse(&text).map_err(|why| timestamp_error(why, what))?;
            Ok(time.to_string())
        }
        Err(why) => Err(timestamp_error(why, what)),
    }
}

fn timestamp_error(why: ParseTimestampError, what: &str) -> String {
    match why {
        ParseTimestampError::Malformed => format!("debe ser {what}"),
        ParseTimestampError::OutOfRange => {
            "debe estar entre los años 0001 y 9999, en UTC".to_owned()
        }
    }
}

fn object(field: Field<'_>) -> Result<&str, String> {
    match field.raw()? {
        raw if raw.starts_with('{') => Ok(raw),
        _ => Err("debe ser un objeto".to_owned()),
    }
}
