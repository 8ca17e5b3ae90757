//! How `openapi.json` is made: schemas are those of the types that replies are written from, and
//! each status code and example is a reply that the application has given, over fakes of the ports.
//!
//! `SAM_CALLBACK_WRITE_OPENAPI=1 cargo test -p sam-callback --lib openapi` writes the file anew.

mod admin;
mod blizwork;
mod bodies;
mod callback;
mod caller;
mod health;
mod messages;
mod operation;
mod page;
mod texts;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value as Json, json};

use operation::{HEADERS, Operation, Schemas};

const FILE: &str = "src/interface/openapi.json";

fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let mut all = vec![callback::notify(schemas), callback::read(schemas)];
    all.extend(messages::operations(schemas));
    all.push(blizwork::call(schemas));
    all.extend(health::operations(schemas));
    all.extend(page::operations(schemas));
    all.extend(admin::operations(schemas));
    all
}

fn made() -> Json {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for operation in operations(&mut schemas) {
        let item = paths.entry(operation.path).or_insert_with(|| json!({}));
        item[operation.method] = operation.described();
    }
    let responses = shared(&mut paths);
    let headers: Map<_, _> = HEADERS
        .iter()
        .map(|(name, description)| {
            let header = json!({
                "description": description, "required": true, "schema": { "type": "string" },
            });
            ((*name).to_owned(), header)
        })
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "sam-callback",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Recibe los avisos de otros sistemas y los lleva a la base de datos de \
                SAM. Lo que responde con 200 o 202 no se pierde.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": "A360", "description": "Los robots que terminan." },
            { "name": "Mensajes", "description": "Los avisos firmados de otros sistemas." },
            { "name": "BlizWork", "description": "Las llamadas de BlizWork." },
            { "name": "Estado", "description": "Para saber si el servicio está en marcha." },
            { "name": "Interfaz", "description": "Esta descripción." },
            { "name": "Administración", "description": "La bandeja de salida: lo que la base de \
                datos todavía no ha tomado." },
        ],
        "paths": paths,
        "components": {
            "headers": headers,
            "responses": responses,
            "schemas": schemas.named(),
            "securitySchemes": security_schemes(),
        },
    })
}

fn security_schemes() -> Json {
    let header = |name: &str, description: &str| json!({ "type": "apiKey", "in": "header", "name": name, "description": description });
    let bearer = |description: &str| json!({ "type": "http", "scheme": "bearer", "description": description });
    let mut jwt = bearer("Un JWT firmado con una de las claves de `jwt_public_key`.");
    jwt["bearerFormat"] = "JWT".into();
    let token = "El token estático, `callback_token`.";
    json!({
        "callbackToken": header("X-Authorization", token),
        "callbackToken2": header("X-Api-Key", token),
        "jwt": jwt,
        "webhookHmac": header("X-Webhook-Signature",
            "HMAC-SHA256 del cuerpo con `webhook_secret`, en hexadecimal."),
        "webhookId": header("Webhook-Id", "Standard Webhooks: el identificador del mensaje."),
        "webhookTimestamp": header("Webhook-Timestamp",
            "Standard Webhooks: ahora, en segundos desde 1970."),
        "webhookSignature": header("Webhook-Signature",
            "Standard Webhooks: `v1,` y en Base64 el HMAC-SHA256 de \
             `<webhook-id>.<webhook-timestamp>.<cuerpo>` con `webhook_secret`; si ese es una clave \
             pública `whpk_…`, `v1a,` y la firma Ed25519 de lo mismo."),
        "adminToken": bearer("El token de quien administra, `admin_token`."),
    })
}

/// Takes replies that several operations have out of them, and gives each a name.
fn shared(paths: &mut Map<String, Json>) -> Map<String, Json> {
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
            let status = http::StatusCode::from_bytes(status.as_bytes()).expect("a status");
            let reason = status.canonical_reason().expect("a known one");
            let word: String = reason.split(' ').collect();
            let mut numbered = (0..).map(|index| super::tailor::numbered(&word, index));
            let name = numbered.find(|name| !shared.contains_key(name));
            let name = name.expect("a free one");
            shared.insert(name.clone(), response.clone());
            name
        });
        *response = json!({ "$ref": format!("#/components/responses/{name}") });
    }
    shared
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

