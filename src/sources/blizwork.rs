//! BlizWork's call: a case of one of its processes has come to a step that tells others.
//!
//! What a call carries is from BlizWork's public client library (blizworkapi 0.1.0 on PyPI, "Extensions");
//! the form's own fields are in the JSON, which is kept as it came.

use std::time::Duration;

use super::shape::ColumnShape::{Short, Time, Whole};
use super::shape::{GuardShape, Shape};
use super::{
    AckMode, Acknowledged, Decoded, IdName, Notification, NotificationId, Receipt, Source,
    Visibility,
};
use crate::credentials::Verified;
use crate::delivery::{Change, Entity, Guard, IfAbsent, Timestamp, Value, fit_column};
use crate::http::json::{self, Fields};
use crate::http::{Refusal, Reply};

/// The source's name.
pub const NAME: &str = "blizwork";

/// The source.
pub struct BlizWork;

const EVENTS: Entity = Entity::new("eventos_blizwork", "token_hash");

/// Fields of a call and the columns they go to, where they are there and fit.
const COLUMNS: [(&str, &str); 4] = [
    ("environment", "environment"),
    ("processId", "process_id"),
    ("processVersion", "process_version"),
    ("caseNumber", "case_number"),
];

/// Longest text of these.
const LONGEST: usize = 200;

/// For how long a call token is known: twice as long as it is valid, for clocks that differ.
const LIFETIME: Duration = Duration::from_secs(120);

/// The change that a call asks for.
pub const SHAPES: &[Shape] = &[Shape {
    entity: EVENTS,
    if_absent: IfAbsent::Insert,
    guard: GuardShape::Exists,
    columns: &[
        (COLUMNS[0].1, Short),
        (COLUMNS[1].1, Short),
        (COLUMNS[2].1, Short),
        (COLUMNS[3].1, Short),
        ("payload", Whole),
        ("received_at", Time),
    ],
}];

impl Source for BlizWork {
    fn name(&self) -> &'static str {
        NAME
    }

    fn decode(&self, verified: &Verified) -> Result<Decoded, Refusal> {
        let received = verified.received();
        // The endpoint accepts no other credential.
        let token_hash = verified.call_token().ok_or(Refusal::Misconfigured)?;
        let text = json::text(&received.body)?;
        let fields = Fields::read(text, &COLUMNS.map(|(field, _)| field))?;
        let values = COLUMNS.iter().filter_map(|(field, column)| {
            let value = fields.get(field).scalar().ok()?;
            let value = fit_column(value, LONGEST).ok()?;
            Some(((*column).into(), Value::Text(value)))
        });
        let mut values: Vec<_> = values.collect();
        values.push(("payload".into(), Value::Text(text.to_owned())));
        let received_at = Timestamp::at(received.at).map(|at| Value::Text(at.to_string()));
        values.extend(received_at.map(|at| ("received_at".into(), at)));
        Ok(Decoded::Notification(Notification {
            change: Change {
                entity: EVENTS,
                key: token_hash.to_owned(),
                values,
                if_absent: IfAbsent::Insert,
                guard: Guard::Exists,
            },
            key_field: "token",
            id: Some(NotificationId {
                names: vec![IdName {
                    field: "token",
                    text: token_hash.to_owned(),
                    identifies: true,
                }],
                echoed: token_hash.to_owned(),
                // A token is good once, whatever else the call brings.
                content: None,
                lifetime: LIFETIME,
            }),
        }))
    }

    fn reply(&self, receipt: &Receipt, _: Option<&NotificationId>) -> Reply {
        Acknowledged::new(receipt.disposition, "Llamada recibida.").reply()
    }

    fn ack_mode(&self) -> AckMode {
        AckMode::AfterQueueing
    }

    fn visibility(&self) -> Visibility {
        Visibility::Hidden
    }
}
