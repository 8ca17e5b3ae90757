//! Replies of `GET /admin/refusals`.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::record::RefusalRecord;
use crate::http::message::StatusCode;
use crate::http::{Reply, Yes};

/// `GET /admin/refusals`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Refusals<'a> {
    status: Yes,
    /// Newest first.
    refusals: Vec<RefusalView<'a>>,
}

/// Refused requests of one client, for one reason and of one deployment.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "RefusedRequest"))]
pub struct RefusalView<'a> {
    /// When the last one came.
    pub time: String,
    client: &'a str,
    /// The source whose endpoint was called; null where the path has none.
    source: Option<&'a str>,
    /// The status of the reply.
    pub status: u16,
    /// Why, as the log names it.
    pub code: &'a str,
    /// The credentials that were wrong, and why.
    pub rejected: Option<&'a str>,
    /// The deployment that the body named.
    pub deployment_id: Option<&'a str>,
    /// Whether a valid credential came with them.
    pub verified: bool,
    /// How many requests this stands for, at least.
    count: u64,
}

/// At most `limit` of them, newest first.
pub fn refusals(records: &[RefusalRecord], limit: usize) -> Reply {
    let mut refusals = views(records);
    refusals.truncate(limit);
    let body = Refusals {
        status: Yes::Ok,
        refusals,
    };
    Reply::json(StatusCode::OK, &body).uncached()
}

/// Each record as one line for each deployment that it names, and one for all others; newest first.
pub fn views(records: &[RefusalRecord]) -> Vec<RefusalView<'_>> {
    let mut lines: Vec<_> = records.iter().flat_map(lines).collect();
    lines.sort_by_key(|(last, _)| std::cmp::Reverse(*last));
    lines.into_iter().map(|(_, view)| view).collect()
}

fn lines(record: &RefusalRecord) -> impl Iterator<Item = (u64, RefusalView<'_>)> {
    let named = record.mentions.iter();
    let named = named.map(|it| (it.last, Some(it.id.as_str()), it.count));
    let others = (record.last, None, record.unnamed());
    let all = named.chain([others]).filter(|(_, _, count)| *count > 0);
    all.map(|(last, deployment_id, count)| {
        let view = RefusalView {
            time: time(last),
            client: &record.client,
            source: record.source.as_deref(),
            status: record.status,
            code: &record.code,
            rejected: record.rejected.as_deref(),
            deployment_id,
            verified: record.verified,
            count,
        };
        (last, view)
    })
}

fn time(milliseconds: u64) -> String {
    // What an instance wrote, but a store may hold anything.
    let since = Duration::from_millis(milliseconds.min((1 << 45) - 1));
    humantime::format_rfc3339_millis(SystemTime::UNIX_EPOCH + since).to_string()
}
