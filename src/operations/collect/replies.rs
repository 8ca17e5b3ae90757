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
    /// Entries that left the mailbox.
    collected: usize,
    /// Rows that have their change, or were final.
    delivered: usize,
    /// Entries in this instance's outbox.
    kept: usize,
    /// Entries that stay in the mailbox.
    failed: usize,
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
    collected: usize,
    delivered: usize,
    kept: usize,
    failed: usize,
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
    let CollectSummary {
        delivered,
        kept,
        failed,
    } = summary;
    let body = Collected {
        status: Yes::Ok,
        result,
        collected: delivered + kept,
        delivered,
        kept,
        failed,
    };
    Reply::json(StatusCode::OK, &body).uncached()
}

/// What was collected before the mailbox could not be asked any more.
pub fn failed(error: &CollectError, summary: CollectSummary, request_id: &str) -> Reply {
    let CollectSummary {
        delivered,
        kept,
        failed,
    } = summary;
    let body = CollectFailed {
        status: No::Error,
        code: error.code(),
        message: error.message(),
        request_id,
        collected: delivered + kept,
        delivered,
        kept,
        failed,
    };
    let reply = Reply::json(StatusCode::SERVICE_UNAVAILABLE, &body);
    reply.uncached().retry_later()
}
