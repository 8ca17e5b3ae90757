//! What operators ask of the outbox, behind their own door.

use ::http::HeaderMap;
use bytes::Bytes;

use super::{Answer, App, failed};
use crate::admin::{self, Call};
use crate::audit::Record;
use crate::delivery::outbox::{Attempted, State};
use crate::http::Refusal;
use crate::ports::{Host, StoreError};

impl<H: Host> App<H> {
    pub(super) async fn admin(
        &self,
        call: Call,
        headers: HeaderMap,
        record: &mut Record,
    ) -> Result<Answer, Refusal> {
        record.source = Some("admin");
        let policy = self.routes.admin()?;
        self.verify(policy, headers, Bytes::new(), record).await?;
        let answered = self.operate(call).await;
        answered.map_err(|error| failed(error.into(), record))?
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
                Ok(("listed", admin::page(&page, state)))
            }
            Call::Stats => Ok(("counted", admin::stats(outbox.stats(host).await?))),
            Call::Show(id) => match outbox.find(host, id).await? {
                Some((state, entry)) => Ok(("shown", admin::entry(id, state, entry.as_ref()))),
                None => Err(Refusal::NoSuchEntry),
            },
            Call::Remove(id) => match outbox.remove(host, id).await? {
                true => Ok(("removed", admin::removed())),
                false => Err(Refusal::NoSuchEntry),
            },
            Call::Requeue(id) => match outbox.requeue(host, id).await? {
                Some(renamed) => Ok(("requeued", admin::requeued(&[renamed]))),
                None => Err(Refusal::NoSuchEntry),
            },
            Call::RequeueAll => {
                let mut renamed = Vec::new();
                for id in outbox.next_of_rows(host, State::Dead).await? {
                    renamed.extend(outbox.requeue(host, id).await?);
                }
                Ok(("requeued", admin::requeued(&renamed)))
            }
            Call::Retry(id) => match self.data_api() {
                Ok(data_api) => {
                    let (attempted, entry) = outbox.attempt(host, data_api, id, true).await?;
                    self.heard()(id, attempted, entry.as_ref());
                    match attempted {
                        Attempted::Gone => Err(Refusal::NoSuchEntry),
                        _ => Ok(("retried", admin::attempted(attempted))),
                    }
                }
                Err(refusal) => Err(refusal),
            },
            Call::Drain { all } => match self.data_api() {
                Ok(data_api) => {
                    let drained = outbox.drain(host, data_api, self.heard(), all).await?;
                    Ok(("drained", admin::drained(drained)))
                }
                Err(refusal) => Err(refusal),
            },
        })
    }
}
