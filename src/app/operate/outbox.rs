//! What operators do with the outbox.

use super::{Answer, App, OperateError};
use crate::delivery::outbox::{AttemptOutcome, DrainSummary, EntryId, Location};
use crate::http::Refusal;
use crate::operations::outbox::{self as replies, OutboxRequest};
use crate::ports::Host;

impl<H: Host> App<H> {
    pub(super) async fn operate_outbox(
        &self,
        request: OutboxRequest,
    ) -> Result<Answer, OperateError> {
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
            OutboxRequest::Drain { .. } if self.is_mailbox() => {
                let waiting = outbox.stats(host).await?.waiting;
                let drained = DrainSummary {
                    waiting,
                    ..DrainSummary::default()
                };
                ("drained", replies::drained(drained))
            }
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
        if data_api.is_mailbox() {
            return Err(Refusal::OnlyCollected.into());
        }
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
