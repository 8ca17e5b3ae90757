//! A change as JSON: how it is stored, and how it crosses from a mailbox to its collector.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use crate::delivery::{Change, Entity, Guard, IfAbsent, Name, Value};

/// A change, to be written.
pub struct StoredChange<'a>(pub &'a Change);

impl StoredChange<'_> {
    /// Its members, as a part of another object.
    pub fn serialize_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Change {
            entity,
            key,
            values,
            if_absent,
            guard,
        } = self.0;
        let if_absent = match if_absent {
            IfAbsent::Report => "report",
            IfAbsent::Insert => "insert",
        };
        let values: Vec<_> = values.iter().map(stored_value).collect();
        map.serialize_entry("entity", &entity.name)?;
        map.serialize_entry("keyColumn", &entity.key_column)?;
        map.serialize_entry("key", key)?;
        map.serialize_entry("values", &values)?;
        map.serialize_entry("ifAbsent", if_absent)?;
        map.serialize_entry("guard", &stored_guard(guard))
    }
}

impl Serialize for StoredChange<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.serialize_members(&mut map)?;
        map.end()
    }
}

/// A change as it was written; `None` where that is none.
pub fn restore(stored: &Map<String, Json>) -> Option<Change> {
    let name = |name| owned(stored.get(name)?);
    let values = stored.get("values")?.as_array()?.iter();
    Some(Change {
        entity: Entity {
            name: name("entity")?,
            key_column: name("keyColumn")?,
        },
        key: stored.get("key")?.as_str()?.to_owned(),
        values: values.map(restore_value).collect::<Option<_>>()?,
        if_absent: match stored.get("ifAbsent")?.as_str()? {
            "report" => IfAbsent::Report,
            "insert" => IfAbsent::Insert,
            _ => return None,
        },
        guard: restore_guard(stored.get("guard")?)?,
    })
}

fn owned(text: &Json) -> Option<Name> {
    Some(Cow::Owned(text.as_str()?.to_owned()))
}

fn restore_value(stored: &Json) -> Option<(Name, Value)> {
    let value = match (stored.get(1)?.as_str()?, stored.get(2)?) {
        ("text", Json::String(text)) => Value::Text(text.clone()),
        ("null", Json::Null) => Value::Null,
        ("now", Json::Null) => Value::Now,
        ("now_if_null", Json::Null) => Value::NowIfNull,
        _ => return None,
    };
    Some((owned(stored.get(0)?)?, value))
}

fn restore_guard(stored: &Json) -> Option<Guard> {
    let column = || owned(stored.get(1)?);
    Some(match stored.get(0)?.as_str()? {
        "final" => Guard::Final {
            column: column()?,
            last: stored
                .get(2)?
                .as_array()?
                .iter()
                .map(owned)
                .collect::<Option<_>>()?,
        },
        "newer" => Guard::Newer { column: column()? },
        "exists" => Guard::Exists,
        _ => return None,
    })
}

/// A column, the kind of its value, and the text where it is one: without a copy of that.
type StoredValue<'a> = (&'a str, &'static str, Option<&'a str>);

fn stored_value((column, value): &(Name, Value)) -> StoredValue<'_> {
    match value {
        Value::Text(text) => (column, "text", Some(text)),
        Value::Null => (column, "null", None),
        Value::Now => (column, "now", None),
        Value::NowIfNull => (column, "now_if_null", None),
    }
}

fn stored_guard(guard: &Guard) -> Json {
    match guard {
        Guard::Final { column, last } => json!(["final", column, last]),
        Guard::Newer { column } => json!(["newer", column]),
        Guard::Exists => json!(["exists"]),
    }
}
