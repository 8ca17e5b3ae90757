//! Method, path and query → what an operator asks for. A further endpoint is a variant here, and its arm in
//! `app/operate`.

use super::outbox::{self, OutboxRequest};
use super::query::only_read;
use super::{overdue, refusals, trace};
use crate::delivery::DeploymentId;
use crate::delivery::outbox::EntryId;
use crate::http::Refusal;

/// A request of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperatorRequest {
    /// Below `/admin/outbox`.
    Outbox(OutboxRequest),
    /// `GET /admin/trace/<deploymentId>`
    Trace(DeploymentId),
    /// `GET /admin/overdue?minutes=`; `None`: as the setting says.
    Overdue(Option<usize>),
    /// `GET /admin/refusals?limit=`
    Refusals(usize),
    /// `GET /admin/overview`
    Overview,
    /// `GET /metrics`
    Metrics,
}

impl OperatorRequest {
    /// The entry that it is about, if it is about one.
    pub fn entry(&self) -> Option<EntryId> {
        match self {
            Self::Outbox(request) => request.id(),
            Self::Overview | Self::Metrics => None,
            Self::Trace(_) | Self::Overdue(_) | Self::Refusals(_) => None,
        }
    }
}

/// What is requested; `None` where the path is none of the operators'.
pub fn request(method: &str, path: &str, query: &str) -> Option<Result<OperatorRequest, Refusal>> {
    if let Some(request) = outbox::request(method, path, query) {
        return Some(request.map(OperatorRequest::Outbox));
    }
    if let Some(request) = trace::request(method, path) {
        return Some(request.map(OperatorRequest::Trace));
    }
    let read = match path {
        "/admin/overview" => Ok(OperatorRequest::Overview),
        "/metrics" => Ok(OperatorRequest::Metrics),
        "/admin/overdue" => overdue::request(query).map(OperatorRequest::Overdue),
        "/admin/refusals" => refusals::request(query).map(OperatorRequest::Refusals),
        _ => return None,
    };
    Some(only_read(method, read))
}
