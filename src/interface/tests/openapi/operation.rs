//! One operation of the description, with the replies that the application gave.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::schemas::Schemas;
use super::service::{ExampleReply, ExampleRequest, ExampleService};
use super::texts::{OperationTexts, TEXTS};
use crate::http::InternalBody;

pub struct Operation {
    pub id: &'static str,
    /// Lower case.
    pub method: &'static str,
    pub path: &'static str,
    pub texts: &'static OperationTexts,
    /// Alternatives, each an object of the schemes that it takes together.
    security: Json,
    parameters: Vec<(&'static str, Json)>,
    /// The schema, and examples by the keys of their texts.
    body: Option<(Schema, Vec<(&'static str, Json)>)>,
    success: Schema,
    error: Schema,
    internal: Schema,
    /// For status codes that have a schema of their own.
    others: BTreeMap<u16, Schema>,
    replies: BTreeMap<u16, Vec<(&'static str, ExampleReply)>>,
}

impl Operation {
    /// Without credentials, parameters and body. Its replies are a `T` below 400, and an `E` from
    /// there on.
    pub fn new<T: JsonSchema, E: JsonSchema>(
        schemas: &mut Schemas,
        id: &'static str,
        (method, path): (&'static str, &'static str),
    ) -> Self {
        Self {
            id,
            method,
            path,
            texts: TEXTS.operation(id),
            security: json!([]),
            parameters: Vec::new(),
            body: None,
            success: schemas.of::<T>(),
            error: schemas.of::<E>(),
            internal: schemas.of::<InternalBody>(),
            others: BTreeMap::new(),
            replies: BTreeMap::new(),
        }
    }

    pub fn security(self, security: Json) -> Self {
        Self { security, ..self }
    }

    pub fn parameter<T: JsonSchema>(
        mut self,
        schemas: &mut Schemas,
        location: &str,
        name: &'static str,
        example: Option<&str>,
    ) -> Self {
        let mut parameter = json!({
            "name": name, "in": location, "required": location == "path",
            "description": text(&self.texts.parameters, name), "schema": schemas.of::<T>(),
        });
        if let Some(example) = example {
            parameter["example"] = example.into();
        }
        self.parameters.push((name, parameter));
        self
    }

    /// Requires a body of this type. The examples have the keys of their texts.
    pub fn body<T: JsonSchema + Serialize>(
        self,
        schemas: &mut Schemas,
        examples: &[(&'static str, &T)],
    ) -> Self {
        let examples = examples.iter();
        let examples = examples.map(|(key, value)| (*key, json!(value))).collect();
        let body = Some((schemas.of::<T>(), examples));
        Self { body, ..self }
    }

    /// Replies with this status are a `T`.
    pub fn schema_for<T: JsonSchema>(mut self, status: u16, schemas: &mut Schemas) -> Self {
        self.others.insert(status, schemas.of::<T>());
        self
    }

    /// Adds a reply, and the key of the text that says what it means.
    pub fn reply(mut self, key: &'static str, reply: ExampleReply) -> Self {
        let replies = self.replies.entry(reply.status).or_default();
        replies.push((key, reply));
        self
    }

    /// Adds the reply to a method that the path does not have.
    pub fn refuses_other_methods(self, request: &ExampleRequest) -> Self {
        let request = request.clone().with_method("PATCH");
        let reply = ExampleService::new(&[]).send(&request);
        assert_eq!(reply.status, 405, "{reply:?}");
        self.reply("method_not_allowed", reply)
    }

    pub fn statuses(&self) -> impl Iterator<Item = u16> {
        self.replies.keys().copied()
    }

    pub fn parameter_names(&self) -> impl Iterator<Item = &'static str> {
        self.parameters.iter().map(|(name, _)| *name)
    }

    pub fn example_keys(&self) -> impl Iterator<Item = &'static str> {
        let examples = self.body.iter().flat_map(|(_, examples)| examples);
        examples.map(|(key, _)| *key)
    }

    pub fn reply_keys(&self) -> impl Iterator<Item = &'static str> {
        self.replies.values().flatten().map(|(key, _)| *key)
    }

    /// As OpenAPI has it.
    pub fn to_json(&self) -> Json {
        let replies = self.replies.iter();
        let responses: Map<_, _> = replies
            .map(|(status, replies)| (status.to_string(), self.response(*status, replies)))
            .collect();
        let mut operation = json!({
            "operationId": self.id, "tags": [self.texts.tag],
            "summary": self.texts.summary, "description": self.texts.description,
            "security": self.security, "responses": responses,
        });
        if !self.parameters.is_empty() {
            let parameters = self.parameters.iter().map(|(_, parameter)| parameter);
            operation["parameters"] = parameters.cloned().collect();
        }
        if let Some((schema, examples)) = &self.body {
            let examples = examples.iter();
            let examples =
                examples.map(|(key, value)| (text(&self.texts.examples, key), value.clone()));
            let media = json!({ "schema": schema, "examples": named_examples(examples) });
            operation["requestBody"] =
                json!({ "required": true, "content": { "application/json": media } });
        }
        operation
    }

    /// What a reply means.
    fn meaning(&self, key: &str) -> &'static str {
        let own = self.texts.replies.get(key);
        own.map_or_else(|| text(&TEXTS.replies, key), String::as_str)
    }

    fn response(&self, status: u16, replies: &[(&'static str, ExampleReply)]) -> Json {
        let schema = match (self.others.get(&status), status) {
            (Some(schema), _) => schema,
            (None, ..400) => &self.success,
            (None, 500) => &self.internal,
            (None, _) => &self.error,
        };
        let mut meanings: Vec<_> = replies.iter().map(|(key, _)| self.meaning(key)).collect();
        meanings.dedup();
        let mut content = Map::new();
        for (_, reply) in replies {
            let content_type = reply.headers["content-type"].as_str();
            content
                .entry(content_type)
                .or_insert_with(|| json!({ "schema": schema }));
        }
        let json_bodies = replies
            .iter()
            .map(|(key, reply)| (self.meaning(key), json_body(reply)));
        let examples =
            named_examples(json_bodies.filter_map(|(meaning, body)| Some((meaning, body?))));
        if !examples.is_empty() {
            content["application/json"]["examples"] = examples.into();
        }
        json!({
            "description": joined(&meanings),
            "headers": common_headers(replies),
            "content": content,
        })
    }
}

/// References to the headers that all of these replies have.
fn common_headers(replies: &[(&'static str, ExampleReply)]) -> Map<String, Json> {
    let in_all = |name: &str| replies.iter().all(|(_, it)| it.headers.contains_key(name));
    let names = TEXTS.headers.keys().filter(|name| in_all(name));
    let headers = names.map(|name| {
        let header = json!({ "$ref": format!("#/components/headers/{name}") });
        (name.clone(), header)
    });
    headers.collect()
}

fn text(texts: &'static BTreeMap<String, String>, key: &str) -> &'static str {
    let text = texts.get(key);
    text.unwrap_or_else(|| panic!("texts.toml does not have {key}"))
}

/// With a name each, as OpenAPI has them.
fn named_examples(examples: impl Iterator<Item = (&'static str, Json)>) -> Map<String, Json> {
    let examples = examples.enumerate().map(|(index, (summary, value))| {
        let example = json!({ "summary": summary, "value": value });
        (format!("ejemplo{}", index + 1), example)
    });
    examples.collect()
}

/// `Uno. O bien: otro.`
fn joined(meanings: &[&str]) -> String {
    let mut text = meanings[0].to_owned();
    for meaning in &meanings[1..] {
        let first = meaning.chars().next().expect("a text");
        text += &format!(
            ". O bien: {}{}",
            first.to_lowercase(),
            &meaning[first.len_utf8()..]
        );
    }
    text + "."
}

/// The description is no example of itself.
fn json_body(reply: &ExampleReply) -> Option<Json> {
    let is_json = reply.headers["content-type"] == "application/json";
    let body: Option<Json> =
        is_json.then(|| serde_json::from_slice(&reply.body).expect("a body as its type says"));
    body.filter(|body| body.get("servers").is_none())
}