#[test]
fn openapi_json_is_what_types_and_replies_make() {
    let made = made();
    let text = format!("{made:#}\n");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("SAM_CALLBACK_WRITE_OPENAPI").is_some() {
        std::fs::write(&file, &text).expect("written");
    }
    let written = std::fs::read_to_string(&file).expect("read");
    assert!(
        written == text,
        "{FILE} is not what the code makes any more: write it anew with \
         SAM_CALLBACK_WRITE_OPENAPI=1, and look at what has changed"
    );
}

/// Whatever is shown to people is for people who read Spanish.
#[test]
fn nothing_is_told_in_english() {
    fn told<'a>(value: &'a Json, texts: &mut Vec<&'a str>) {
        match value {
            Json::Object(fields) => fields.iter().for_each(|(name, value)| match value {
                Json::String(text) if name == "description" || name == "summary" => {
                    texts.push(text);
                }
                value => told(value, texts),
            }),
            Json::Array(values) => values.iter().for_each(|value| told(value, texts)),
            _ => {}
        }
    }
    let made = made();
    let mut texts = Vec::new();
    told(&made, &mut texts);
    assert!(texts.len() > 100);
    for text in texts {
        let words = text.split(|character: char| !character.is_alphanumeric());
        let english = ["the", "of", "that", "is", "which", "GET", "POST", "DELETE"];
        let found: Vec<_> = words.filter(|word| english.contains(word)).collect();
        assert_eq!(found, [""; 0], "{text}");
    }
}

/// Whether a value is what a schema says: as much of JSON Schema as is used here.
fn fits(document: &Json, schema: &Json, value: &Json) -> bool {
    let all = |name: &str| schema[name].as_array().into_iter().flatten();
    if let Some(target) = schema["$ref"].as_str() {
        let target = document.pointer(&target[1..]).expect("is there");
        return fits(document, target, value);
    }
    let of_type = |name: &Json| match name.as_str().expect("a name") {
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    };
    let types = match &schema["type"] {
        Json::Null => true,
        Json::Array(types) => types.iter().any(of_type),
        one => of_type(one),
    };
    let constant = schema.get("const").is_none_or(|own| own == value);
    let required = all("required").all(|name| value.get(name.as_str().expect("a name")).is_some());
    let mut others = true;
    let fields = value.as_object().into_iter().flatten();
    for (name, value) in fields.filter(|_| schema["properties"].is_object()) {
        others &= match schema["properties"].get(name) {
            Some(schema) => fits(document, schema, value),
            // A reply has nothing that is not told.
            None => false,
        };
    }
    let mut within = value.as_array().into_iter().flatten();
    let items = within.all(|item| fits(document, &schema["items"], item));
    let one_of = ["anyOf", "oneOf"].into_iter().all(|name| {
        schema.get(name).is_none() || all(name).any(|schema| fits(document, schema, value))
    });
    types && constant && required && others && items && one_of
}

#[test]
fn every_example_is_what_its_schema_says() {
    let mut schemas = Schemas::new();
    let operations: Vec<_> = operations(&mut schemas)
        .iter()
        .map(Operation::described)
        .collect();
    let document = made();
    let mut seen = 0;
    for operation in operations {
        let responses = operation["responses"].as_object().expect("an object");
        let bodies = responses.values().chain(operation.get("requestBody"));
        for body in bodies {
            let content = body["content"].as_object().expect("an object");
            for media in content.values() {
                let examples = media["examples"].as_object().into_iter().flatten();
                for (_, example) in examples {
                    let value = &example["value"];
                    let id = &operation["operationId"];
                    assert!(fits(&document, &media["schema"], value), "{id}: {value:#}");
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn every_status_code_of_the_contract_is_there() {
    let mut schemas = Schemas::new();
    let operations = operations(&mut schemas);
    let mut seen: Vec<u16> = operations.iter().flat_map(Operation::statuses).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(
        seen,
        [
            200, 202, 400, 401, 403, 404, 405, 413, 415, 422, 429, 500, 503
        ]
    );
}
