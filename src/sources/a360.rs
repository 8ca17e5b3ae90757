//! A360's callback: a robot's deployment has ended.
//!
//! Only the deployment's id and status matter here. Everything else A360 sends, now or after its
//! next release, is kept as it came in `CallbackInfo` and needs to be valid JSON, no more.

use std::fmt;

use ::http::StatusCode;
use serde::Serialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Deserializer as Json;
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::{Source, Taken};
use crate::credentials::Verified;
use crate::delivery::{self, Change, DeploymentId, Misfit, Status};
use crate::http::{Refusal, Reply, Wrong};

const BYTE_ORDER_MARK: char = '\u{feff}';
const DEPLOYMENT_ID: &str = "deploymentId";
const STATUS: &str = "status";

/// The source.
pub struct A360;

impl Source for A360 {
    fn name(&self) -> &'static str {
        "a360"
    }

    fn decode(&self, verified: &Verified) -> Result<Change, Refusal> {
        decode(&verified.received().body)
    }

    fn reply(&self, taken: Taken) -> Reply {
        let status = match taken {
            Taken::Updated | Taken::AlreadyFinal => StatusCode::OK,
            Taken::Queued => StatusCode::ACCEPTED,
        };
        let message = match taken {
            Taken::Updated => "Callback procesado y estado actualizado.",
            Taken::AlreadyFinal => "La ejecución ya estaba en estado final.",
            Taken::Queued => "Callback recibido; el estado se actualizará en cuanto sea posible.",
        };
        Reply::json(
            status,
            &Acknowledged {
                status: "OK",
                result: taken.name(),
                message,
            },
        )
    }
}

#[derive(Serialize)]
struct Acknowledged {
    status: &'static str,
    result: &'static str,
    message: &'static str,
}

fn decode(body: &[u8]) -> Result<Change, Refusal> {
    let text = std::str::from_utf8(body)
        .map_err(|error| not_json(format!("no es UTF-8 en el byte {}", error.valid_up_to())))?;
    let fields = read_fields(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text))?;

    let deployment_id = fields.deployment_id.fit(DeploymentId::new);
    let status = fields.status.fit(Status::new);
    match (deployment_id, status) {
        (Ok(deployment_id), Ok(status)) => {
            Ok(delivery::ended(deployment_id, status, text.to_owned()))
        }
        (deployment_id, status) => {
            let mut errors = Wrong::default();
            let deployment_id = deployment_id
                .map_err(|what| errors.add(DEPLOYMENT_ID, what))
                .ok();
            if let Err(what) = status {
                errors.add(STATUS, what);
            }
            Err(Refusal::NotACallback {
                errors,
                deployment_id,
            })
        }
    }
}

fn not_json(place: String) -> Refusal {
    Refusal::NotJson(place)
}

fn read_fields(text: &str) -> Result<Fields<'_>, Refusal> {
    let mut json = Json::from_str(text);
    let fields = json
        .deserialize_map(FieldsVisitor)
        .and_then(|fields| json.end().map(|()| fields));
    match fields {
        Ok(fields) => Ok(fields),
        // The visitor gives up at the first byte of what is no object; whether the rest is JSON
        // at all has still to be seen.
        Err(error) if error.classify() == Category::Data => {
            serde_json::from_str::<IgnoredAny>(text).map_err(|error| place(&error))?;
            let what = "debe ser un objeto JSON".to_owned();
            Err(Refusal::NotACallback {
                errors: ("body", what).into(),
                deployment_id: None,
            })
        }
        Err(error) => Err(place(&error)),
    }
}

fn place(error: &serde_json::Error) -> Refusal {
    not_json(format!(
        "línea {}, columna {}",
        error.line(),
        error.column()
    ))
}

/// The fields that matter, each as often as it came.
#[derive(Default)]
struct Fields<'a> {
    deployment_id: Field<'a>,
    status: Field<'a>,
}

/// A field's raw JSON.
#[derive(Default)]
enum Field<'a> {
    #[default]
    Missing,
    Once(&'a RawValue),
    /// Readers disagree on which of them counts, so none does.
    Repeated,
}

impl<'a> Field<'a> {
    fn add(&mut self, raw: &'a RawValue) {
        *self = match self {
            Self::Missing => Self::Once(raw),
            Self::Once(_) | Self::Repeated => Self::Repeated,
        };
    }

    /// The field's value as its column takes it, or what is wrong with it.
    fn fit<T>(&self, fit: impl FnOnce(String) -> Result<T, Misfit>) -> Result<T, String> {
        let raw = match self {
            Self::Missing => return Err("falta".to_owned()),
            Self::Repeated => return Err("aparece más de una vez".to_owned()),
            Self::Once(raw) => raw.get(),
        };
        if !raw.starts_with('"') {
            return Err("debe ser un texto".to_owned());
        }
        let text: String = serde_json::from_str(raw)
            .map_err(|_| "lleva un escape Unicode incompleto".to_owned())?;
        fit(text).map_err(|misfit| match misfit {
            Misfit::Empty => "está vacío".to_owned(),
            Misfit::TooLong(longest) => format!("tiene más de {longest} caracteres"),
            Misfit::Control => "lleva un carácter de control".to_owned(),
        })
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                DEPLOYMENT_ID => fields.deployment_id.add(map.next_value()?),
                STATUS => fields.status.add(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests;
