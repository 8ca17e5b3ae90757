//! `GET /admin/trace/<deploymentId>`: all that is known of one deployment, and what it means.

mod findings;
mod verdict;

use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::outbox::{EntryView, view};
use super::query::{only_read, wrong};
use super::refusals::{RefusalView, views};
use crate::delivery::{DeploymentId, Row};
use crate::http::message::StatusCode;
use crate::http::{Refusal, Reply, Yes};
use verdict::Evidence;

pub use findings::{Findings, RowState};

/// Where it is, below the root path.
const TRACE: &str = "/admin/trace/";

/// `GET /admin/trace/<deploymentId>`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Trace<'a> {
    status: Yes,
    deployment_id: &'a str,
    /// By the database's column names.
    row: Option<&'a Row>,
    row_state: &'static str,
    outbox: Vec<EntryView<'a>>,
    /// Newest first.
    refusals: Vec<RefusalView<'a>>,
    verdict: String,
}

/// The deployment that is requested.
pub fn request(method: &str, path: &str) -> Option<Result<DeploymentId, Refusal>> {
    let id = path.strip_prefix(TRACE)?;
    if id.is_empty() || id.contains('/') {
        return None;
    }
    let decoded = percent_decode_str(id).decode_utf8().ok();
    let id = decoded.and_then(|id| DeploymentId::new(id).ok());
    let what = "debe tener de 1 a 50 caracteres, y no solo espacios";
    let id = id.ok_or_else(|| wrong("deploymentId", what.to_owned()));
    Some(only_read(method, id))
}

/// All of it.
pub fn trace(deployment_id: &DeploymentId, findings: &Findings) -> Reply {
    let id = deployment_id.as_str();
    let mut refusals = views(&findings.refusals);
    // SAM's database takes no notice of case.
    refusals.retain(|it| {
        it.deployment_id
            .is_some_and(|it| it.eq_ignore_ascii_case(id))
    });
    let evidence = Evidence::of(findings, refusals.first());
    let body = Trace {
        status: Yes::Ok,
        deployment_id: id,
        verdict: evidence.verdict(),
        row: match &findings.row {
            RowState::Found { row, .. } => Some(&row.row),
            _ => None,
        },
        row_state: match findings.row {
            RowState::Found { .. } => "found",
            RowState::Absent => "absent",
            RowState::Unreadable | RowState::NotOffered => "unreadable",
        },
        outbox: findings.entries.iter().map(view).collect(),
        refusals,
    };
    Reply::json(StatusCode::OK, &body).uncached()
}

#[cfg(test)]
mod tests;
