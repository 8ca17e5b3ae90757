//! Signed messages: what the company's other systems have to say of reservations, promotions and
//! users.
//!
//! A message that comes again changes nothing. Order is not assumed: what a row has of a newer
//! message stays.

mod identity;

use super::row::{DecodedRow, object, short, timestamp, timestamp_error, whole};
use super::shape::ColumnShape::{Short, Time, Whole};
use super::shape::{GuardShape, Shape};
use super::{Decoded, Notification, NotificationId, Receipt, Source, reply};
use crate::credentials::Verified;
use crate::delivery::{Change, Entity, Guard, IfAbsent, ParseTimestampError, Timestamp};
use crate::http::json::{self, Field, Fields};
use crate::http::{Refusal, Reply};

/// The source's name.
pub const NAME: &str = "messages";

/// The source.
pub struct Messages;

/// Column of a message's time: its `timestamp`, or when it was received.
const TIME: &str = "message_timestamp";

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

/// The changes that messages ask for.
pub const SHAPES: &[Shape] = &[
    Shape {
        entity: Type::ReservationUpdate.entity(),
        if_absent: Type::ReservationUpdate.if_absent(),
        guard: GuardShape::Newer(TIME),
        columns: &[
            ("content", Whole),
            ("status", Short),
            ("user_id", Short),
            ("metadata", Whole),
            ("message_id", Short),
            (TIME, Time),
        ],
    },
    Shape {
        entity: Type::Promo.entity(),
        if_absent: Type::Promo.if_absent(),
        guard: GuardShape::Newer(TIME),
        columns: &[
            ("content", Whole),
            ("valid_until", Short),
            ("discount", Short),
            ("user_id", Short),
            ("metadata", Whole),
            ("message_id", Short),
            (TIME, Time),
        ],
    },
    Shape {
        entity: Type::UserInfo.entity(),
        if_absent: Type::UserInfo.if_absent(),
        guard: GuardShape::Newer(TIME),
        columns: &[
            ("content", Whole),
            ("metadata", Whole),
            ("message_id", Short),
            (TIME, Time),
        ],
    },
];

impl Type {
    const fn entity(self) -> Entity {
        match self {
            Self::ReservationUpdate => Entity::new("reservas", "reservation_id"),
            Self::Promo => Entity::new("promos", "promo_id"),
            Self::UserInfo => Entity::new("usuarios", "user_id"),
        }
    }

    const fn if_absent(self) -> IfAbsent {
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
        NAME
    }

    fn decode(&self, verified: &Verified) -> Result<Decoded, Refusal> {
        decode(verified).map(Decoded::Notification)
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
    let mut message = DecodedRow::default();
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

    let DecodedRow { values, errors } = message;
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

fn of_name(name: String) -> Result<Type, String> {
    let found = TYPES.iter().find(|(known, _)| *known == name);
    found.map(|(_, of_type)| *of_type).ok_or_else(|| {
        let names = TYPES.map(|(name, _)| name).join(", ");
        format!("tipo desconocido; se admite: {names}")
    })
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
