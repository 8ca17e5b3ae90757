//! Requests of operators, each kind in a file of its own, and the whole description of the interface.

mod outbox;
mod overview;
mod trace;

use super::{Answer, App, Context, refuse_failed};
use crate::audit::Record;
use crate::credentials::bearer;
use crate::http::Refusal;
use crate::http::message::Headers;
use crate::operations::OperatorRequest;
use crate::ports::{Host, StoreError};

/// Why an operator's request was not done.
#[derive(Debug, thiserror::Error)]
enum OperateError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be done.
    #[error("refused: {}", .0.code())]
    Refused(Refusal),
}

impl From<Refusal> for OperateError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl OperateError {
    fn refusal(self, record: &mut Record) -> Refusal {
        match self {
            Self::Store(error) => refuse_failed(&error.into(), "id", record),
            Self::Refused(refusal) => refusal,
        }
    }
}

impl<H: Host> App<H> {
    /// The description of the interface. Operators, who prove that they are some, get all of it; others
    /// need no credential, and one that is meant for a proxy in front is none of ours.
    pub(super) async fn document(
        &self,
        headers: Headers,
        context: &mut Context,
    ) -> Result<Answer, Refusal> {
        let is_bearer = |value| bearer(value).is_some();
        let has_bearer = headers.all("authorization").any(is_bearer);
        let operators = self.routes.admin().filter(|_| has_bearer);
        if let Some(policy) = operators {
            context.record.source = Some("admin");
            let received = self.without_body(headers);
            self.verify(policy, received, context).await?;
        }
        Ok((
            "documented",
            self.interface.document(&self.config, operators.is_some()),
        ))
    }

    pub(super) async fn operate(
        &self,
        request: Result<OperatorRequest, Refusal>,
        headers: Headers,
        context: &mut Context,
    ) -> Result<Answer, Refusal> {
        context.record.source = Some("admin");
        let policy = self.routes.admin().ok_or(Refusal::Misconfigured)?;
        let received = self.without_body(headers);
        self.verify(policy, received, context).await?;
        // Only operators learn what is wrong with a request.
        let request = request?;
        let record = &mut context.record;
        record.entry = request.entry().map(|id| id.to_string());
        let answered = match request {
            OperatorRequest::Outbox(request) => self.operate_outbox(request).await,
            OperatorRequest::Trace(id) => self.trace(&id, record).await,
            OperatorRequest::Overdue(minutes) => self.overdue(minutes, record).await,
            OperatorRequest::Refusals(limit) => self.refusals(limit).await,
            OperatorRequest::Overview => self.overview().await,
            OperatorRequest::Metrics => self.metrics().await,
        };
        answered.map_err(|error| error.refusal(record))
    }
}
