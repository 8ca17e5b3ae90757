//! What is kept of a change: all that is needed to make it again, and what was tried so far.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};

use crate::delivery::{self, Change, DeploymentId, Entity, Status};

/// How many attempts are told; of more, the last ones.
const TOLD: usize = 20;

/// A change that waits, or that nobody will take.
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

impl Entry {
    /// Notes an attempt that failed.
    pub fn failed(&mut self, at: u64, why: String) {
        self.tries += 1;
        self.attempts.push((at, why));
        let surplus = self.attempts.len().saturating_sub(TOLD);
        self.attempts.drain(..surplus);
    }

    /// Without what the change carries: for a list of many.
    pub fn lightened(mut self) -> Self {
        let shown = self.change.guard.column;
        self.change.values.retain(|(column, _)| *column == shown);
        self
    }

    /// As it is stored.
    pub fn to_json(&self) -> Vec<u8> {
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        serde_json::to_vec(self).expect("an entry is a plain structure")
    }

    /// Reads what was stored; `None` where that is no entry.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let stored: Map<String, Json> = serde_json::from_slice(value).ok()?;
        let text = |name| stored.get(name)?.as_str().map(str::to_owned);
        let number = |name| stored.get(name)?.as_u64();
        let attempts = stored.get("attempts")?.as_array()?.iter();
        Some(Self {
            change: restore(&stored)?,
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

/// A change by its texts: the rest of it is the same for every change of its table.
fn restore(stored: &Map<String, Json>) -> Option<Change> {
    let text = |name: &str| stored.get(name)?.as_str();
    let entity = text("entity")?;
    let change = stored.get("change")?;
    let value = |column: &str| change.get(column)?.as_str();
    if entity != Entity::Ejecuciones.name() {
        return None;
    }
    Some(delivery::ended(
        DeploymentId::new(text("key")?).ok()?,
        Status::new(value(delivery::ESTADO)?).ok()?,
        value(delivery::CALLBACK_INFO)?.to_owned(),
    ))
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("entity", self.change.entity.name())?;
        map.serialize_entry("key", &self.change.key)?;
        map.serialize_entry("change", &Texts(&self.change))?;
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
