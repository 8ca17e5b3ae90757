//! Replies of `/admin/collect`.

use serde::Serialize;

use super::CollectSummary;
use super::error::CollectError;
use crate::http::message::StatusCode;
use crate::http::{No, Reply, Yes};

/// `POST /admin/collect`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Collected {
    status: Yes,
    result: &'static str,
    #[serde(flatten)]
    counts: Counts,
}

/// The same, where it ended because the mailbox could not be asked.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CollectFailed<'a> {
    status: No,
    code: &'static str,
    message: &'static str,
    request_id: &'a str,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Counts {
    /// Entries that left the mailbox.
    collected: usize,
    /// Rows that have their change, or were final.
    delivered: usize,
    /// Entries in this instance's outbox.
    kept: usize,
    /// Entries that stay in the mailbox.
    failed: usize,
}

impl From<CollectSummary> for Counts {
    fn from(summary: CollectSummary) -> Self {
        let CollectSummary {
            delivered,
            kept,
            failed,
        } = summary;
        Self {
            collected: delivered + kept,
            delivered,
            kept,
            failed,
        }
    }
}

/// What was collected.
pub fn collected(summary: CollectSummary) -> Reply {
    reply("collected", summary)
}

/// Another request of this instance is collecting.
pub fn already_collecting() -> Reply {
    reply("already_collecting", CollectSummary::default())
}

fn reply(result: &'static str, summary: CollectSummary) -> Reply {
    let body = Collected {
        status: Yes::Ok,
        result,
        counts: summary.into(),
    };
    Reply::json(StatusCode::OK, &body).uncached()
}

/// What was collected before the mailbox could not be asked any more.
pub fn failed(error: &CollectError, summary: CollectSummary, request_id: &str) -> Reply {
    let body = CollectFailed {
        status: No::Error,
        code: error.code(),
        message: error.message(),
        request_id,
        counts: summary.into(),
    };
    let reply = Reply::json(StatusCode::SERVICE_UNAVAILABLE, &body);
    reply.uncached().retry_later()
}
