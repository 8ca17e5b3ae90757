//! Schemas of the types that requests are read into and replies are written from.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value as Json};

use super::texts::TEXTS;
use crate::delivery::outbox::Texts;
use crate::http::FieldErrors;

/// Makes schemas of types.
pub struct Schemas(SchemaGenerator);

impl Schemas {
    pub fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
        });
        Self(settings.for_serialize().into_generator())
    }

    pub fn of<T: JsonSchema>(&mut self) -> Schema {
        let mut schema = self.0.subschema_for::<T>();
        // The comment of a type whose schema stands inline.
        schema.remove("description");
        schema
    }

    /// All that have a name, with their texts.
    pub fn named(&mut self) -> Map<String, Json> {
        let mut named = self.0.take_definitions(true);
        named.values_mut().for_each(remove_integer_formats);
        TEXTS.describe(&mut named);
        named
    }
}

/// schemars names the widths of Rust's integers, which OpenAPI does not know.
fn remove_integer_formats(schema: &mut Json) {
    match schema {
        Json::Object(fields) => {
            let is_rusts = |format: &Json| format.as_str().is_some_and(|it| it.starts_with("uint"));
            if fields.get("format").is_some_and(is_rusts) {
                fields.remove("format");
            }
            fields.values_mut().for_each(remove_integer_formats);
        }
        Json::Array(items) => items.iter_mut().for_each(remove_integer_formats),
        _ => {}
    }
}

/// For a type with this schema, which stands where the type is used and has no name.
macro_rules! inline_schema {
    ($type:ty, $schema:expr) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $schema
            }
        }
    };
}
pub(super) use inline_schema;

fn texts_by_name() -> Schema {
    schemars::json_schema!({ "type": "object", "additionalProperties": { "type": "string" } })
}

inline_schema!(FieldErrors, texts_by_name());
inline_schema!(Texts<'_>, texts_by_name());
