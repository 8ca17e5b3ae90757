//! Generates `openapi.json`: schemas come from the types that replies are written from, and each
//! status code and example is a reply of the application over fakes of the ports.
//!
//! `SAM_CALLBACK_WRITE_OPENAPI=1 cargo test --package sam-callback --lib openapi` writes the file
//! again.

mod column_text;
mod generate;
mod operation;
mod operations;
mod payloads;
mod schema_check;
mod schemas;
mod service;
mod texts;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value as Json;

use generate::document;
use operation::Operation;
use schema_check::fits;
use schemas::Schemas;
use texts::TEXTS;

const FILE: &str = "src/interface/openapi.json";

#[test]
fn openapi_json_is_what_types_and_replies_make() {
    let text = format!("{:#}\n", document());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("SAM_CALLBACK_WRITE_OPENAPI").is_some() {
        std::fs::write(&file, &text).expect("written");
    }
    let written = std::fs::read_to_string(&file).expect("read");
    assert!(
        written == text,
        "{FILE} is not what the code makes any more: write it again with \
         SAM_CALLBACK_WRITE_OPENAPI=1, and look at what has changed"
    );
}

#[test]
fn every_text_of_the_table_is_used() {
    let operations = operations::all(&mut Schemas::new());
    let ids: BTreeSet<_> = operations.iter().map(|operation| operation.id).collect();
    assert!(TEXTS.operations.keys().eq(ids), "operations");
    let mut shared: BTreeSet<_> = TEXTS.replies.keys().map(String::as_str).collect();
    let mut tags: BTreeSet<_> = TEXTS.tags.iter().map(|tag| tag.name.as_str()).collect();
    for operation in &operations {
        let (id, texts) = (operation.id, operation.texts);
        let parameters: BTreeSet<_> = operation.parameter_names().collect();
        assert!(texts.parameters.keys().eq(parameters), "{id}: parameters");
        let examples: BTreeSet<_> = operation.example_keys().collect();
        assert!(texts.examples.keys().eq(examples), "{id}: examples");
        let replies: BTreeSet<_> = operation.reply_keys().collect();
        for key in texts.replies.keys() {
            assert!(replies.contains(key.as_str()), "{id}: {key}");
        }
        shared.retain(|key| !replies.contains(key));
        tags.remove(texts.tag.as_str());
    }
    assert_eq!(shared, BTreeSet::new());
    assert_eq!(tags, BTreeSet::new());
}

/// Callers and operators read Spanish.
#[test]
fn no_text_is_english() {
    fn collect<'a>(value: &'a Json, texts: &mut Vec<&'a str>) {
        match value {
            Json::Object(fields) => fields.iter().for_each(|(name, value)| match value {
                Json::String(text) if name == "description" || name == "summary" => {
                    texts.push(text);
                }
                value => collect(value, texts),
            }),
            Json::Array(values) => values.iter().for_each(|value| collect(value, texts)),
            _ => {}
        }
    }
    let document = document();
    let mut texts = Vec::new();
    collect(&document, &mut texts);
    assert!(texts.len() > 100);
    for text in texts {
        let words = text.split(|character: char| !character.is_alphanumeric());
        let english = ["the", "of", "that", "is", "which", "GET", "POST", "DELETE"];
        let found: Vec<_> = words.filter(|word| english.contains(word)).collect();
        assert_eq!(found, [""; 0], "{text}");
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let mut schemas = Schemas::new();
    let operations: Vec<_> = operations::all(&mut schemas)
        .iter()
        .map(Operation::to_json)
        .collect();
    let document = document();
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
    let operations = operations::all(&mut schemas);
    let mut seen: Vec<u16> = operations.iter().flat_map(Operation::statuses).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(
        seen,
        [
            200, 202, 400, 401, 403, 404, 405, 413, 415, 422, 429, 500, 501, 503
        ]
    );
}
