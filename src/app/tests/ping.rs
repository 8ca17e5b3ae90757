//! Pings of a robot's machine: it is up, and since when.

use serde_json::json;

use crate::credentials::Verified;
use crate::delivery::{Change, Entity, Guard, IfAbsent, Timestamp, Value};
use crate::http::json::{self, Fields};
use crate::http::{Refusal, Reply};
use crate::sources::{Decoded, Notification, NotificationId, Receipt, Source};

/// The source.
pub struct Ping;

impl Source for Ping {
    fn name(&self) -> &'static str {
        "ping"
    }

    fn decode(&self, verified: &Verified) -> Result<Decoded, Refusal> {
        let text = json::text(&verified.received().body)?;
        let fields = Fields::read(text, &["machine", "since"])?;
        let machine = fields.get("machine").text();
        let since = fields.get("since").text();
        let since =
            since.and_then(|text| Timestamp::parse(&text).map_err(|error| error.to_string()));
        match (machine, since) {
            (Ok(machine), Ok(since)) => Ok(Decoded::Notification(Notification {
                change: Change {
                    entity: Entity::new("maquinas", "machine"),
                    key: machine,
                    values: vec![("since".into(), Value::Text(since.to_string()))],
                    if_absent: IfAbsent::Insert,
                    guard: Guard::Newer {
                        column: "since".into(),
                    },
                },
                key_field: "machine",
                id: None,
            })),
            (Err(what), _) => Err(Refusal::field("machine", what)),
            (_, Err(what)) => Err(Refusal::field("since", what)),
        }
    }

    fn reply(&self, receipt: &Receipt, _: Option<&NotificationId>) -> Reply {
        let result = receipt.disposition.name();
        Reply::json(receipt.disposition.status(), &json!({ "result": result }))
    }
}
