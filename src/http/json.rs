//! JSON as it came: the fields that matter, and where it is wrong. What nobody asked for has to be
//! valid JSON, no more.

use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Deserializer as Json;
use serde_json::error::Category;
use serde_json::value::RawValue;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why a body has no fields.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It is not JSON; says where, in Spanish, for its sender.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// It is JSON, but no object.
    #[error("not an object")]
    NotAnObject,
}

/// Some fields of an object, each as often as it came.
#[derive(Debug)]
pub struct Fields<'a>(Vec<(&'a str, Field<'a>)>);

/// A field's raw JSON.
#[derive(Debug, Clone, Copy, Default)]
pub enum Field<'a> {
    /// The object has no such field.
    #[default]
    Missing,
    /// What it holds.
    Once(&'a RawValue),
    /// Readers disagree on which of them counts, so none does.
    Repeated,
}

/// A body as text, without the byte order mark that it may begin with: that is no part of the JSON,
/// and many readers refuse it (RFC 8259, 8.1).
pub fn text(body: &[u8]) -> Result<&str, JsonError> {
    let text = str::from_utf8(body).map_err(|error| {
        JsonError::NotJson(format!("no es UTF-8 en el byte {}", error.valid_up_to()))
    })?;
    Ok(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text))
}

/// Reads a value, whole. There is this one way to do it: the one that serde_json has for bytes would
/// be in the component a second time.
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    match str::from_utf8(json) {
        Ok(text) => serde_json::from_str(text),
        Err(error) => Err(serde::de::Error::custom(error)),
    }
}

/// The text that the field `name` has in the beginning of an object, which may break off anywhere after it.
pub fn first_text(beginning: &[u8], name: &str) -> Option<String> {
    let text = match str::from_utf8(beginning) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&beginning[..error.valid_up_to()]).ok()?,
    };
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut found = None;
    let visitor = FirstText {
        name,
        found: &mut found,
    };
    // What stands behind the field is of no interest, not even whether it is JSON.
    let _ = Json::from_str(text).deserialize_map(visitor);
    found
}

/// Looks for one field, and notes its text.
struct FirstText<'a> {
    name: &'a str,
    found: &'a mut Option<String>,
}

impl<'de> Visitor<'de> for FirstText<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == self.name {
                *self.found = Some(map.next_value()?);
                return Ok(());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

impl<'a> Fields<'a> {
    /// Reads the fields of these names.
    pub fn read(text: &'a str, names: &[&'a str]) -> Result<Self, JsonError> {
        let named = |name| (name, Field::Missing);
        let fields = Self(names.iter().copied().map(named).collect());
        let mut json = Json::from_str(text);
        let fields = json
            .deserialize_map(fields)
            .and_then(|fields| json.end().map(|()| fields));
        fields.map_err(|error| {
            if error.classify() != Category::Data {
                return place(&error);
            }
            // The visitor gives up at the first byte of what is no object; whether the rest is
            // JSON at all has still to be seen.
            match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) => JsonError::NotAnObject,
                Err(error) => place(&error),
            }
        })
    }

    /// One of the fields that were read.
    pub fn get(&self, name: &str) -> Field<'a> {
        let field = self.0.iter().find(|(known, _)| *known == name);
        field.map_or(Field::Missing, |(_, field)| *field)
    }
}

/// Members of an object that is being written, whose values are JSON already.
#[derive(Debug, Default)]
pub struct Members(String);

impl Members {
    /// The members of an object, in order; `None` where it is none, or has a name with an escape.
    pub fn read(object: &str) -> Option<Vec<(&str, &str)>> {
        Json::from_str(object).deserialize_map(MembersVisitor).ok()
    }

    /// Adds one. Its name is one that needs no escape.
    pub fn add(&mut self, name: &str, value: &str) {
        let comma = if self.0.is_empty() { "" } else { ", " };
        for piece in [comma, "\"", name, "\": ", value] {
            self.0.push_str(piece);
        }
    }

    /// All of them.
    pub fn object(&self) -> String {
        format!("{{{}}}", self.0)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(&'de str, &'de str)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<&str, &RawValue>()? {
            members.push((name, value.get()));
        }
        Ok(members)
    }
}

fn place(error: &serde_json::Error) -> JsonError {
    let (line, column) = (error.line(), error.column());
    JsonError::NotJson(format!("línea {line}, columna {column}"))
}

impl<'de> Visitor<'de> for Fields<'de> {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match self.0.iter_mut().find(|(known, _)| *known == name) {
                Some((_, field)) => field.add(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(self)
    }
}

impl<'a> Field<'a> {
    fn add(&mut self, raw: &'a RawValue) {
        *self = match self {
            Self::Missing => Self::Once(raw),
            Self::Once(_) | Self::Repeated => Self::Repeated,
        };
    }

