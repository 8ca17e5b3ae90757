//! Replies of `GET /admin/refusals`.

use serde::Serialize;

use super::record::RefusalRecord;
use crate::http::message::StatusCode;
use crate::http::{Reply, Yes};
use crate::instance::unix_time::{LATEST, rfc3339};
use crate::sorting::sort_by_key;

/// How many bits the place of a line has: 256 records with 17 lines at most.
const PLACES: u32 = 16;

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
    let lines: Vec<_> = records.iter().flat_map(lines).collect();
    // By numbers, which are sorted elsewhere too: the time, and behind it the place. There are some thousand
    // lines at most.
    let places = lines.iter().enumerate();
    let mut order: Vec<_> = places
        .map(|(place, line)| (line.last.min(LATEST) << PLACES) | place as u64)
        .collect();
    sort_by_key(&mut order, |number| *number);
    let newest_first = order.into_iter().rev();
    let place = |number: u64| (number & ((1 << PLACES) - 1)) as usize;
    newest_first
        .map(|number| lines[place(number)].view())
        .collect()
}

/// What is listed of a record, as one line.
#[derive(Clone, Copy)]
struct Line<'a> {
    record: &'a RefusalRecord,
    deployment_id: Option<&'a str>,
    last: u64,
    count: u64,
}

fn lines(record: &RefusalRecord) -> impl Iterator<Item = Line<'_>> {
    let line = move |last, deployment_id, count| Line {
        record,
        deployment_id,
        last,
        count,
    };
    let named = record.mentions.iter();
    let named = named.map(move |it| line(it.last, Some(it.id.as_str()), it.count));
    let others = line(record.last, None, record.unnamed());
    named.chain([others]).filter(|line| line.count > 0)
}

impl<'a> Line<'a> {
    fn view(&self) -> RefusalView<'a> {
        let record = self.record;
        RefusalView {
            time: rfc3339(self.last.min(LATEST)),
            client: &record.client,
            source: record.source.as_deref(),
            status: record.status,
            code: &record.code,
            rejected: record.rejected.as_deref(),
            deployment_id: self.deployment_id,
            verified: record.verified,
            count: self.count,
        }
    }
}
