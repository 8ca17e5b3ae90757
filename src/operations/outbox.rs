//! What operators ask of the outbox: `/admin/outbox`, behind a door of their own.

use crate::http::message::StatusCode;
use serde::Serialize;

use crate::delivery::outbox::{
    Attempted, Drained, Entry, Found, Id, Page, Place, State, Stats, Texts,
};
use crate::http::{Refusal, Reply, Yes};

/// The only place there is, below the root path.
const OUTBOX: &str = "/admin/outbox";

/// Entries on a page, unless asked for others, and at most.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 200;

/// What an operator asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `GET /admin/outbox?state=&limit=&before=`
    List {
        /// Which entries.
        state: State,
        /// How many at most.
        limit: usize,
        /// Those that came before this one.
        before: Option<Id>,
    },
    /// `GET /admin/outbox/stats`
    Stats,
    /// `GET /admin/outbox/<id>`
    Show(Id),
    /// `DELETE /admin/outbox/<id>`
    Remove(Id),
    /// `POST /admin/outbox/<id>/retry`
    Retry(Id),
    /// `POST /admin/outbox/<id>/requeue`
    Requeue(Id),
    /// `POST /admin/outbox/requeue`
    RequeueAll,
    /// `POST /admin/outbox/drain?all=`
    Drain {
        /// Also what is not due yet.
        all: bool,
    },
}

impl Call {
    /// The entry that it is about, where it is about one.
    pub fn id(self) -> Option<Id> {
        match self {
            Self::Show(id) | Self::Remove(id) | Self::Retry(id) | Self::Requeue(id) => Some(id),
            Self::List { .. } | Self::Stats | Self::RequeueAll | Self::Drain { .. } => None,
        }
    }
}

/// What a request asks for; `None` where the path is none of these.
pub fn call(method: &str, path: &str, query: &str) -> Option<Result<Call, Refusal>> {
    let rest = path.strip_prefix(OUTBOX)?;
    let mut pieces = rest.split('/');
    if pieces.next() != Some("") {
        return None;
    }
    let id = |text: &str| Id::parse(text).ok_or(Refusal::NoSuchEntry);
    let (asked, allowed) = match (pieces.next(), pieces.next(), pieces.next()) {
        (None, ..) => (list(query), "GET, HEAD"),
        (Some("stats"), None, _) => (Ok(Call::Stats), "GET, HEAD"),
        (Some("requeue"), None, _) => (Ok(Call::RequeueAll), "POST"),
        (Some("drain"), None, _) => (drain(query), "POST"),
        (Some(text), None, _) if method == "DELETE" => (id(text).map(Call::Remove), "DELETE"),
        (Some(text), None, _) => (id(text).map(Call::Show), "GET, HEAD, DELETE"),
        (Some(text), Some("retry"), None) => (id(text).map(Call::Retry), "POST"),
        (Some(text), Some("requeue"), None) => (id(text).map(Call::Requeue), "POST"),
        _ => return None,
    };
    let is_allowed = allowed.split(", ").any(|word| word == method);
    Some(match is_allowed {
        true => asked,
        false => Err(Refusal::MethodNotAllowed(allowed)),
    })
}

fn fields(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let fields = query.split('&').filter(|field| !field.is_empty());
    fields.map(|field| field.split_once('=').unwrap_or((field, "")))
}

fn list(query: &str) -> Result<Call, Refusal> {
    let (mut state, mut limit, mut before) = (State::Waiting, PAGE, None);
    for (name, value) in fields(query) {
        match (name, value) {
            ("state", "waiting") => state = State::Waiting,
            ("state", "dead") => state = State::Dead,
            ("limit", number) => {
                let number = number.parse().ok();
                let number = number.filter(|number| (1..=LARGEST_PAGE).contains(number));
                let what = || format!("debe ser un número entero de 1 a {LARGEST_PAGE}");
                limit = number.ok_or_else(|| wrong("limit", what()))?;
            }
            ("before", id) => {
                let id = Id::parse(id);
                before = Some(id.ok_or_else(|| wrong("before", "no es un id".to_owned()))?);
            }
            ("state", _) => return Err(wrong("state", "se admite: waiting, dead".to_owned())),
            _ => return Err(wrong("query", "se admite: state, limit, before".to_owned())),
        }
    }
    Ok(Call::List {
        state,
        limit,
        before,
    })
}

fn drain(query: &str) -> Result<Call, Refusal> {
    let mut all = false;
    for field in fields(query) {
        all = match field {
            ("all", "true") => true,
            ("all", "false") => false,
            _ => return Err(wrong("query", "se admite: all=true, all=false".to_owned())),
        };
    }
    Ok(Call::Drain { all })
}

fn wrong(name: &'static str, what: String) -> Refusal {
    Refusal::WrongQuery((name, what).into())
}

/// `GET /admin/outbox`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Listed<'a> {
    status: Yes,
    /// Newest first.
    entries: Vec<Shown<'a>>,
    /// `before` of the next page, where there is one.
    next: Option<String>,
}

/// `GET /admin/outbox/<id>`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct One<'a> {
    status: Yes,
    entry: Shown<'a>,
}

