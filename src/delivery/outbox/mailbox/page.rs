//! A page of entries as it crosses from a mailbox to its collector: written at one end, read at the other.

use serde::Serialize;
use serde_json::Value as Json;

use super::super::entry::Entry;
use super::super::location::Scheduled;
use super::super::stored_change::{StoredChange, restore};
use crate::delivery::Change;
use crate::http::json;
use crate::instance::unix_time;

/// The format of a page. Another one is not read.
pub const PAGE_VERSION: u64 = 1;

/// Most bytes of a page's entries; one that has more is alone on its page.
const LARGEST: usize = 1 << 20;

/// A page that is being written.
#[derive(Debug, Default)]
pub struct MailboxPage {
    /// Its entries, as JSON with commas between them.
    entries: Vec<u8>,
}

/// `GET /mailbox`
#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[schemars(rename = "MailboxPage")]
#[allow(dead_code, reason = "a schema only: pages are written entry by entry")]
pub struct PageSchema<'a> {
    version: u64,
    entries: Vec<MailboxEntry<'a>>,
}

/// An entry on a page.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MailboxEntry<'a> {
    /// What acknowledges it.
    id: String,
    /// When it was accepted.
    kept: String,
    source: &'a str,
    /// `x-request-id` of the notification.
    request_id: &'a str,
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, Json>"))]
    change: StoredChange<'a>,
}

impl MailboxPage {
    /// Whether there is nothing on it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds an entry; `false` where the page has no room for it.
    pub(super) fn add(&mut self, scheduled: Scheduled, entry: &Entry) -> bool {
        let entry = MailboxEntry {
            id: scheduled.to_string(),
            kept: unix_time::rfc3339(scheduled.id.at),
            source: &entry.source,
            request_id: &entry.request_id,
            change: StoredChange(&entry.change),
        };
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        let entry = serde_json::to_vec(&entry).expect("an entry is a plain structure");
        if self.is_empty() {
            self.entries = entry;
            return true;
        }
        if self.entries.len() + entry.len() > LARGEST {
            return false;
        }
        self.entries.push(b',');
        self.entries.extend(entry);
        true
    }

    /// All of it, as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let head = format!("{{\"version\":{PAGE_VERSION},\"entries\":[");
        [head.as_bytes(), &self.entries, b"]}"].concat()
    }
}

/// Why what came is not a page that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// It is no mailbox that answers.
    #[error("what answers is no mailbox")]
    NoPage,
    /// It is of another version.
    #[error("the mailbox speaks version {0}, and this instance version {PAGE_VERSION}")]
    Version(u64),
}

/// A page as its collector has it.
#[derive(Debug)]
pub struct CollectedPage(pub Vec<CollectedEntry>);

/// An entry as its collector has it. It was not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedEntry {
    /// What acknowledges it.
    pub id: Scheduled,
    /// Who notified.
    pub source: String,
    /// `x-request-id` of the notification.
    pub request_id: String,
    /// The change; `None`: it is not readable.
    pub change: Option<Change>,
}

impl CollectedPage {
    /// Reads a page.
    ///
    /// # Errors
    /// Where it is none, or none of this version.
    pub fn parse(body: &[u8]) -> Result<Self, PageError> {
        let page: Json = json::parse(body).map_err(|_| PageError::NoPage)?;
        match page.get("version").and_then(Json::as_u64) {
            Some(PAGE_VERSION) => {}
            Some(other) => return Err(PageError::Version(other)),
            None => return Err(PageError::NoPage),
        }
        let entries = page.get("entries").and_then(Json::as_array);
        let entries = entries.ok_or(PageError::NoPage)?.iter().map(read_entry);
        let entries: Option<Vec<_>> = entries.collect();
        Ok(Self(entries.ok_or(PageError::NoPage)?))
    }
}

fn read_entry(entry: &Json) -> Option<CollectedEntry> {
    let text = |name| entry.get(name)?.as_str();
    Some(CollectedEntry {
        id: Scheduled::parse(text("id")?)?,
        source: text("source")?.to_owned(),
        request_id: text("requestId").unwrap_or_default().to_owned(),
        change: entry.get("change")?.as_object().and_then(restore),
    })
}
