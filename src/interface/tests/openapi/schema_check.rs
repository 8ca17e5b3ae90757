//! Whether a value is what a schema says.

use regress::Regex;
use serde_json::Value as Json;

/// Whether a value is what a schema says: as much of JSON Schema as is used here.
pub fn fits(document: &Json, schema: &Json, value: &Json) -> bool {
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
    let pattern = schema["pattern"].as_str().zip(value.as_str());
    let matches = pattern.is_none_or(|(pattern, text)| {
        let pattern = Regex::with_flags(pattern, "u").expect("a pattern");
        pattern.find(text).is_some()
    });
    let constant = schema.get("const").is_none_or(|own| own == value);
    let required = all("required").all(|name| value.get(name.as_str().expect("a name")).is_some());
    let mut others = true;
    let fields = value.as_object().into_iter().flatten();
    for (name, value) in fields.filter(|_| schema["properties"].is_object()) {
        others &= match schema["properties"].get(name) {
            Some(schema) => fits(document, schema, value),
            // A reply has no field that is not described.
            None => false,
        };
    }
    let mut within = value.as_array().into_iter().flatten();
    let items = within.all(|item| fits(document, &schema["items"], item));
    let one_of = ["anyOf", "oneOf"].into_iter().all(|name| {
        schema.get(name).is_none() || all(name).any(|schema| fits(document, schema, value))
    });
    types && matches && constant && required && others && items && one_of
}
