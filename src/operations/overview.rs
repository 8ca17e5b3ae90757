//! `GET /admin/overview`: whether something is wrong, in one reply.

use serde::Serialize;

use super::health::{KeysCheck, KeysDetail, MailboxState, VERSION, settings};
use super::refusals::{RefusalRecord, RefusalView, views};
use crate::config::Problem;
use crate::delivery::outbox::{CauseCount, DataApiStatus, OutboxCounts, Sample};
use crate::http::Reply;
use crate::http::message::StatusCode;
use crate::instance::unix_time::rfc3339;

/// The outbox as it was counted, for all who ask for a while.
#[derive(Debug, Clone)]
pub struct CountedOutbox {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// How much there is, and why.
    pub counts: OutboxCounts,
    /// How much there was in the last 24 hours, the oldest first.
    pub depth: Vec<Sample>,
}

/// What is known of the data API.
#[derive(Debug, Clone)]
pub struct CheckedDataApi {
    /// What it is like, and since when.
    pub status: DataApiStatus,
    /// When it was probed, in milliseconds since 1970; `None`: a setting is wrong that says which it is.
    pub at: Option<u64>,
}

/// All that the overview is made of. Times are milliseconds since 1970.
#[derive(Debug)]
pub struct Findings<'a> {
    /// Now.
    pub time: u64,
    /// What is wrong with the settings.
    pub problems: &'a [Problem],
    /// Rows are in the service's own store, so that SAM gets nothing.
    pub embedded: bool,
    /// What is known of the data API.
    pub data_api: CheckedDataApi,
    /// The outbox.
    pub outbox: CountedOutbox,
    /// When the last callback was accepted, as far as this instance knows.
    pub last_callback: Option<u64>,
    /// The last refusals.
    pub refusals: Vec<RefusalRecord>,
    /// Rows that are active too long without a callback; `None`: not known.
    pub overdue: Option<usize>,
    /// The keys that the JWT's signer publishes, where they are asked for.
    pub keys: Option<KeysCheck>,
    /// Where this is a mailbox: when somebody came last to collect, if anybody did.
    pub collected: Option<Option<u64>>,
    /// The mailbox that this instance collects from.
    pub collects_from: MailboxState,
}

/// `GET /admin/overview`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Overview<'a> {
    version: &'static str,
    time: String,
    settings: &'static str,
    problems: Vec<WrongSetting<'a>>,
    embedded: bool,
    data_api: DataApiView<'a>,
    outbox: OutboxView,
    depth: Vec<SampleView>,
    last_callback: Option<String>,
    /// Newest first.
    refusals: Vec<RefusalView<'a>>,
    overdue: Option<OverdueView>,
    /// Only with `jwt_jwks_origin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<KeysView>,
    /// Only with `data_api=mailbox`.
    #[serde(skip_serializing_if = "Option::is_none")]
    mailbox: Option<CollectedView>,
    /// Only with `collect_origin`: the word of its check in readiness.
    #[serde(skip_serializing_if = "Option::is_none")]
    collects_from: Option<&'static str>,
}

/// The keys that the JWT's signer publishes.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "PublishedKeys"))]
pub struct KeysView {
    state: &'static str,
    #[serde(flatten)]
    detail: KeysDetail,
}

/// A mailbox, as its collectors left it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "MailboxStatus"))]
pub struct CollectedView {
    last_collected: Option<String>,
}

/// A setting that cannot be used.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WrongSetting<'a> {
    setting: &'static str,
    /// Why, without its value.
    problem: &'a str,
}

/// What is known of the data API.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "DataApi"))]
pub struct DataApiView<'a> {
    state: &'static str,
    since: Option<String>,
    failure: Option<&'a str>,
    /// When it was probed.
    checked: Option<String>,
}

/// How much is in the outbox.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "OutboxCounts"))]
pub struct OutboxView {
    waiting: usize,
    dead: usize,
    oldest_seconds: Option<u64>,
    causes: Vec<CauseView>,
    /// When it was counted.
    counted: String,
}

/// Rows whose next entry is in this state for this cause.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "CauseCount"))]
pub struct CauseView {
    cause: &'static str,
    state: &'static str,
    count: usize,
}

/// How full the outbox was in five minutes of the last 24 hours.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "DepthSample"))]
pub struct SampleView {
    time: String,
    waiting: usize,
    dead: usize,
    /// There were at least so many.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    at_least: bool,
}

/// Rows that are active too long without a callback.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "OverdueCount"))]
pub struct OverdueView {
    count: usize,
}

/// The overview.
pub fn overview(found: &Findings<'_>) -> Reply {
    let problems = found.problems.iter().map(|problem| WrongSetting {
        setting: problem.setting,
        problem: &problem.what,
    });
    let status = &found.data_api.status;
    let body = Overview {
        version: VERSION,
        time: rfc3339(found.time),
        settings: settings(found.problems),
        problems: problems.collect(),
        embedded: found.embedded,
        data_api: DataApiView {
            state: status.state.name(),
            since: status.since.map(rfc3339),
            failure: status.failure.as_deref(),
            checked: found.data_api.at.map(rfc3339),
        },
        outbox: outbox(&found.outbox),
        depth: found.outbox.depth.iter().map(sample).collect(),
        last_callback: found.last_callback.map(rfc3339),
        refusals: views(&found.refusals),
        overdue: found.overdue.map(|count| OverdueView { count }),
        keys: found.keys.as_ref().map(|keys| KeysView {
            state: keys.name(),
            detail: keys.detail(),
        }),
        mailbox: found.collected.map(|collected| CollectedView {
            last_collected: collected.map(rfc3339),
        }),
        collects_from: found.collects_from.name(),
    };
    Reply::json(StatusCode::OK, &body).uncached()
}

fn outbox(counted: &CountedOutbox) -> OutboxView {
    let OutboxCounts { stats, causes, .. } = &counted.counts;
    let cause = |one: &CauseCount| CauseView {
        cause: one.cause.code(),
        state: one.state.name(),
        count: one.count,
    };
    OutboxView {
        waiting: stats.waiting,
        dead: stats.dead,
        oldest_seconds: stats.oldest_seconds,
        causes: causes.iter().map(cause).collect(),
        counted: rfc3339(counted.at),
    }
}

fn sample(sample: &Sample) -> SampleView {
    SampleView {
        time: rfc3339(sample.time),
        waiting: sample.waiting,
        dead: sample.dead,
        at_least: sample.is_least,
    }
}
