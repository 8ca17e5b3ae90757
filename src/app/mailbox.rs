//! What collectors ask of a mailbox: the entries that wait, and that they are removed.

use super::{Answer, App, Context, refuse_failed};
use crate::audit::{self, Record};
use crate::credentials::Verified;
use crate::delivery::outbox::MailboxPage;
use crate::http::message::{Body, Headers};
use crate::http::{IncomingBody, Refusal};
use crate::instance::Breaker;
use crate::operations::mailbox::{self as replies, CollectRequest};
use crate::ports::{Host, StoreError};

impl<H: Host> App<H> {
    /// Gives a collector what waits.
    pub(super) async fn be_collected(
        &self,
        query: &str,
        headers: Headers,
        context: &mut Context,
    ) -> Result<Answer, Refusal> {
        self.verify_collector(headers, context).await?;
        // Only collectors learn what is wrong with a request.
        let CollectRequest { wait, limit, after } = CollectRequest::parse(query)?;
        if limit == 0 {
            return Ok(("mailbox", replies::page(&MailboxPage::default())));
        }
        let (host, outbox, mailbox) = (&self.host, &self.outbox, &self.mailbox);
        if let Err(error) = mailbox.note_collector(host).await {
            audit::log_failure(host, "collector_not_noted", &error.to_string());
        }
        let collected = mailbox.collect(host, outbox, after, limit, wait).await;
        let page = collected.map_err(|error| refuse_store(error, &mut context.record))?;
        let outcome = match page.is_empty() {
            true => "nothing_waits",
            false => "collected",
        };
        Ok((outcome, replies::page(&page)))
    }

    /// Removes what a collector has.
    pub(super) async fn acknowledge(
        &self,
        headers: Headers,
        body: &mut IncomingBody<'_, impl Body, Breaker<H>>,
        context: &mut Context,
    ) -> Result<Answer, Refusal> {
        self.verify_collector(headers, context).await?;
        let entries = replies::acknowledged(&body.read().await?)?;
        let removed = self.mailbox.acknowledge(&self.host, &entries).await;
        let removed = removed.map_err(|error| refuse_store(error, &mut context.record))?;
        Ok(("acknowledged", replies::removed(removed)))
    }

    async fn verify_collector(
        &self,
        headers: Headers,
        context: &mut Context,
    ) -> Result<Verified, Refusal> {
        context.record.source = Some("mailbox");
        let policy = self.routes.mailbox().ok_or(Refusal::Misconfigured)?;
        let received = self.without_body(headers);
        self.verify(policy, received, context).await
    }
}

fn refuse_store(error: StoreError, record: &mut Record) -> Refusal {
    refuse_failed(&error.into(), "id", record)
}
