//! What operators do with the outbox.

use super::{Answer, App, OperateError};
use crate::delivery::outbox::{AttemptOutcome, EntryId, Location};
use crate::http::Refusal;
use crate::operations::outbox::{self as replies, OutboxRequest};
use crate::ports::Host;

impl<H: Host> App<H> {
    pub(super) async fn operate_outbox(
        &self,
        request: OutboxRequest,
    ) -> Result<Answer, OperateError> {
        let changes = request.changes_outbox();
        let answered = self.answer_outbox(request).await;
        if changes {
            // Also where it failed: a part may have been done.
            self.counted.forget(|_| true);
        }
        answered
    }

    async fn answer_outbox(&self, request: OutboxRequest) -> Result<Answer, OperateError> {
        let (host, outbox) = (&self.host, &self.outbox);
        Ok(match request {
            OutboxRequest::List {
                state,
                filter,
                limit,
                before,
            } => {
                let page = outbox.page(host, state, &filter, before, limit).await?;
                ("listed", replies::page(&page))
            }
            OutboxRequest::Stats => {
                let counts = outbox.counts(host, usize::MAX).await?;
                self.log_unshared(outbox.note_depth(host, &counts).await);
                ("counted", replies::stats(counts.stats))
            }
            OutboxRequest::Show(id) => {
                let found = outbox.find(host, id).await?.ok_or(Refusal::NoSuchEntry)?;
                ("shown", replies::entry(&found))
            }
            OutboxRequest::Remove(id) => match outbox.remove(host, id).await? {
                true => ("removed", replies::removed()),
                false => return Err(Refusal::NoSuchEntry.into()),
            },
            OutboxRequest::Requeue(id) => {
                let requeued = outbox.requeue(host, id).await?;
                let requeued = requeued.ok_or(Refusal::NoSuchEntry)?;
                ("requeued", replies::requeued_one(requeued))
            }
            OutboxRequest::RequeueAll { filter, dry_run } => {
                let requeued = outbox.requeue_all(host, &filter, dry_run).await?;
                let outcome = if dry_run { "counted" } else { "requeued" };
                (outcome, replies::requeued(&requeued))
            }
            OutboxRequest::Retry(id) => self.retry(id).await?,
            OutboxRequest::Drain { all } => self.drain(all).await?,
        })
    }

    /// Delivers what waits until nothing more can be done.
    async fn drain(&self, all: bool) -> Result<Answer, OperateError> {
        let (host, outbox) = (&self.host, &self.outbox);
        let data_api = self.data_api()?;
        let drained = outbox.drain(host, data_api, self.log_attempts(), all).await;
        self.log_unshared(outbox.availability.share(host).await);
        Ok(("drained", replies::drained(drained?)))
    }

    /// Tries an entry now, a dead letter too.
    async fn retry(&self, id: EntryId) -> Result<Answer, OperateError> {
        let (host, outbox) = (&self.host, &self.outbox);
        let data_api = self.data_api()?;
        let found = outbox.find(host, id).await?.ok_or(Refusal::NoSuchEntry)?;
        let scheduled = match found.location {
            Location::Waiting(scheduled) => scheduled,
            Location::Dead(dead) => {
                let requeued = outbox.requeue(host, dead.id).await?;
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
