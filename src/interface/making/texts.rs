//! The Spanish texts of schemas, all of which stand in `texts.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

const FILE: &str = include_str!("texts.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// By the schemas' names.
    schemas: BTreeMap<String, SchemaTexts>,
    /// Of the words that an enumeration consists of.
    words: BTreeMap<String, String>,
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
    pub fn read() -> Self {
        toml::from_str(FILE).expect("texts.toml has the texts of a description")
    }

    /// Gives each of these schemas its texts in place of its type's comments, which are English.
    pub fn describe(&self, schemas: &mut Map<String, Json>) {
        assert!(
            self.schemas.keys().eq(schemas.keys()),
            "texts.toml is to have texts for these schemas, and no others: {:?}",
            schemas.keys()
        );
        for (name, schema) in schemas {
            self.forget_comments(schema);
            self.schemas[name].describe(name, schema);
        }
    }

    fn forget_comments(&self, schema: &mut Json) {
        match schema {
            Json::Object(fields) => {
                let has_comment = fields.get("description").is_some_and(Json::is_string);
                match fields.get("const").and_then(Json::as_str) {
                    Some(word) if has_comment => {
                        let text = self.words[word].clone();
                        fields.insert("description".to_owned(), text.into());
                    }
                    _ if has_comment => {
                        fields.remove("description");
                    }
                    _ => {}
                }
                fields.values_mut().for_each(|it| self.forget_comments(it));
            }
            Json::Array(items) => items.iter_mut().for_each(|it| self.forget_comments(it)),
            _ => {}
        }
    }
}

impl SchemaTexts {
    fn describe(&self, name: &str, schema: &mut Json) {
        schema["description"] = self.description.as_str().into();
        if let Some(title) = &self.title {
            schema["title"] = title.as_str().into();
        }
        let fields = schema.get_mut("properties").and_then(Json::as_object_mut);
        let fields = fields.into_iter().flatten();
        // What tells variants apart has but one value.
        let fields: BTreeMap<_, _> = fields
            .filter(|(_, field)| field.get("const").is_none())
            .collect();
        assert!(
            self.fields.keys().eq(fields.keys().copied()),
            "texts.toml is to have texts for these fields of {name}, and no others: {:?}",
            fields.keys()
        );
        for ((_, field), text) in fields.into_iter().zip(self.fields.values()) {
            *field = described(field.take(), text);
        }
        let key = if schema.get("oneOf").is_some() {
            "oneOf"
        } else {
            "anyOf"
        };
        let variants = schema.get_mut(key).and_then(Json::as_array_mut);
        let variants: Vec<_> = variants.into_iter().flatten().collect();
        assert_eq!(
            variants.len(),
            self.variants.len(),
            "texts.toml is to have a text for each variant of {name}"
        );
        for (variant, texts) in variants.into_iter().zip(&self.variants) {
            texts.describe(name, variant);
        }
    }
}

/// `true`, which is the schema of any value, has no place for a text.
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
