//! A page of entries as it crosses from a mailbox to its collector: written at one end, read at the other.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value as Json};

use super::super::entry::Entry;
use super::super::location::Scheduled;
use super::super::stored_change::{StoredChange, restore};
use crate::delivery::Change;
use crate::http::json;
use crate::instance::unix_time;

/// The format of a page. Another one is not read.
pub const PAGE_VERSION: u64 = 1;

/// Most bytes of a page; an entry that has more is alone on its page.
const LARGEST: usize = 1 << 20;

/// `GET /mailbox`
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MailboxPage {
    version: u64,
    /// The oldest first; of each row the next.
    #[cfg_attr(test, schemars(with = "Vec<MailboxEntry>"))]
    entries: Vec<Box<RawValue>>,
    #[serde(skip)]
    bytes: usize,
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
    #[cfg_attr(test, schemars(with = "Map<String, Json>"))]
    change: StoredChange<'a>,
}

impl Default for MailboxPage {
    fn default() -> Self {
        Self {
            version: PAGE_VERSION,
            entries: Vec::new(),
            bytes: 0,
        }
    }
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
        let entry = to_raw_value(&entry).expect("an entry is a plain structure");
        let bytes = self.bytes + entry.get().len();
        if bytes > LARGEST && !self.is_empty() {
            return false;
        }
        self.bytes = bytes;
        self.entries.push(entry);
        true
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

#[derive(Deserialize)]
struct PageHead {
    version: Option<u64>,
}

#[derive(Deserialize)]
struct PageBody {
    entries: Vec<Box<RawValue>>,
}

impl CollectedPage {
    /// Reads a page.
    ///
    /// # Errors
    /// Where it is none, or none of this version.
    pub fn parse(body: &[u8]) -> Result<Self, PageError> {
        let head: PageHead = json::parse(body).map_err(|_| PageError::NoPage)?;
        match head.version {
            Some(PAGE_VERSION) => {}
            Some(other) => return Err(PageError::Version(other)),
            None => return Err(PageError::NoPage),
        }
        let page: PageBody = json::parse(body).map_err(|_| PageError::NoPage)?;
        let entries = page.entries.iter().map(|entry| read_entry(entry.get()));
        Ok(Self(
            entries.collect::<Option<_>>().ok_or(PageError::NoPage)?,
        ))
    }
}

fn read_entry(text: &str) -> Option<CollectedEntry> {
    let entry: Map<String, Json> = json::parse(text.as_bytes()).ok()?;
    let text = |name| entry.get(name)?.as_str().map(str::to_owned);
    Some(CollectedEntry {
        id: Scheduled::parse(&text("id")?)?,
        source: text("source")?,
        request_id: text("requestId").unwrap_or_default(),
        change: entry.get("change")?.as_object().and_then(restore),
    })
}