/// An entry. One that cannot be read is shown all the same, so that it can be removed: what is in
/// it is null then.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "Entry"))]
pub struct Shown<'a> {
    id: String,
    state: &'static str,
    created: String,
    /// Only of one that waits.
    due: Option<String>,
    /// The table.
    entity: Option<&'a str>,
    key: Option<&'a str>,
    /// What the change would make of the row's state, where it is about one.
    status: Option<&'a str>,
    source: Option<&'a str>,
    request_id: Option<&'a str>,
    tries: Option<u64>,
    /// Why the last attempt failed.
    failure: Option<&'a str>,
    /// Only of one that is shown alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Vec<Attempt<'a>>>,
    /// Only of one that is shown alone: columns and their texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<Texts<'a>>,
}

/// An attempt that failed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Attempt<'a> {
    at: String,
    failure: &'a str,
}

/// `GET /admin/outbox/stats`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    status: Yes,
    /// Rows with a change that waits.
    waiting: usize,
    /// Rows with a dead letter.
    dead: usize,
    /// For how long the oldest change has waited.
    oldest_seconds: Option<u64>,
}

/// `POST /admin/outbox/drain`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Round {
    status: Yes,
    delivered: usize,
    already_final: usize,
    failed: usize,
    dead: usize,
    waiting: usize,
}

/// `POST /admin/outbox/<id>/retry`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Retried {
    status: Yes,
    result: &'static str,
    /// The name that the entry has now.
    id: String,
}

/// `POST /admin/outbox/<id>/requeue`, `POST /admin/outbox/requeue`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Requeued {
    status: Yes,
    result: &'static str,
    /// How many were put back.
    entries: usize,
    /// The new name, where it is one.
    id: Option<String>,
    /// How many dead letters are left.
    dead: usize,
}

/// `DELETE /admin/outbox/<id>`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Removed {
    status: Yes,
    result: &'static str,
}

/// A page of entries, without what they carry.
pub fn page(page: &Page) -> Reply {
    let entries = page.entries.iter();
    ok(&Listed {
        status: Yes::Ok,
        entries: entries
            .map(|(id, place, entry)| shown(*id, *place, entry.as_ref()))
            .collect(),
        next: page.next.map(|id| id.to_string()),
    })
}

/// One entry, whole.
pub fn entry(id: Id, found: &Found) -> Reply {
    let entry = found.entry.as_ref();
    let attempts = entry.map(|entry| {
        let attempts = entry.attempts.iter();
        let attempts = attempts.map(|(at, why)| Attempt {
            at: time(*at),
            failure: why,
        });
        attempts.collect()
    });
    ok(&One {
        status: Yes::Ok,
        entry: Shown {
            attempts,
            change: entry.map(|entry| Texts(&entry.change)),
            ..shown(id, found.place, entry)
        },
    })
}

fn shown(id: Id, place: Option<Place>, entry: Option<&Entry>) -> Shown<'_> {
    let state = match place {
        Some(_) => State::Waiting,
        None => State::Dead,
    };
    let last = entry.and_then(|entry| entry.attempts.last());
    Shown {
        id: id.to_string(),
        state: state.name(),
        created: time(id.at),
        due: place.map(|place| time(place.due)),
        entity: entry.map(|entry| entry.change.entity.name.as_ref()),
        key: entry.map(|entry| entry.change.key.as_str()),
        status: entry.and_then(|entry| entry.change.guarded()),
        source: entry.map(|entry| entry.source.as_str()),
        request_id: entry.map(|entry| entry.request_id.as_str()),
        tries: entry.map(|entry| entry.tries),
        failure: last.map(|(_, why)| why.as_str()),
        attempts: None,
        change: None,
    }
}

/// How much there is.
pub fn stats(stats: Stats) -> Reply {
    ok(&Counted {
        status: Yes::Ok,
        waiting: stats.waiting,
        dead: stats.dead,
        oldest_seconds: stats.oldest_seconds,
    })
}

/// What a drain did.
pub fn drained(drained: Drained) -> Reply {
    ok(&Round {
        status: Yes::Ok,
        delivered: drained.delivered,
        already_final: drained.already_final,
        failed: drained.failed,
        dead: drained.dead,
        waiting: drained.waiting,
    })
}

/// What became of one entry, under the name it has now.
pub fn attempted(id: Id, attempted: Attempted) -> Reply {
    ok(&Retried {
        status: Yes::Ok,
        result: attempted.name(),
        id: id.to_string(),
    })
}

/// How many dead letters were put back, and how many are left. One alone is told its new name.
pub fn requeued(places: &[Place], left: usize) -> Reply {
    ok(&Requeued {
        status: Yes::Ok,
        result: "requeued",
        entries: places.len(),
        id: match places {
            [place] => Some(place.id.to_string()),
            _ => None,
        },
        dead: left,
    })
}

/// An entry is gone.
pub fn removed() -> Reply {
    ok(&Removed {
        status: Yes::Ok,
        result: "removed",
    })
}

fn ok(body: &impl Serialize) -> Reply {
    Reply::json(StatusCode::OK, body).uncached()
}

fn time(milliseconds: u64) -> String {
    let since = std::time::Duration::from_millis(milliseconds);
    let time = std::time::SystemTime::UNIX_EPOCH.checked_add(since);
    // Dates a thousand years away are not written.
    time.filter(|_| milliseconds < 1 << 45)
        .map(|time| humantime::format_rfc3339_millis(time).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
