//! What callers send, and a row that is read back, as types. Their readers take out of it only the
//! fields that matter, each for itself.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::delivery::outbox::Texts;
use crate::http::{FieldErrors, Yes};

/// Every character that a column takes, and those of them that can be seen: JSON Schema has no
/// classes of Unicode's.
const ANY: &str = r"[ -~\u00a0-\ud7ff\ue000-\uffff]";
const VISIBLE: &str = r"[!-~\u00a1-\u167f\u1681-\u1fff\u200e-\u2027\u202a-\u202e\u2030-\u205e\u2061-\u2fff\u3001-\ud7ff\ue000-\ufefe\uff00-\uffff]";

/// What a column takes that has room for so many UTF-16 code units: no control characters, and at
/// least one that can be seen. Characters
/// beyond U+FFFF, of two units each, are taken too; but no length of JSON Schema's counts like that, so
/// they are not told.
fn fitting(units: usize, types: Json) -> Schema {
    json_schema!({
        "type": types, "minLength": 1, "maxLength": units,
        "pattern": format!("^{ANY}*{VISIBLE}{ANY}*$"),
    })
}

fn deployment_id(_: &mut SchemaGenerator) -> Schema {
    fitting(50, "string".into())
}

fn status(_: &mut SchemaGenerator) -> Schema {
    fitting(20, "string".into())
}

#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Callback {
    #[schemars(schema_with = "deployment_id")]
    pub deployment_id: String,
    #[schemars(schema_with = "status")]
    pub status: String,
    #[serde(skip_serializing_if = "Json::is_null")]
    pub device_id: Json,
    #[serde(skip_serializing_if = "Json::is_null")]
    pub user_id: Json,
    #[serde(skip_serializing_if = "Json::is_null")]
    pub bot_output: Json,
}

#[derive(JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[allow(dead_code, reason = "rows are kept as JSON; this says what is in them")]
pub struct Execution {
    pub deployment_id: String,
    pub estado: String,
    pub callback_info: String,
    pub fecha_fin: String,
    pub fecha_inicio_real: String,
    pub fecha_actualizacion: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Message {
    ReservationUpdate {
        #[schemars(regex(pattern = r"^[^\u0000]*$"))]
        content: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_id: Option<Short>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(schema_with = "moment")]
        timestamp: Option<String>,
        metadata: Reservation,
    },
    Promo {
        #[schemars(regex(pattern = r"^[^\u0000]*$"))]
        content: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_id: Option<Short>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(schema_with = "moment")]
        timestamp: Option<String>,
        metadata: Promo,
    },
    UserInfo {
        #[schemars(regex(pattern = r"^[^\u0000]*$"))]
        content: String,
        user_id: Short,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(schema_with = "moment")]
        timestamp: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        metadata: Option<Identified>,
    },
}

#[derive(Serialize, JsonSchema)]
pub struct Reservation {
    #[serde(skip_serializing_if = "Json::is_null")]
    pub id: Json,
    pub reservation_id: Short,
    pub status: Short,
}

#[derive(Serialize, JsonSchema)]
pub struct Promo {
    #[serde(skip_serializing_if = "Json::is_null")]
    pub id: Json,
    pub promo_id: Short,
    #[schemars(schema_with = "date")]
    pub valid_until: String,
    pub discount: Short,
}

#[derive(Serialize, JsonSchema)]
pub struct Identified {
    #[serde(skip_serializing_if = "Json::is_null")]
    pub id: Json,
}

#[derive(Serialize)]
pub struct Short(pub &'static str);

impl JsonSchema for Short {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Short".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        fitting(200, json!(["string", "number"]))
    }
}

/// The years that the columns have: from 1 to 9999.
const YEARS: &str = "^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-";

fn moment(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "format": "date-time", "pattern": YEARS })
}

fn date(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string", "pattern": YEARS,
        "anyOf": [{ "format": "date" }, { "format": "date-time" }],
    })
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlizWorkCall {
    pub token: String,
    #[serde(skip_serializing_if = "Json::is_null")]
    pub environment: Json,
    #[serde(skip_serializing_if = "Json::is_null")]
    pub process_id: Json,
    #[serde(skip_serializing_if = "Json::is_null")]
    pub process_version: Json,
    #[serde(skip_serializing_if = "Json::is_null")]
    pub case_number: Json,
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "an `Acknowledged` of which only this is told")]
pub struct Kept {
    pub status: Yes,
    pub result: String,
    pub message: String,
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "it is cut as text; this says what is in it")]
pub struct OpenApi {
    pub openapi: String,
    pub info: Json,
    pub paths: Json,
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[allow(dead_code, reason = "words of a query")]
pub enum StateAsked {
    Waiting,
    Dead,
}

#[derive(JsonSchema)]
#[schemars(inline)]
#[allow(dead_code, reason = "names of files")]
pub enum DocsFile {
    #[serde(rename = "docs.css")]
    Style,
    #[serde(rename = "docs.js")]
    Script,
}

/// A JSON object of names and what is wrong with each.
impl JsonSchema for FieldErrors {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Wrong".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<BTreeMap<String, String>>()
    }
}

/// A JSON object of columns and their texts.
impl JsonSchema for Texts<'_> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Texts".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<BTreeMap<String, String>>()
    }
}

/// The name of an entry of the outbox.
pub struct EntryId;

impl JsonSchema for EntryId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EntryId".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9a-f]{11}-[0-9a-f]{8}-[fn][0-9a-f]{32}$" })
    }
}

/// What `limit` takes.
pub struct Limit;

impl JsonSchema for Limit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Limit".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 })
    }
}
