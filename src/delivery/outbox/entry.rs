//! An entry: a change with all that is needed to make it again, and what was tried so far.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::stored_change::{StoredChange, restore};
use crate::delivery::Change;

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

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("version", &VERSION)?;
        StoredChange(&self.change).serialize_members(&mut map)?;
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
