//! Method, path and query → what an operator asks for. A further endpoint is a variant here, and its arm in
//! `app/operate`.

use super::outbox::{self, OutboxRequest};
use crate::delivery::outbox::EntryId;
use crate::http::Refusal;

/// A request of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperatorRequest {
    /// Below `/admin/outbox`.
    Outbox(OutboxRequest),
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
        }
    }
}

/// What is requested; `None` where the path is none of the operators'.
pub fn request(method: &str, path: &str, query: &str) -> Option<Result<OperatorRequest, Refusal>> {
    let read = |requested| match method {
        "GET" => Ok(requested),
        _ => Err(Refusal::MethodNotAllowed("GET, HEAD")),
    };
    match path {
        "/admin/overview" => Some(read(OperatorRequest::Overview)),
        "/metrics" => Some(read(OperatorRequest::Metrics)),
        _ => {
            let outbox = outbox::request(method, path, query)?;
            Some(outbox.map(OperatorRequest::Outbox))
        }
    }
}
