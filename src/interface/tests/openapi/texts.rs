//! The texts of the description, all of which stand in `texts.toml`, in Spanish.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

pub static TEXTS: LazyLock<Texts> = LazyLock::new(|| {
    toml::from_str(include_str!("texts.toml")).expect("the texts of a description")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    pub description: String,
    /// In the order of the page.
    pub tags: Vec<Tag>,
    /// By their names, those headers of replies that are described.
    pub headers: BTreeMap<String, String>,
    /// By the names of security schemes.
    pub credentials: BTreeMap<String, String>,
    /// By `operationId`.
    pub operations: BTreeMap<String, OperationTexts>,
    /// Meanings of replies that several operations give.
    pub replies: BTreeMap<String, String>,
    /// By the schemas' names.
    schemas: BTreeMap<String, SchemaTexts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    pub name: String,
    pub description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationTexts {
    pub tag: String,
    pub summary: String,
    pub description: String,
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Of the body.
    #[serde(default)]
    pub examples: BTreeMap<String, String>,
    /// Meanings of replies that no other operation gives.
    #[serde(default)]
    pub replies: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemaTexts {
    description: String,
    title: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// In the order of the type.
    #[serde(default)]
    variants: Vec<SchemaTexts>,
}

impl Texts {
    pub fn operation(&self, id: &str) -> &OperationTexts {
        let texts = self.operations.get(id);
        texts.unwrap_or_else(|| panic!("texts.toml has no operation {id}"))
    }

    /// Gives each of these schemas its texts. The comments of its type, which schemars puts in
    /// their place, are English.
    pub fn describe(&self, schemas: &mut Map<String, Json>) {
        assert!(
            self.schemas.keys().eq(schemas.keys()),
            "texts.toml should have these schemas, and no others: {:?}",
            schemas.keys()
        );
        for (name, schema) in schemas {
            remove_comments(schema);
            self.schemas[name].describe(name, schema);
        }
    }
}

fn remove_comments(schema: &mut Json) {
    match schema {
        Json::Object(fields) => {
            if fields.get("description").is_some_and(Json::is_string) {
                fields.remove("description");
            }
            fields.values_mut().for_each(remove_comments);
        }
        Json::Array(items) => items.iter_mut().for_each(remove_comments),
        _ => {}
    }
}

impl SchemaTexts {
    fn describe(&self, name: &str, schema: &mut Json) {
        schema["description"] = self.description.as_str().into();
        if let Some(title) = &self.title {
            schema["title"] = title.as_str().into();
        }
        self.describe_fields(name, schema);
        let key = match schema.get("oneOf") {
            Some(_) => "oneOf",
            None => "anyOf",
        };
        let variants = schema.get_mut(key).and_then(Json::as_array_mut);
        let variants: Vec<_> = variants.into_iter().flatten().collect();
        assert_eq!(
            variants.len(),
            self.variants.len(),
            "texts.toml should have a text for each variant of {name}"
        );
        for (variant, texts) in variants.into_iter().zip(&self.variants) {
            texts.describe(name, variant);
        }
    }

    fn describe_fields(&self, name: &str, schema: &mut Json) {
        let fields = schema.get_mut("properties").and_then(Json::as_object_mut);
        // The tag of a variant has one value only.
        let fields: BTreeMap<_, _> = fields
            .into_iter()
            .flatten()
            .filter(|(_, field)| field.get("const").is_none())
            .collect();
        assert!(
            self.fields.keys().eq(fields.keys().copied()),
            "texts.toml should have these fields of {name}, and no others: {:?}",
            fields.keys()
        );
        for (field, text) in fields.into_values().zip(self.fields.values()) {
            *field = described(field.take(), text);
        }
    }
}

/// `true`, the schema of any value, has no place for a text.
fn described(schema: Json, text: &str) -> Json {
    let mut fields = match schema {
        Json::Object(fields) => fields,
        any => {
            assert_eq!(any, true);
            Map::new()
        }
    };
    fields.insert("description".to_owned(), text.into());
    fields.into()
}
