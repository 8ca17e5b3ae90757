//! Replies of `/admin/outbox`.

use serde::Serialize;

use crate::delivery::outbox::{
    AttemptOutcome, DrainSummary, EntryId, FoundEntry, Location, OutboxStats, Page, Requeued,
    Scheduled, Texts,
};
use crate::http::message::StatusCode;
use crate::http::{Reply, Yes};
use crate::operations::time::rfc3339;

/// `GET /admin/outbox`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Listed<'a> {
    status: Yes,
    /// Newest first.
    entries: Vec<EntryView<'a>>,
    /// `before` of the next page, where there is one.
    next: Option<String>,
}

/// `GET /admin/outbox/<id>`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct One<'a> {
    status: Yes,
    entry: EntryView<'a>,
}

/// An entry. One that cannot be read is listed all the same, so that it can be removed: what is in
/// it is null then.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "Entry"))]
pub struct EntryView<'a> {
    id: String,
    state: &'static str,
    /// Why the last attempt failed, in SAM's terms.
    cause: &'static str,
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
    /// Only of one that is requested alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Vec<AttemptView<'a>>>,
    /// Only of one that is requested alone: columns and their texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<Texts<'a>>,
}

/// An attempt that failed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Attempt"))]
pub struct AttemptView<'a> {
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
#[cfg_attr(test, schemars(rename = "Requeued"))]
pub struct RequeuedView {
    status: Yes,
    result: &'static str,
    /// How many dead letters were meant.
    matched: usize,
    /// How many were put back.
    requeued: usize,
    /// The same.
    entries: usize,
    /// The new name, where it is one.
    id: Option<String>,
    /// How many of those that were meant are left.
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
        entries: entries.map(view).collect(),
        next: page.next.map(|id| id.to_string()),
    })
}

/// One entry, whole.
pub fn entry(found: &FoundEntry) -> Reply {
    let entry = found.entry.as_ref();
    let attempts = entry.map(|entry| {
        let attempts = entry.attempts.iter();
        let attempts = attempts.map(|(at, why)| AttemptView {
            at: rfc3339(*at),
            failure: why,
        });
        attempts.collect()
    });
    ok(&One {
        status: Yes::Ok,
        entry: EntryView {
            attempts,
            change: entry.map(|entry| Texts(&entry.change)),
            ..view(found)
        },
    })
}

/// An entry as a list has it.
pub fn view(found: &FoundEntry) -> EntryView<'_> {
    let FoundEntry { location, entry } = found;
    let (id, entry) = (location.id(), entry.as_ref());
    let last = entry.and_then(|entry| entry.attempts.last());
    EntryView {
        id: id.to_string(),
        state: location.state().name(),
        cause: location.cause().code(),
        created: rfc3339(id.at),
        due: match location {
            Location::Waiting(scheduled) => Some(rfc3339(scheduled.due)),
            Location::Dead(_) => None,
        },
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
pub fn stats(stats: OutboxStats) -> Reply {
    ok(&Counted {
        status: Yes::Ok,
        waiting: stats.waiting,
        dead: stats.dead,
        oldest_seconds: stats.oldest_seconds,
    })
}

/// What a drain did.
pub fn drained(drained: DrainSummary) -> Reply {
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
pub fn attempted(id: EntryId, outcome: AttemptOutcome) -> Reply {
    ok(&Retried {
        status: Yes::Ok,
        result: outcome.name(),
        id: id.to_string(),
    })
}

/// One dead letter was put back.
pub fn requeued_one(scheduled: Scheduled) -> Reply {
    requeued(&Requeued {
        matched: 1,
        scheduled: vec![scheduled],
        left: 0,
    })
}

/// How many dead letters were meant, put back and left. Of one alone the new name too.
pub fn requeued(requeued: &Requeued) -> Reply {
    let scheduled = requeued.scheduled.as_slice();
    ok(&RequeuedView {
        status: Yes::Ok,
        result: "requeued",
        matched: requeued.matched,
        requeued: scheduled.len(),
        entries: scheduled.len(),
        id: match scheduled {
            [one] => Some(one.id.to_string()),
            _ => None,
        },
        dead: requeued.left,
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
