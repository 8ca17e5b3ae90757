//! What operators ask of the outbox: `/admin/outbox`, behind a door of their own.

use ::http::StatusCode;
use serde_json::{Value as Json, json};

use crate::delivery::outbox::{
    Attempted, Drained, Entry, Found, Id, Page, Place, State, Stats, Texts,
};
use crate::http::{Refusal, Reply};

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
        (None, ..) => (list(query), "GET"),
        (Some("stats"), None, _) => (Ok(Call::Stats), "GET"),
        (Some("requeue"), None, _) => (Ok(Call::RequeueAll), "POST"),
        (Some("drain"), None, _) => (drain(query), "POST"),
        (Some(text), None, _) if method == "DELETE" => (id(text).map(Call::Remove), "DELETE"),
        (Some(text), None, _) => (id(text).map(Call::Show), "GET, DELETE"),
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

/// A page of entries, without what they carry.
pub fn page(page: &Page) -> Reply {
    let entries = page.entries.iter();
    let entries: Vec<_> = entries
        .map(|(id, place, entry)| summary(*id, *place, entry.as_ref()))
        .collect();
    let next = page.next.map(|id| id.to_string());
    ok(json!({ "entries": entries, "next": next }))
}

/// One entry, whole.
pub fn entry(id: Id, found: &Found) -> Reply {
    let mut shown = summary(id, found.place, found.entry.as_ref());
    if let (Some(entry), Json::Object(shown)) = (&found.entry, &mut shown) {
        let attempts = entry.attempts.iter();
        let attempts: Vec<_> = attempts
            .map(|(at, why)| json!({ "at": time(*at), "failure": why }))
            .collect();
        shown.insert("attempts".to_owned(), attempts.into());
        let change = serde_json::to_value(Texts(&entry.change)).unwrap_or_default();
        shown.insert("change".to_owned(), change);
    }
    ok(json!({ "entry": shown }))
}

fn summary(id: Id, place: Option<Place>, entry: Option<&Entry>) -> Json {
    let state = match place {
        Some(_) => State::Waiting,
        None => State::Dead,
    };
    let mut shown = json!({
        "id": id.to_string(),
        "state": state.name(),
        "created": time(id.at),
        "due": place.map(|place| time(place.due)),
    });
    // One that cannot be read is shown all the same, so that it can be removed.
    let (Some(entry), Json::Object(fields)) = (entry, &mut shown) else {
        return shown;
    };
    let failure = entry.attempts.last().map(|(_, why)| why.as_str());
    for (name, value) in [
        ("entity", entry.change.entity.name.as_ref().into()),
        ("key", entry.change.key.as_str().into()),
        ("status", entry.change.guarded().into()),
        ("source", entry.source.as_str().into()),
        ("requestId", entry.request_id.as_str().into()),
        ("tries", entry.tries.into()),
        ("failure", failure.into()),
    ] {
        fields.insert(name.to_owned(), value);
    }
    shown
}

/// How much there is.
pub fn stats(stats: Stats) -> Reply {
    ok(json!({
        "waiting": stats.waiting,
        "dead": stats.dead,
        "oldestSeconds": stats.oldest_seconds,
    }))
}

/// What a drain did.
pub fn drained(drained: Drained) -> Reply {
    ok(json!({
        "delivered": drained.delivered,
        "alreadyFinal": drained.already_final,
        "failed": drained.failed,
        "dead": drained.dead,
        "waiting": drained.waiting,
    }))
}

/// What became of one entry, under the name it has now.
pub fn attempted(id: Id, attempted: Attempted) -> Reply {
    ok(json!({ "result": attempted.name(), "id": id.to_string() }))
}

/// How many dead letters were put back, and how many are left. One alone is told its new name.
pub fn requeued(places: &[Place], left: usize) -> Reply {
    let id = match places {
        [place] => Some(place.id.to_string()),
        _ => None,
    };
    ok(json!({ "result": "requeued", "entries": places.len(), "id": id, "dead": left }))
}

/// An entry is gone.
pub fn removed() -> Reply {
    ok(json!({ "result": "removed" }))
}

fn ok(mut body: Json) -> Reply {
    if let Json::Object(fields) = &mut body {
        fields.insert("status".to_owned(), "OK".into());
    }
    Reply::json(StatusCode::OK, &body).uncached()
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
