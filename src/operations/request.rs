//! Method, path and query → what an operator asks for. A further endpoint is a variant here, and its arm in
//! `app/operate`.

use std::time::Duration;

use super::collect;
use super::outbox::{self, OutboxRequest};
use crate::delivery::outbox::EntryId;
use crate::http::Refusal;

/// A request of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperatorRequest {
    /// Below `/admin/outbox`.
    Outbox(OutboxRequest),
    /// `POST /admin/collect?seconds=`
    Collect(Duration),
}

impl OperatorRequest {
    /// The entry that it is about, if it is about one.
    pub fn entry(&self) -> Option<EntryId> {
        match self {
            Self::Outbox(request) => request.id(),
            Self::Collect(_) => None,
        }
    }
}

/// What is requested; `None` where the path is none of the operators'.
pub fn request(method: &str, path: &str, query: &str) -> Option<Result<OperatorRequest, Refusal>> {
    if let Some(collect) = collect::request(method, path, query) {
        return Some(collect.map(OperatorRequest::Collect));
    }
    let outbox = outbox::request(method, path, query)?;
    Some(outbox.map(OperatorRequest::Outbox))
}
