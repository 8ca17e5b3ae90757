//! Payloads of requests, and replies that the component does not write from types of its own.
//!
//! The component reads only the fields that it needs, one by one; these types say what a payload
//! has.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::column_text::column_text;
use super::schemas::inline_schema;
use crate::delivery::outbox::Cause;
use crate::http::Yes;

fn deployment_id(_: &mut SchemaGenerator) -> Schema {
    column_text(50, "string".into())
}

fn status(_: &mut SchemaGenerator) -> Schema {
    column_text(20, "string".into())
}

/// A360's callback.
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

/// SAM's row of a callback.
#[derive(JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[allow(dead_code, reason = "a schema only: rows are kept as JSON")]
pub struct Execution {
    pub deployment_id: String,
    pub estado: String,
    pub callback_info: String,
    pub fecha_fin: String,
    pub fecha_inicio_real: String,
    pub fecha_actualizacion: String,
}

/// A signed message.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Message {
    ReservationUpdate {
        #[schemars(regex(pattern = r"^[^\u0000]*$"))]
        content: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_id: Option<Short>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(schema_with = "date_time")]
        timestamp: Option<String>,
        metadata: Reservation,
    },
    Promo {
        #[schemars(regex(pattern = r"^[^\u0000]*$"))]
        content: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_id: Option<Short>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(schema_with = "date_time")]
        timestamp: Option<String>,
        metadata: Promo,
    },
    UserInfo {
        #[schemars(regex(pattern = r"^[^\u0000]*$"))]
        content: String,
        user_id: Short,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(schema_with = "date_time")]
        timestamp: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        metadata: Option<Identified>,
    },
}

/// `metadata` of a `reservation_update`.
#[derive(Serialize, JsonSchema)]
pub struct Reservation {
    #[serde(skip_serializing_if = "Json::is_null")]
    pub id: Json,
    pub reservation_id: Short,
    pub status: Short,
}

/// `metadata` of a `promo`.
#[derive(Serialize, JsonSchema)]
pub struct Promo {
    #[serde(skip_serializing_if = "Json::is_null")]
    pub id: Json,
    pub promo_id: Short,
    #[schemars(schema_with = "date")]
    pub valid_until: String,
    pub discount: Short,
}

/// `metadata` of a `user_info`.
#[derive(Serialize, JsonSchema)]
pub struct Identified {
    #[serde(skip_serializing_if = "Json::is_null")]
    pub id: Json,
}

/// A text or a number, in a column of 200 characters.
#[derive(Serialize)]
pub struct Short(pub &'static str);

inline_schema!(Short, column_text(200, json!(["string", "number"])));

/// Columns have the years from 1 to 9999.
const YEARS: &str = "^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-";

fn date_time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "format": "date-time", "pattern": YEARS })
}

fn date(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string", "pattern": YEARS,
        "anyOf": [{ "format": "date" }, { "format": "date-time" }],
    })
}

/// An event of Cal.com.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalEvent {
    pub trigger_event: Short,
    #[schemars(schema_with = "time")]
    pub created_at: &'static str,
    pub payload: CalBooking,
}

/// `payload` of an event of a booking.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalBooking {
    pub uid: Short,
    pub booking_id: u32,
    pub status: Short,
    #[schemars(regex(pattern = r"^[^\u0000]*$"))]
    pub title: String,
    #[schemars(schema_with = "time")]
    pub start_time: &'static str,
    #[schemars(schema_with = "time")]
    pub end_time: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reschedule_uid: Option<Short>,
}

fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "date-time", "pattern": YEARS })
}

/// BlizWork's call.
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

/// The reply to it.
#[derive(JsonSchema)]
#[allow(
    dead_code,
    reason = "a schema only: `Acknowledged` has results that BlizWork never gets"
)]
pub struct Kept {
    pub status: Yes,
    pub result: String,
    pub message: String,
}

/// `GET /openapi.json`
#[derive(JsonSchema)]
#[allow(dead_code, reason = "a schema only: the document is text")]
pub struct OpenApi {
    pub openapi: String,
    pub info: Json,
    pub paths: Json,
}

/// `state` of `GET /admin/outbox`
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[allow(dead_code, reason = "a schema only: values of a query")]
pub enum EntryState {
    Waiting,
    Dead,
}

/// The files of `/docs`.
#[derive(JsonSchema)]
#[schemars(inline)]
#[allow(dead_code, reason = "a schema only: names of files")]
pub enum DocsFile {
    #[serde(rename = "common.css")]
    CommonStyle,
    #[serde(rename = "docs.css")]
    Style,
    #[serde(rename = "docs.js")]
    Script,
}

/// The files of `/panel`.
#[derive(JsonSchema)]
#[schemars(inline)]
#[allow(dead_code, reason = "a schema only: names of files")]
pub enum PanelFile {
    #[serde(rename = "panel.css")]
    Style,
    #[serde(rename = "panel.js")]
    Script,
}

/// The id of an entry of the outbox.
pub struct EntryId;

inline_schema!(
    EntryId,
    json_schema!({ "type": "string", "pattern": "^[0-9a-f]{11}-[0-9a-f]{8}-[fn][0-9a-f]{32}$" })
);

/// Why an entry is in the outbox.
pub struct CauseCode;

inline_schema!(
    CauseCode,
    json_schema!({
        "type": "string",
        "enum": Cause::all().map(Cause::code).collect::<Vec<_>>(),
    })
);

/// How many entries a page has.
pub struct Limit;

inline_schema!(
    Limit,
    json_schema!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 })
);

/// How many refusals are listed.
pub struct RefusalLimit;

inline_schema!(
    RefusalLimit,
    json_schema!({ "type": "integer", "minimum": 1, "maximum": 256, "default": 100 })
);

/// For how many minutes a row is active; a year at most.
pub struct Minutes;

inline_schema!(
    Minutes,
    json_schema!({ "type": "integer", "minimum": 1, "maximum": 525_600 })
);

/// A deployment in a path.
pub struct Deployment;

inline_schema!(Deployment, column_text(50, "string".into()));
