//! What callers send, and a row that is read back, as types. Their readers take out of it only the
//! fields that matter, each for itself.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::http::Yes;

/// Every character that a column takes, and those of them that can be seen: JSON Schema has no
/// classes of Unicode's.
const ANY: &str = r"[ -~\u00a0-\ud7ff\ue000-\uffff]";
const VISIBLE: &str = r"[!-~\u00a1-\u167f\u1681-\u1fff\u200e-\u2027\u202a-\u202e\u2030-\u205e\u2061-\u2fff\u3001-\ud7ff\ue000-\ufefe\uff00-\uffff]";

/// What a column takes that has room for so many UTF-16 code units: no control characters, and at
/// least one that can be seen. Characters
/// beyond U+FFFF, of two units each, are taken too; but no length of JSON Schema's counts like that, so
/// they are not told.
fn fitting(description: &str, units: usize, types: Json) -> Schema {
    json_schema!({
        "type": types, "description": description, "minLength": 1, "maxLength": units,
        "pattern": format!("^{ANY}*{VISIBLE}{ANY}*$"),
    })
}

fn deployment_id(_: &mut SchemaGenerator) -> Schema {
    fitting("la ejecución", 50, "string".into())
}

fn status(_: &mut SchemaGenerator) -> Schema {
    fitting(
        "su estado: `RUN_COMPLETED`, `RUN_FAILED`…",
        20,
        "string".into(),
    )
}

#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(
    description = "Lo que A360 envía. Los campos que no se nombran aquí también se guardan."
)]
pub struct Callback {
    #[schemars(schema_with = "deployment_id")]
    pub deployment_id: String,
    #[schemars(schema_with = "status")]
    pub status: String,
    #[schemars(description = "el equipo")]
    #[serde(skip_serializing_if = "Json::is_null")]
    pub device_id: Json,
    #[schemars(description = "el usuario")]
    #[serde(skip_serializing_if = "Json::is_null")]
    pub user_id: Json,
    #[schemars(description = "las variables de salida del robot")]
    #[serde(skip_serializing_if = "Json::is_null")]
    pub bot_output: Json,
}

#[derive(JsonSchema)]
#[serde(rename_all = "PascalCase")]
#[schemars(description = "La fila de una ejecución. Las fechas son las de la base de datos.")]
#[allow(dead_code, reason = "rows are kept as JSON; this says what is in them")]
pub struct Execution {
    #[schemars(description = "la ejecución")]
    pub deployment_id: String,
    #[schemars(description = "su estado")]
    pub estado: String,
    #[schemars(description = "el callback, tal como llegó")]
    pub callback_info: String,
    #[schemars(description = "cuándo terminó")]
    pub fecha_fin: String,
    #[schemars(description = "cuándo empezó")]
    pub fecha_inicio_real: String,
    #[schemars(description = "cuándo cambió")]
    pub fecha_actualizacion: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(description = "Un mensaje. Los campos que no se nombran aquí no molestan.")]
pub enum Message {
    #[schemars(title = "reserva", description = "Cambia el estado de una reserva.")]
    ReservationUpdate {
        #[schemars(description = "qué se dice", regex(pattern = r"^[^\u0000]*$"))]
        content: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(description = "a quién se refiere")]
        user_id: Option<Short>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(
            description = "cuándo ocurrió, con zona horaria",
            schema_with = "moment"
        )]
        timestamp: Option<String>,
        #[schemars(description = "se guarda tal como llega")]
        metadata: Reservation,
    },
    #[schemars(
        title = "promoción",
        description = "Crea una promoción o la cambia. Lo que va en `metadata` puede ir también fuera."
    )]
    Promo {
        #[schemars(description = "qué se dice", regex(pattern = r"^[^\u0000]*$"))]
        content: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(description = "a quién se refiere")]
        user_id: Option<Short>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(
            description = "cuándo ocurrió, con zona horaria",
            schema_with = "moment"
        )]
        timestamp: Option<String>,
        #[schemars(description = "se guarda tal como llega")]
        metadata: Promo,
    },
    #[schemars(
        title = "usuario",
        description = "Crea un usuario o lo cambia. `user_id` puede ir también en `metadata`."
    )]
    UserInfo {
        #[schemars(description = "qué se dice", regex(pattern = r"^[^\u0000]*$"))]
        content: String,
        #[schemars(description = "el usuario")]
        user_id: Short,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(
            description = "cuándo ocurrió, con zona horaria",
            schema_with = "moment"
        )]
        timestamp: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(description = "se guarda tal como llega")]
        metadata: Option<Identified>,
    },
}

#[derive(Serialize, JsonSchema)]
#[schemars(description = "Lo que acompaña a una reserva.")]
pub struct Reservation {
    #[schemars(description = "el identificador del mensaje, único")]
    #[serde(skip_serializing_if = "Json::is_null")]
    pub id: Json,
    #[schemars(description = "la reserva")]
    pub reservation_id: Short,
    #[schemars(description = "su estado")]
    pub status: Short,
}

#[derive(Serialize, JsonSchema)]
#[schemars(description = "Lo que acompaña a una promoción.")]
pub struct Promo {
    #[schemars(description = "el identificador del mensaje, único")]
    #[serde(skip_serializing_if = "Json::is_null")]
    pub id: Json,
    #[schemars(description = "la promoción")]
    pub promo_id: Short,
    #[schemars(description = "hasta cuándo vale", schema_with = "date")]
    pub valid_until: String,
    #[schemars(description = "el descuento")]
    pub discount: Short,
}

#[derive(Serialize, JsonSchema)]
#[schemars(description = "Lo que acompaña a un usuario.")]
pub struct Identified {
    #[schemars(description = "el identificador del mensaje, único")]
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
        fitting("un texto o un número", 200, json!(["string", "number"]))
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
#[schemars(description = "Una llamada de BlizWork. Todo lo que trae se guarda.")]
pub struct BlizWorkCall {
    #[schemars(
        description = "el token de la llamada; qué campos pueden traerlo lo dice `blizwork_token_field`"
    )]
    pub token: String,
    #[schemars(description = "el entorno")]
    #[serde(skip_serializing_if = "Json::is_null")]
    pub environment: Json,
    #[schemars(description = "el proceso")]
    #[serde(skip_serializing_if = "Json::is_null")]
    pub process_id: Json,
    #[schemars(description = "la versión del proceso")]
    #[serde(skip_serializing_if = "Json::is_null")]
    pub process_version: Json,
    #[schemars(description = "el caso")]
    #[serde(skip_serializing_if = "Json::is_null")]
    pub case_number: Json,
}

#[derive(JsonSchema)]
#[schemars(description = "Que la llamada se ha recibido.")]
#[allow(dead_code, reason = "an `Acknowledged` of which only this is told")]
pub struct Kept {
    #[schemars(description = "siempre OK")]
    pub status: Yes,
    #[schemars(description = "siempre `accepted`")]
    pub result: String,
    #[schemars(description = "lo mismo, para personas")]
    pub message: String,
}

#[derive(JsonSchema)]
#[schemars(description = "Una descripción OpenAPI 3.1.")]
#[allow(dead_code, reason = "it is cut as text; this says what is in it")]
pub struct OpenApi {
    #[schemars(description = "la versión de OpenAPI")]
    pub openapi: String,
    #[schemars(description = "qué es esto")]
    pub info: Json,
    #[schemars(description = "las rutas")]
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
