//! Puts the description together.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::operations;
use super::schemas::Schemas;
use super::texts::TEXTS;
use crate::interface::for_settings::numbered;

/// All there can be, whatever the settings.
pub fn document() -> Json {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for operation in operations::all(&mut schemas) {
        let item = paths.entry(operation.path).or_insert_with(|| json!({}));
        item[operation.method] = operation.to_json();
    }
    let responses = share_responses(&mut paths);
    let tags = TEXTS.tags.iter();
    let tags = tags.map(|tag| json!({ "name": tag.name, "description": tag.description }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "sam-callback",
            "version": env!("CARGO_PKG_VERSION"),
            "description": TEXTS.description,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags.collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "headers": headers(),
            "responses": responses,
            "schemas": schemas.named(),
            "securitySchemes": security_schemes(),
        },
    })
}

fn headers() -> Map<String, Json> {
    let headers = TEXTS.headers.iter().map(|(name, description)| {
        let schema = json!({ "type": "string" });
        let header = json!({ "description": description, "required": true, "schema": schema });
        (name.clone(), header)
    });
    headers.collect()
}

fn security_schemes() -> Map<String, Json> {
    let header = |name: &str| json!({ "type": "apiKey", "in": "header", "name": name });
    let bearer = json!({ "type": "http", "scheme": "bearer" });
    let mut jwt = bearer.clone();
    jwt["bearerFormat"] = "JWT".into();
    let schemes = [
        ("callbackToken", header("X-Authorization")),
        ("callbackToken2", header("X-Api-Key")),
        ("jwt", jwt),
        ("webhookHmac", header("X-Webhook-Signature")),
        ("webhookId", header("Webhook-Id")),
        ("webhookTimestamp", header("Webhook-Timestamp")),
        ("webhookSignature", header("Webhook-Signature")),
        ("calSignature", header("X-Cal-Signature-256")),
        ("adminToken", bearer.clone()),
        ("mailboxToken", bearer),
    ];
    let names = schemes.iter().map(|(name, _)| *name);
    assert!(
        TEXTS.credentials.len() == schemes.len()
            && names
                .clone()
                .all(|name| TEXTS.credentials.contains_key(name)),
        "texts.toml should have these credentials, and no others: {:?}",
        names.collect::<Vec<_>>()
    );
    let schemes = schemes.into_iter().map(|(name, mut scheme)| {
        scheme["description"] = TEXTS.credentials[name].as_str().into();
        (name.to_owned(), scheme)
    });
    schemes.collect()
}

/// Takes responses that several operations have out of them, and gives each a name.
fn share_responses(paths: &mut Map<String, Json>) -> Map<String, Json> {
    let mut uses = BTreeMap::<String, usize>::new();
    for (_, response) in responses(paths) {
        *uses.entry(response.to_string()).or_default() += 1;
    }
    let (mut names, mut shared) = (BTreeMap::<String, String>::new(), Map::new());
    for (status, response) in responses(paths) {
        let text = response.to_string();
        if uses[&text] < 2 {
            continue;
        }
        let name = names.entry(text).or_insert_with(|| {
            let name = unused_name(&status, &shared);
            shared.insert(name.clone(), response.clone());
            name
        });
        *response = json!({ "$ref": format!("#/components/responses/{name}") });
    }
    shared
}

/// `Unauthorized`, `Unauthorized2`…
fn unused_name(status: &str, used: &Map<String, Json>) -> String {
    let status = http::StatusCode::from_bytes(status.as_bytes()).expect("a status");
    let reason = status.canonical_reason().expect("a known one");
    let word: String = reason.split(' ').collect();
    let mut names = (0..).map(|index| numbered(&word, index));
    names
        .find(|name| !used.contains_key(name))
        .expect("endless")
}

fn responses(paths: &mut Map<String, Json>) -> impl Iterator<Item = (String, &mut Json)> {
    let items = paths.values_mut().filter_map(Json::as_object_mut);
    let operations = items.flat_map(Map::values_mut);
    operations.flat_map(|operation| {
        let responses = operation["responses"].as_object_mut().expect("an object");
        let responses = responses.iter_mut();
        responses.map(|(status, response)| (status.clone(), response))
    })
}
