//! One operation of the description: what is said of it, and the replies that were seen.

use std::collections::BTreeMap;

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::caller::{Call, Caller, Seen};
use super::texts::Texts;
use crate::http::InternalBody;

/// Headers of replies that are told, and what of.
pub const HEADERS: [(&str, &str); 4] = [
    (
        "x-request-id",
        "con este identificador se encuentra la petición en el registro",
    ),
    ("www-authenticate", "qué credenciales abren"),
    (
        "retry-after",
        "dentro de cuántos segundos volver a intentarlo",
    ),
    ("allow", "los métodos que sí se admiten"),
];

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
        self.0.subschema_for::<T>()
    }

    /// All that were made and have a name.
    pub fn named(&mut self) -> Map<String, Json> {
        let mut named = self.0.take_definitions(true);
        named.values_mut().for_each(forget_widths);
        Texts::read().describe(&mut named);
        named
    }
}

/// How wide Rust's integers are is nobody's business, and no format of OpenAPI's.
fn forget_widths(schema: &mut Json) {
    match schema {
        Json::Object(fields) => {
            let of_rust = |format: &Json| format.as_str().is_some_and(|it| it.starts_with("uint"));
            if fields.get("format").is_some_and(of_rust) {
                fields.remove("format");
            }
            fields.values_mut().for_each(forget_widths);
        }
        Json::Array(items) => items.iter_mut().for_each(forget_widths),
        _ => {}
    }
}

pub struct Operation {
    pub id: &'static str,
    /// Lower case.
    pub method: &'static str,
    pub path: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    pub description: &'static str,
    /// Alternatives to open its door.
    pub security: Json,
    pub parameters: Vec<Json>,
    pub body: Option<Json>,
    taken: Schema,
    refused: Schema,
    internal: Schema,
    /// Of status codes that have another.
    others: BTreeMap<u16, Schema>,
    replies: BTreeMap<u16, Vec<(&'static str, Seen)>>,
}

impl Operation {
    /// An operation without door, parameters and body, whose replies are `T` where it did what was
    /// asked, and else `E`.
    pub fn new<T: JsonSchema, E: JsonSchema>(
        schemas: &mut Schemas,
        (id, method, path): (&'static str, &'static str, &'static str),
        (tag, summary): (&'static str, &'static str),
        description: &'static str,
    ) -> Self {
        Self {
            id,
            method,
            path,
            tag,
            summary,
            description,
            security: json!([]),
            parameters: Vec::new(),
            body: None,
            taken: schemas.of::<T>(),
            refused: schemas.of::<E>(),
            internal: schemas.of::<InternalBody>(),
            others: BTreeMap::new(),
            replies: BTreeMap::new(),
        }
    }

    pub fn opened_by(self, security: Json) -> Self {
        Self { security, ..self }
    }

    pub fn parameter<T: JsonSchema>(
        mut self,
        schemas: &mut Schemas,
        place: &str,
        (name, description): (&str, &str),
        example: &str,
    ) -> Self {
        let mut parameter = json!({
            "name": name, "in": place, "description": description,
            "required": place == "path", "schema": schemas.of::<T>(),
        });
        if !example.is_empty() {
            parameter["example"] = example.into();
        }
        self.parameters.push(parameter);
        self
    }

    /// With a body, and examples that are values of its type.
    pub fn taking<T: JsonSchema + Serialize>(
        self,
        schemas: &mut Schemas,
        examples: &[(&str, &T)],
    ) -> Self {
        let examples = examples.iter().enumerate();
        let examples: Map<_, _> = examples
            .map(|(index, (summary, value))| {
                let example = json!({ "summary": summary, "value": value });
                (format!("ejemplo{}", index + 1), example)
            })
            .collect();
        let body = json!({
            "required": true,
            "content": {
                "application/json": { "schema": schemas.of::<T>(), "examples": examples },
            },
        });
        Self {
            body: Some(body),
            ..self
        }
    }

    /// With replies of another type where the status code is this.
    pub fn telling<T: JsonSchema>(mut self, schemas: &mut Schemas, status: u16) -> Self {
        self.others.insert(status, schemas.of::<T>());
        self
    }

    /// A reply that was seen, and what it means.
    pub fn shows(mut self, meaning: &'static str, seen: Seen) -> Self {
        let replies = self.replies.entry(seen.status).or_default();
        replies.push((meaning, seen));
        self
    }

    /// That there is no other method.
    pub fn has_no_other_method(self, call: &Call) -> Self {
        let seen = Caller::with(&[]).send(&call.clone().by("PATCH"));
        assert_eq!(seen.status, 405, "{seen:?}");
        self.shows("Esta ruta no admite ese método", seen)
    }

    /// The status codes that it has.
    pub fn statuses(&self) -> impl Iterator<Item = u16> {
        self.replies.keys().copied()
    }

    pub fn described(&self) -> Json {
        let replies = self.replies.iter();
        let responses: Map<_, _> = replies
            .map(|(status, seen)| (status.to_string(), self.response(*status, seen)))
            .collect();
        let mut operation = json!({
            "operationId": self.id, "tags": [self.tag],
            "summary": self.summary, "description": self.description,
            "security": self.security, "responses": responses,
        });
        if !self.parameters.is_empty() {
            operation["parameters"] = self.parameters.clone().into();
        }
        if let Some(body) = &self.body {
            operation["requestBody"] = body.clone();
        }
        operation
    }

    fn response(&self, status: u16, replies: &[(&'static str, Seen)]) -> Json {
        let schema = match (self.others.get(&status), status) {
            (Some(schema), _) => schema,
            (None, ..400) => &self.taken,
            (None, 500) => &self.internal,
            (None, _) => &self.refused,
        };
        let mut meanings: Vec<_> = replies.iter().map(|(meaning, _)| *meaning).collect();
        meanings.dedup();
        let of_all = |name: &str| {
            replies
                .iter()
                .all(|(_, seen)| seen.headers.contains_key(name))
        };
        let headers: Map<_, _> = HEADERS
            .iter()
            .filter(|(name, _)| of_all(name))
            .map(|(name, _)| {
                let header = json!({ "$ref": format!("#/components/headers/{name}") });
                ((*name).to_owned(), header)
            })
            .collect();
        let mut content = Map::new();
        for (index, (meaning, seen)) in replies.iter().enumerate() {
            let content_type = seen.headers["content-type"].as_str();
            let media = content.entry(content_type);
            let media = media.or_insert_with(|| json!({ "schema": schema }));
            if let Some(value) = example(seen) {
                let example = json!({ "summary": meaning, "value": value });
                media["examples"][format!("ejemplo{}", index + 1)] = example;
            }
        }
        json!({
            "description": told(&meanings),
            "headers": headers,
            "content": content,
        })
    }
}

/// `Uno. O bien: otro.`
fn told(meanings: &[&str]) -> String {
    let mut text = meanings[0].to_owned();
    for meaning in &meanings[1..] {
        let (first, rest) = meaning.split_at(1);
        text += &format!(". O bien: {}{rest}", first.to_lowercase());
    }
    text + "."
}

/// The body of a JSON reply. A description would not be an example of itself.
fn example(seen: &Seen) -> Option<Json> {
    let is_json = seen.headers["content-type"] == "application/json";
    let value: Option<Json> =
        is_json.then(|| serde_json::from_slice(&seen.body).expect("what is said to be JSON"));
    value.filter(|value| value.get("servers").is_none())
}
