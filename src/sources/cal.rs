//! Cal.com's webhooks: an event of a booking becomes that booking's row.
//!
//! Cal.com signs neither a time nor an id. So the event's own bytes tell it apart, and the row keeps
//! what is newest by `createdAt`. Fields as in <https://cal.com/docs/core-features/webhooks>.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::row::{DecodedRow, object, short, timestamp, whole};
use super::shape::ColumnShape::{Short, Time, Whole};
use super::shape::{GuardShape, Shape};
use super::{Decoded, IdName, Notification, NotificationId, Receipt, Source, reply};
use crate::credentials::Verified;
use crate::delivery::{Change, Entity, Guard, IfAbsent};
use crate::http::json::{self, Field, Fields};
use crate::http::{Refusal, Reply};

/// The source's name.
pub const NAME: &str = "cal";

/// The source.
pub struct Cal;

/// The table of bookings.
const BOOKINGS: Entity = Entity::new("reservas_cal", "uid");

/// Column of the event's time: its `createdAt`.
const TIME: &str = "event_timestamp";

/// For how long an event that comes again is known.
const LIFETIME: Duration = Duration::from_secs(72 * 3600);

/// What the button "Ping test" sends.
const PING: &str = "PING";

/// Beginning of the events that are of a booking, whatever else they have.
const BOOKING: &str = "BOOKING_";

/// Fields of a booking that have a column.
const BOOKING_FIELDS: &[&str] = &[
    "uid",
    "bookingId",
    "status",
    "title",
    "eventTitle",
    "startTime",
    "endTime",
    "rescheduleUid",
];

/// The changes that events ask for.
pub const SHAPES: &[Shape] = &[Shape {
    entity: BOOKINGS,
    if_absent: IfAbsent::Insert,
    guard: GuardShape::Newer(TIME),
    columns: &[
        ("booking_id", Short),
        ("status", Short),
        ("title", Whole),
        ("start_time", Time),
        ("end_time", Time),
        ("reschedule_uid", Short),
        (TIME, Time),
        ("trigger_event", Short),
        ("payload", Whole),
    ],
}];

impl Source for Cal {
    fn name(&self) -> &'static str {
        NAME
    }

    fn decode(&self, verified: &Verified) -> Result<Decoded, Refusal> {
        decode(verified)
    }

    fn reply(&self, receipt: &Receipt, id: Option<&NotificationId>) -> Reply {
        reply::accepted(receipt, id)
    }

    fn refuse(&self, refusal: &Refusal, request_id: &str) -> Reply {
        reply::refused(refusal, request_id)
    }
}

fn decode(verified: &Verified) -> Result<Decoded, Refusal> {
    let body = &verified.received().body;
    let text = json::text(body)?;
    let top = Fields::read(text, &["triggerEvent", "createdAt", "payload"])?;
    let mut row = DecodedRow::default();
    let event = row.note("triggerEvent", short(top.get("triggerEvent")));
    if event.as_deref() == Some(PING) {
        return Ok(Decoded::Nothing(reply::ignored(
            "Prueba de Cal.com recibida.",
        )));
    }
    let payload = row.note("payload", object(top.get("payload")));
    let booking = Fields::read(payload.unwrap_or("{}"), BOOKING_FIELDS)?;
    let uid = booking.get("uid");
    let is_of_booking = |event: &str| event.starts_with(BOOKING) || !is_missing(uid);
    if payload.is_some() && event.as_deref().is_some_and(|it| !is_of_booking(it)) {
        let message = "Evento recibido; no es de una reserva, así que no se guarda.";
        return Ok(Decoded::Nothing(reply::ignored(message)));
    }

    let key = row.note("payload.uid", short(uid));
    read_booking(&mut row, &booking);
    row.set(TIME, "createdAt", top.get("createdAt"), time);
    row.add("trigger_event", event);
    row.add("payload", Some(text.to_owned()));

    let DecodedRow { values, errors } = row;
    match key {
        Some(key) if errors.is_empty() => Ok(Decoded::Notification(Notification {
            change: Change {
                entity: BOOKINGS,
                key,
                values,
                if_absent: IfAbsent::Insert,
                guard: Guard::Newer {
                    column: TIME.into(),
                },
            },
            key_field: "payload.uid",
            id: Some(id(body)),
        })),
        _ => Err(Refusal::InvalidPayload {
            errors,
            deployment_id: None,
        }),
    }
}

/// The columns that any event of a booking may leave out.
fn read_booking(row: &mut DecodedRow, booking: &Fields<'_>) {
    let id = booking.get("bookingId");
    row.set_if_present("booking_id", "payload.bookingId", id, short);
    let status = booking.get("status");
    row.set_if_present("status", "payload.status", status, short);
    let title = booking.get("title").or(booking.get("eventTitle"));
    row.set_if_present("title", "payload.title", title, whole);
    let start = booking.get("startTime");
    row.set_if_present("start_time", "payload.startTime", start, time);
    let end = booking.get("endTime");
    row.set_if_present("end_time", "payload.endTime", end, time);
    let replaced = booking.get("rescheduleUid");
    row.set_if_present("reschedule_uid", "payload.rescheduleUid", replaced, short);
}

/// A date and time, written as the column has it.
fn time(field: Field<'_>) -> Result<String, String> {
    timestamp(field).map(|time| time.to_string())
}

fn is_missing(field: Field<'_>) -> bool {
    matches!(field.maybe(|_| Ok(())), Ok(None))
}

/// The event's bytes: Cal.com gives it no id, and sends the same again where it tries again.
fn id(body: &[u8]) -> NotificationId {
    let hash = base16ct::lower::encode_string(&Sha256::digest(body));
    NotificationId {
        names: vec![IdName {
            field: "bytes",
            text: hash.clone(),
            identifies: true,
        }],
        echoed: hash,
        content: None,
        lifetime: LIFETIME,
    }
}
