//! What operators ask of the outbox, behind their own door.

use super::{Answer, App, failed};
use crate::audit::Record;
use crate::credentials::bearer;
use crate::delivery::outbox::{Attempted, Id};
use crate::http::Refusal;
use crate::http::message::Headers;
use crate::operations::outbox::{self as admin, Call};
use crate::ports::{Host, StoreError};

impl<H: Host> App<H> {
    /// What there is, of which operators are shown all. They show that they are some; others need not
    /// show anything, and what a proxy in front has let them in with is none of ours.
    pub(super) async fn document(
        &self,
        headers: Headers,
        record: &mut Record,
    ) -> Result<Answer, Refusal> {
        let is_bearer = |value| bearer(value).is_some();
        let shown = headers.all("authorization").any(is_bearer);
        let operators = self.routes.admin().filter(|_| shown);
        if let Some(policy) = operators {
            record.source = Some("admin");
            self.verify(policy, self.bodiless(headers), record).await?;
        }
        Ok((
            "documented",
            self.interface.document(&self.config, operators.is_some()),
        ))
    }

    pub(super) async fn admin(
        &self,
        call: Result<Call, Refusal>,
        headers: Headers,
        record: &mut Record,
    ) -> Result<Answer, Refusal> {
        record.source = Some("admin");
        let policy = self.routes.admin().ok_or(Refusal::Misconfigured)?;
        self.verify(policy, self.bodiless(headers), record).await?;
        // What is wrong with the call is told only to those who were let in.
        let call = call?;
        record.entry = call.id().map(|id| id.to_string());
        let answered = self.operate(call).await;
        answered.map_err(|error| failed(&error.into(), "id", record))?
    }

    /// What an operator who was let in asks of the outbox.
    async fn operate(&self, call: Call) -> Result<Result<Answer, Refusal>, StoreError> {
        let (host, outbox) = (&self.host, &self.outbox);
        Ok(match call {
            Call::List {
                state,
                limit,
                before,
            } => {
                let page = outbox.page(host, state, before, limit).await?;
                Ok(("listed", admin::page(&page)))
            }
            Call::Stats => Ok(("counted", admin::stats(outbox.stats(host).await?))),
            Call::Show(id) => match outbox.find(host, id).await? {
                Some(found) => Ok(("shown", admin::entry(id, &found))),
                None => Err(Refusal::NoSuchEntry),
            },
            Call::Remove(id) => match outbox.remove(host, id).await? {
                true => Ok(("removed", admin::removed())),
                false => Err(Refusal::NoSuchEntry),
            },
            Call::Requeue(id) => match outbox.requeue(host, id).await? {
                Some(place) => Ok(("requeued", admin::requeued(&[place], 0))),
                None => Err(Refusal::NoSuchEntry),
            },
            Call::RequeueAll => {
                let (places, left) = outbox.requeue_all(host).await?;
                Ok(("requeued", admin::requeued(&places, left)))
            }
            Call::Retry(id) => self.retry(id).await?,
            Call::Drain { all } => match self.data_api() {
                Ok(data_api) => {
                    let drained = outbox.drain(host, data_api, self.heard(), all).await?;
                    Ok(("drained", admin::drained(drained)))
                }
                Err(refusal) => Err(refusal),
            },
        })
    }

    /// Tries an entry now, a dead letter too.
    async fn retry(&self, id: Id) -> Result<Result<Answer, Refusal>, StoreError> {
        let (host, outbox) = (&self.host, &self.outbox);
        let data_api = match self.data_api() {
            Ok(data_api) => data_api,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let place = match outbox.find(host, id).await? {
            Some(found) => match found.place {
                Some(place) => Some(place),
                None => outbox.requeue(host, id).await?,
            },
            None => None,
        };
        let Some(place) = place else {
            return Ok(Err(Refusal::NoSuchEntry));
        };
        let attempt = outbox.attempt(host, data_api, place, true).await?;
        self.heard()(place.id, attempt.attempted, attempt.entry.as_ref());
        Ok(match attempt.attempted {
            Attempted::Gone => Err(Refusal::NoSuchEntry),
            attempted => Ok(("retried", admin::attempted(place.id, attempted))),
        })
    }
}