    /// This field, or another where it is missing or null.
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Missing => other,
            Self::Once(raw) if raw.get() == "null" => other,
            found => found,
        }
    }

    /// Its raw JSON, or what is wrong with it in Spanish.
    pub fn raw(self) -> Result<&'a str, String> {
        match self {
            Self::Missing => Err("falta".to_owned()),
            Self::Repeated => Err("aparece más de una vez".to_owned()),
            Self::Once(raw) => Ok(raw.get()),
        }
    }

    /// Its text, or what is wrong with it in Spanish.
    pub fn text(self) -> Result<String, String> {
        let raw = self.raw()?;
        if !raw.starts_with('"') {
            return Err("debe ser un texto".to_owned());
        }
        serde_json::from_str(raw).map_err(|_| "lleva un escape Unicode incompleto".to_owned())
    }

    /// Its text, or its number as it was written; or what is wrong with it in Spanish.
    pub fn scalar(self) -> Result<String, String> {
        match self.raw()? {
            raw if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                Ok(raw.to_owned())
            }
            raw if raw.starts_with('"') => self.text(),
            _ => Err("debe ser un texto o un número".to_owned()),
        }
    }

    /// What `read` makes of it; `None` where it is missing or null.
    pub fn maybe<T>(
        self,
        read: impl FnOnce(Self) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        match self.or(Self::Missing) {
            Self::Missing => Ok(None),
            field => read(field).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_in_the_beginning_of_an_object_and_nowhere_else() {
        let found = |beginning: &str| first_text(beginning.as_bytes(), "id");
        let whole = r#"{"a":{"id":"inner"},"id":"d-\u00f1","b":[1,2"#;
        assert_eq!(found(whole).as_deref(), Some("d-ñ"));
        assert_eq!(found(&format!("\u{feff} {whole}")).as_deref(), Some("d-ñ"));
        for end in 0..whole.find(",\"b").expect("there") {
            assert_eq!(found(&whole[..end]), None, "{end}");
        }
        for other in [
            r#"{"id":1}"#,
            r#"{"id":null}"#,
            r#"["id","x"]"#,
            r#""id""#,
            "id=x",
            "",
        ] {
            assert_eq!(found(other), None, "{other}");
        }
        let cut = b"{\"id\":\"d-1\",\"x\":\"\xc3";
        assert_eq!(first_text(cut, "id").as_deref(), Some("d-1"));
        let deep = format!("{{\"a\":{}", "[".repeat(4000));
        assert_eq!(found(&deep), None);
    }

    #[test]
    fn a_field_is_what_it_says_or_wrong_in_one_way() {
        let text = r#"{"t":"\u00f1","n":-1.50e3,"o":{"a": 1},"z":null,"b":true,"s":"\ud800","t2":1,"t2":2}"#;
        let fields = Fields::read(text, &["t", "n", "o", "z", "b", "s", "t2", "none"]);
        let fields = fields.expect("an object");
        let wrong = |what: &str| Err(what.to_owned());
        for (name, text, scalar) in [
            ("t", Ok("ñ".to_owned()), Ok("ñ".to_owned())),
            ("n", wrong("debe ser un texto"), Ok("-1.50e3".to_owned())),
            (
                "o",
                wrong("debe ser un texto"),
                wrong("debe ser un texto o un número"),
            ),
            (
                "z",
                wrong("debe ser un texto"),
                wrong("debe ser un texto o un número"),
            ),
            (
                "b",
                wrong("debe ser un texto"),
                wrong("debe ser un texto o un número"),
            ),
            (
                "s",
                wrong("lleva un escape Unicode incompleto"),
                wrong("lleva un escape Unicode incompleto"),
            ),
            (
                "t2",
                wrong("aparece más de una vez"),
                wrong("aparece más de una vez"),
            ),
            ("none", wrong("falta"), wrong("falta")),
            ("never read", wrong("falta"), wrong("falta")),
        ] {
            assert_eq!(fields.get(name).text(), text, "{name}");
            assert_eq!(fields.get(name).scalar(), scalar, "{name}");
        }
        assert_eq!(fields.get("o").raw(), Ok(r#"{"a": 1}"#));
        for name in ["z", "none"] {
            assert_eq!(fields.get(name).maybe(Field::text), Ok(None));
            let other = fields.get(name).or(fields.get("t"));
            assert_eq!(other.text(), Ok("ñ".to_owned()));
        }
        assert_eq!(fields.get("t").maybe(Field::text), Ok(Some("ñ".to_owned())));
        assert!(fields.get("t2").or(fields.get("t")).text().is_err());
    }
}
