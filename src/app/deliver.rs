//! Verified → delivered: the data API, and the outbox for what it does not accept.

use super::follow_up::OutboxTask;
use super::{App, Context, refuse_failed};
use crate::audit::Record;
use crate::credentials::Verified;
use crate::delivery::outbox::{EntryId, Location, Origin, QueueReason};
use crate::delivery::{Change, DeliveryError, Effort, Outcome};
use crate::http::{Disposition, Refusal};
use crate::ports::Host;

impl<H: Host> App<H> {
    /// Gives what became of the change, and its entry where it is in the outbox.
    pub(super) async fn deliver(
        &self,
        _: &Verified,
        change: Change,
        key_field: &'static str,
        context: &mut Context,
    ) -> Result<(Disposition, Option<EntryId>), Refusal> {
        let applied = self
            .data_api()?
            .apply(&self.host, &change, Effort::Whole)
            .await;
        self.outbox.note_result(&self.host, &applied.result);
        let record = &mut context.record;
        record.retried = applied.retried.map(|error| error.to_string());
        let doubtful = applied.doubtful.map(DeliveryError::from);
        record.failure = doubtful.map(|error| error.to_string());
        let reason = match applied.result {
            Ok(Outcome::Updated) => return Ok((Disposition::Updated, None)),
            Ok(Outcome::AlreadyFinal) => return Ok((Disposition::AlreadyFinal, None)),
            Ok(Outcome::NotFound) => QueueReason::NoRow,
            Err(error) => match refuse_failed(&error, key_field, record) {
                Refusal::Unavailable => QueueReason::Failed(error),
                refusal => return Err(refusal),
            },
        };
        self.queue(change, reason, context).await
    }

    /// Stores a change that the data API did not accept. Nothing is acknowledged before it is stored.
    async fn queue(
        &self,
        change: Change,
        reason: QueueReason,
        context: &mut Context,
    ) -> Result<(Disposition, Option<EntryId>), Refusal> {
        let Context {
            record, follow_up, ..
        } = context;
        let origin = origin(record);
        let queued = self.outbox.enqueue(&self.host, change, origin, &reason);
        let queued = match queued.await {
            Ok(queued) => queued,
            Err(error) => {
                let error = DeliveryError::from(error).to_string();
                record.failure = Some(match record.failure.take() {
                    Some(first) => format!("{first}; then {error}"),
                    None => error,
                });
                return Err(match reason {
                    QueueReason::NoRow => Refusal::NoRowYet,
                    QueueReason::Failed(_) => Refusal::Unavailable,
                });
            }
        };
        let id = queued.location.id();
        record.entry = Some(id.to_string());
        self.log_undelivered(queued.announced);
        let disposition = match queued.location {
            Location::Waiting(_) => Disposition::Queued,
            Location::Dead(_) => Disposition::DeadLetter,
        };
        follow_up.shares_availability = self.outbox.availability.knows_of_trouble();
        if reason == QueueReason::NoRow && disposition == Disposition::Queued {
            follow_up.outbox = OutboxTask::DeliverSoon;
        }
        Ok((disposition, Some(id)))
    }
}

/// Where the request's change comes from.
pub(super) fn origin(record: &Record) -> Origin<'_> {
    Origin {
        source: record.source.unwrap_or_default(),
        request_id: &record.request_id,
    }
}
