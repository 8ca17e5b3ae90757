//! An entry: a change with all that is needed to make it again, and what was tried so far.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use crate::delivery::{Change, Entity, Guard, IfAbsent, Name, Value};

/// The version of what is stored: one more whenever a component of before would misread it. What is
/// stored without one is of version 1.
const VERSION: u64 = 1;

/// How many attempts are listed; of more, the last ones.
const LISTED: usize = 20;

/// Where a change comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The source's name.
    pub source: &'a str,
    /// The notification's `x-request-id`.
    pub request_id: &'a str,
}

/// A change that waits, or a dead letter.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The change.
    pub change: Change,
    /// Who notified.
    pub source: String,
    /// `x-request-id` of the notification.
    pub request_id: String,
    /// Since when it waits, in milliseconds since 1970: since it came, or was put back.
    pub since: u64,
    /// How often it was tried.
    pub tries: u64,
    /// The last attempts: when, in milliseconds since 1970, and why they failed.
    pub attempts: Vec<(u64, String)>,
}

/// Why a stored value is not an entry that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A newer version of the component has stored it.
    #[error("stored by a newer version")]
    Newer,
    /// It is no entry.
    #[error("not an entry")]
    Damaged,
}

impl Entry {
    /// A change that nobody has tried to make, waiting since `now`.
    pub fn new(change: Change, origin: Origin<'_>, now: u64) -> Self {
        Self {
            change,
            source: origin.source.to_owned(),
            request_id: origin.request_id.to_owned(),
            since: now,
            tries: 0,
            attempts: Vec::new(),
        }
    }

    /// Notes an attempt that failed.
    pub fn failed(&mut self, at: u64, why: String) {
        self.tries += 1;
        self.attempts.push((at, why));
        let surplus = self.attempts.len().saturating_sub(LISTED);
        self.attempts.drain(..surplus);
    }

    /// Without what the change carries: for a list of many.
    pub fn lightened(mut self) -> Self {
        let guarded = self.change.guard.column();
        self.change
            .values
            .retain(|(column, _)| Some(column.as_ref()) == guarded);
        self
    }

    /// As it is stored.
    pub fn to_json(&self) -> Vec<u8> {
        // Room for all of it at once, where little has to be escaped: while it grew, there would be
        // up to three times as much in memory.
        let texts = self
            .change
            .texts()
            .map(|(_, text)| text.len() + text.len() / 8);
        let mut json = Vec::with_capacity(4096 + texts.sum::<usize>());
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        serde_json::to_writer(&mut json, self).expect("an entry is a plain structure");
        json
    }

    /// Reads what was stored.
    pub fn parse(value: &[u8]) -> Result<Self, EntryError> {
        let stored = crate::http::json::parse(value);
        let stored: Map<String, Json> = stored.map_err(|_| EntryError::Damaged)?;
        let version = stored.get("version").map_or(Some(1), Json::as_u64);
        match version {
            Some(version) if version > VERSION => Err(EntryError::Newer),
            Some(_) => Self::of_fields(&stored).ok_or(EntryError::Damaged),
            None => Err(EntryError::Damaged),
        }
    }

    fn of_fields(stored: &Map<String, Json>) -> Option<Self> {
        let text = |name| stored.get(name)?.as_str().map(str::to_owned);
        let number = |name| stored.get(name)?.as_u64();
        let attempts = stored.get("attempts")?.as_array()?.iter();
        Some(Self {
            change: restore(stored)?,
            source: text("source")?,
            request_id: text("requestId")?,
            since: number("since")?,
            tries: number("tries")?,
            attempts: attempts
                .map(|attempt| Some((attempt[0].as_u64()?, attempt[1].as_str()?.to_owned())))
                .collect::<Option<_>>()?,
        })
    }
}

/// A change as it was stored.
fn restore(stored: &Map<String, Json>) -> Option<Change> {
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
    Some(text.as_str()?.to_owned().into())
}

fn restore_value(stored: &Json) -> Option<(Name, Value)> {
    let value = match (stored[1].as_str()?, &stored[2]) {
        ("text", Json::String(text)) => Value::Text(text.clone()),
        ("null", Json::Null) => Value::Null,
        ("now", Json::Null) => Value::Now,
        ("now_if_null", Json::Null) => Value::NowIfNull,
        _ => return None,
    };
    Some((owned(&stored[0])?, value))
}

fn restore_guard(stored: &Json) -> Option<Guard> {
    let column = || owned(&stored[1]);
    Some(match stored[0].as_str()? {
        "final" => Guard::Final {
            column: column()?,
            last: stored[2]
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

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let Change {
            entity,
            key,
            values,
            if_absent,
            guard,
        } = &self.change;
        let if_absent = match if_absent {
            IfAbsent::Report => "report",
            IfAbsent::Insert => "insert",
        };
        let values: Vec<_> = values.iter().map(stored_value).collect();
        map.serialize_entry("version", &VERSION)?;
        map.serialize_entry("entity", &entity.name)?;
        map.serialize_entry("keyColumn", &entity.key_column)?;
        map.serialize_entry("key", key)?;
        map.serialize_entry("values", &values)?;
        map.serialize_entry("ifAbsent", if_absent)?;
        map.serialize_entry("guard", &stored_guard(guard))?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("requestId", &self.request_id)?;
        map.serialize_entry("since", &self.since)?;
        map.serialize_entry("tries", &self.tries)?;
        map.serialize_entry("attempts", &self.attempts)?;
        map.end()
    }
}

/// The texts of a change, by their columns.
pub struct Texts<'a>(pub &'a Change);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.texts())
    }
}
