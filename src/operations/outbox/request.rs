//! Method, path and query below `/admin/outbox` → what is requested.

use crate::delivery::outbox::{Cause, EntryId, EntryState, Filter};
use crate::http::Refusal;
use crate::operations::query::{fields, flag, number, text, wrong};

/// Where all of it is, below the root path.
const OUTBOX: &str = "/admin/outbox";

/// Entries on a page, unless asked for others, and at most.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 200;

/// A request of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxRequest {
    /// `GET /admin/outbox?state=&source=&cause=&q=&limit=&before=`
    List {
        /// Which entries.
        state: EntryState,
        /// Which of them.
        filter: Filter,
        /// How many at most.
        limit: usize,
        /// Those that came before this one.
        before: Option<EntryId>,
    },
    /// `GET /admin/outbox/stats`
    Stats,
    /// `GET /admin/outbox/<id>`
    Show(EntryId),
    /// `DELETE /admin/outbox/<id>`
    Remove(EntryId),
    /// `POST /admin/outbox/<id>/retry`
    Retry(EntryId),
    /// `POST /admin/outbox/<id>/requeue`
    Requeue(EntryId),
    /// `POST /admin/outbox/requeue?cause=&source=&dryRun=`
    RequeueAll {
        /// Which dead letters.
        filter: Filter,
        /// They are only counted.
        dry_run: bool,
    },
    /// `POST /admin/outbox/drain?all=`
    Drain {
        /// Also what is not due yet.
        all: bool,
    },
}

impl OutboxRequest {
    /// The entry that it is about, where it is about one.
    pub fn id(&self) -> Option<EntryId> {
        match self {
            Self::Show(id) | Self::Remove(id) | Self::Retry(id) | Self::Requeue(id) => Some(*id),
            Self::List { .. } | Self::Stats | Self::RequeueAll { .. } | Self::Drain { .. } => None,
        }
    }

    /// Whether the outbox may be another one afterwards.
    pub fn changes_outbox(&self) -> bool {
        match self {
            Self::List { .. } | Self::Stats | Self::Show(_) => false,
            Self::RequeueAll { dry_run, .. } => !dry_run,
            Self::Remove(_) | Self::Retry(_) | Self::Requeue(_) | Self::Drain { .. } => true,
        }
    }
}

/// What is requested; `None` where the path is none of these.
pub fn request(method: &str, path: &str, query: &str) -> Option<Result<OutboxRequest, Refusal>> {
    let rest = path.strip_prefix(OUTBOX)?;
    let mut pieces = rest.split('/');
    if pieces.next() != Some("") {
        return None;
    }
    let id = |text: &str| EntryId::parse(text).ok_or(Refusal::NoSuchEntry);
    let (requested, allowed) = match (pieces.next(), pieces.next(), pieces.next()) {
        (None, ..) => (list(query), "GET, HEAD"),
        (Some("stats"), None, _) => (Ok(OutboxRequest::Stats), "GET, HEAD"),
        (Some("requeue"), None, _) => (requeue_all(query), "POST"),
        (Some("drain"), None, _) => (drain(query), "POST"),
        (Some(text), None, _) if method == "DELETE" => {
            (id(text).map(OutboxRequest::Remove), "DELETE")
        }
        (Some(text), None, _) => (id(text).map(OutboxRequest::Show), "GET, HEAD, DELETE"),
        (Some(text), Some("retry"), None) => (id(text).map(OutboxRequest::Retry), "POST"),
        (Some(text), Some("requeue"), None) => (id(text).map(OutboxRequest::Requeue), "POST"),
        _ => return None,
    };
    let is_allowed = allowed.split(", ").any(|word| word == method);
    Some(match is_allowed {
        true => requested,
        false => Err(Refusal::MethodNotAllowed(allowed)),
    })
}

fn list(query: &str) -> Result<OutboxRequest, Refusal> {
    let (mut state, mut limit, mut before) = (EntryState::Waiting, PAGE, None);
    let mut filter = Filter::default();
    for (name, value) in fields(query) {
        match (name, value) {
            ("state", "waiting") => state = EntryState::Waiting,
            ("state", "dead") => state = EntryState::Dead,
            ("limit", text) => limit = number("limit", text, LARGEST_PAGE)?,
            ("before", id) => {
                let id = EntryId::parse(id);
                before = Some(id.ok_or_else(|| wrong("before", "no es un id".to_owned()))?);
            }
            ("q", value) => filter.key = text("q", value)?,
            ("state", _) => return Err(wrong("state", "se admite: waiting, dead".to_owned())),
            field if filter_by(&mut filter, field)? => {}
            _ => {
                let known = "se admite: state, source, cause, q, limit, before";
                return Err(wrong("query", known.to_owned()));
            }
        }
    }
    Ok(OutboxRequest::List {
        state,
        filter,
        limit,
        before,
    })
}

fn requeue_all(query: &str) -> Result<OutboxRequest, Refusal> {
    let (mut filter, mut dry_run) = (Filter::default(), false);
    for (name, value) in fields(query) {
        match (name, value) {
            ("dryRun", value) => dry_run = flag("dryRun", value)?,
            field if filter_by(&mut filter, field)? => {}
            _ => {
                let known = "se admite: cause, source, dryRun";
                return Err(wrong("query", known.to_owned()));
            }
        }
    }
    Ok(OutboxRequest::RequeueAll { filter, dry_run })
}

/// Reads a field that says which entries are wanted; `false`: it is another one.
fn filter_by(filter: &mut Filter, (name, value): (&str, &str)) -> Result<bool, Refusal> {
    match name {
        "source" => filter.source = text("source", value)?,
        "cause" if value.is_empty() => filter.cause = None,
        "cause" => {
            let codes: Vec<_> = Cause::all().map(Cause::code).collect();
            let known = || format!("se admite: {}", codes.join(", "));
            filter.cause = Some(Cause::parse(value).ok_or_else(|| wrong("cause", known()))?);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn drain(query: &str) -> Result<OutboxRequest, Refusal> {
    let mut all = false;
    for (name, value) in fields(query) {
        match name {
            "all" => all = flag("all", value)?,
            _ => return Err(wrong("query", "se admite: all".to_owned())),
        }
    }
    Ok(OutboxRequest::Drain { all })
}

#[cfg(test)]
mod tests;
