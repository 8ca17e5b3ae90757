//! Requests of operators: the outbox, and the whole description of the interface.

use super::{Answer, App, Context, refuse_failed};
use crate::audit::Record;
use crate::credentials::bearer;
use crate::delivery::outbox::{AttemptOutcome, EntryId, Location};
use crate::http::Refusal;
use crate::http::message::Headers;
use crate::operations::outbox::{self as replies, OutboxRequest};
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
        request: Result<OutboxRequest, Refusal>,
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
        record.entry = request.id().map(|id| id.to_string());
        let answered = self.operate_outbox(request).await;
        answered.map_err(|error| error.refusal(record))
    }

    async fn operate_outbox(&self, request: OutboxRequest) -> Result<Answer, OperateError> {
        let (host, outbox) = (&self.host, &self.outbox);
        Ok(match request {
            OutboxRequest::List {
                state,
                limit,
                before,
            } => {
                let page = outbox.page(host, state, before, limit).await?;
                ("listed", replies::page(&page))
            }
            OutboxRequest::Stats => ("counted", replies::stats(outbox.stats(host).await?)),
            OutboxRequest::Show(id) => {
                let found = outbox.find(host, id).await?.ok_or(Refusal::NoSuchEntry)?;
                ("shown", replies::entry(&found))
            }
            OutboxRequest::Remove(id) => match outbox.remove(host, id).await? {
                true => ("removed", replies::removed()),
                false => return Err(Refusal::NoSuchEntry.into()),
            },
            OutboxRequest::Requeue(id) => {
                let requeued = outbox
                    .requeue(host, id)
                    .await?
                    .ok_or(Refusal::NoSuchEntry)?;
                ("requeued", replies::requeued(&[requeued], 0))
            }
            OutboxRequest::RequeueAll => {
                let (requeued, left) = outbox.requeue_all(host).await?;
                ("requeued", replies::requeued(&requeued, left))
            }
            OutboxRequest::Retry(id) => self.retry(id).await?,
            OutboxRequest::Drain { all } => {
                let data_api = self.data_api()?;
                let drained = outbox
                    .drain(host, data_api, self.log_attempts(), all)
                    .await?;
                ("drained", replies::drained(drained))
            }
        })
    }

    /// Tries an entry now, a dead letter too.
    async fn retry(&self, id: EntryId) -> Result<Answer, OperateError> {
        let (host, outbox) = (&self.host, &self.outbox);
        let data_api = self.data_api()?;
        let found = outbox.find(host, id).await?.ok_or(Refusal::NoSuchEntry)?;
        let scheduled = match found.location {
            Location::Waiting(scheduled) => scheduled,
            Location::Dead(id) => {
                let requeued = outbox.requeue(host, id).await?;
                requeued.ok_or(Refusal::NoSuchEntry)?
            }
        };
        let attempt = outbox.attempt(host, data_api, scheduled, true).await?;
        self.log_attempts()(scheduled.id, attempt.outcome, attempt.entry.as_ref());
        match attempt.outcome {
            AttemptOutcome::Gone => Err(Refusal::NoSuchEntry.into()),
            outcome => Ok(("retried", replies::attempted(scheduled.id, outcome))),
        }
    }
}
