//! `/mailbox`: what collectors ask of an instance that is a mailbox, and the replies. What is done is in
//! `app/mailbox.rs`.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value as Json;

use crate::delivery::outbox::{EntryId, MailboxPage, PAGE_VERSION, Scheduled};
use crate::http::json::{self, Field, Fields};
use crate::http::message::StatusCode;
use crate::http::{FieldErrors, Refusal, Reply};
use crate::operations::query::{fields, wrong};

/// Entries on a page, unless asked for others, and at most.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 500;

/// How long a collector may wait, in seconds: hosts end requests after half a minute.
const LONGEST_WAIT: usize = 25;

/// How many entries are acknowledged at a time.
const MOST_ACKNOWLEDGED: usize = 1000;

/// Longest list of them, in bytes.
pub const LONGEST_LIST: usize = 128 << 10;

/// `GET /mailbox?wait=&limit=&after=&version=`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectRequest {
    /// How long to wait for an entry.
    pub wait: Duration,
    /// How many at most; 0: none, only to see whether this is the mailbox that is meant.
    pub limit: usize,
    /// Those that came after this one.
    pub after: Option<EntryId>,
}

/// `POST /mailbox/ack`
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Acknowledgement {
    removed: usize,
}

impl CollectRequest {
    /// What is asked for.
    ///
    /// # Errors
    /// Whoever speaks another version is told, and gets nothing.
    pub fn parse(query: &str) -> Result<Self, Refusal> {
        let mut request = Self {
            wait: Duration::ZERO,
            limit: PAGE,
            after: None,
        };
        for (name, value) in fields(query) {
            match name {
                "wait" => {
                    let seconds = up_to("wait", value, LONGEST_WAIT)?;
                    request.wait = Duration::from_secs(seconds as u64);
                }
                "limit" => request.limit = up_to("limit", value, LARGEST_PAGE)?,
                "after" => {
                    let entry =
                        Scheduled::parse(value).ok_or_else(|| wrong("after", NO_ID.to_owned()))?;
                    request.after = Some(entry.id);
                }
                "version" if value.parse() == Ok(PAGE_VERSION) => {}
                "version" => return Err(wrong("version", other_version())),
                _ => {
                    let what = "se admite: wait, limit, after, version".to_owned();
                    return Err(wrong("query", what));
                }
            }
        }
        Ok(request)
    }
}

const NO_ID: &str = "no es un id de este buzón";

fn other_version() -> String {
    format!("este buzón habla la versión {PAGE_VERSION}")
}

fn up_to(name: &'static str, text: &str, most: usize) -> Result<usize, Refusal> {
    let number = text.parse().ok();
    let number = number.filter(|number| *number <= most);
    number.ok_or_else(|| wrong(name, format!("debe ser un número entero de 0 a {most}")))
}

/// The entries that are acknowledged.
///
/// # Errors
/// Where the body is not a list of ids.
pub fn acknowledged(body: &[u8]) -> Result<Vec<Scheduled>, Refusal> {
    let fields = Fields::read(json::text(body)?, &["ids", "version"])?;
    let mut errors = FieldErrors::default();
    match fields.get("version").maybe(Field::scalar) {
        Ok(None) => {}
        Ok(Some(version)) if version.parse() == Ok(PAGE_VERSION) => {}
        _ => errors.add("version", other_version()),
    }
    let ids = fields.get("ids").raw().and_then(read_ids);
    match ids {
        Ok(ids) if errors.is_empty() => return Ok(ids),
        Ok(_) => {}
        Err(what) => errors.add("ids", what),
    }
    Err(Refusal::WrongQuery(errors))
}

fn read_ids(raw: &str) -> Result<Vec<Scheduled>, String> {
    let ids: Json = json::parse(raw.as_bytes()).map_err(|_| "no es JSON".to_owned())?;
    let ids = ids.as_array().ok_or("debe ser una lista de textos")?;
    if ids.len() > MOST_ACKNOWLEDGED {
        return Err(format!("tiene más de {MOST_ACKNOWLEDGED}"));
    }
    let ids = ids.iter().map(|id| Scheduled::parse(id.as_str()?));
    ids.collect::<Option<_>>()
        .ok_or_else(|| "tiene un texto que no es un id de este buzón".to_owned())
}

/// A page of entries.
pub fn page(page: &MailboxPage) -> Reply {
    Reply::json_bytes(StatusCode::OK, page.to_json()).uncached()
}

/// How many entries were removed.
pub fn removed(removed: usize) -> Reply {
    Reply::json(StatusCode::OK, &Acknowledgement { removed }).uncached()
}
