//! A notification's way: received, verified, understood, and taken once.

use super::deliver::origin;
use super::{Answer, App, failed};
use crate::attempts::Judgement;
use crate::audit::{self, Record};
use crate::credentials::{Policy, Verified};
use crate::http::{self, Endpoint, Incoming, Refusal};
use crate::message::{Body, Headers};
use crate::ports::{Host, StoreError};
use crate::seen::{self, Mark};
use crate::sources::{Answers, Notification, Receipt, Taken};

/// The outcome of a notification that had been taken before.
const REPEATED: &str = "repeated";

impl<H: Host> App<H> {
    pub(super) async fn notify(
        &self,
        endpoint: &Endpoint,
        headers: Headers,
        body: &mut Incoming<'_, impl Body, H>,
        record: &mut Record,
    ) -> Result<Answer, Refusal> {
        let source = &endpoint.source;
        record.source = Some(source.name());
        body.require_fitting()?;
        let of_json = http::require_json(&headers);
        // Where nobody is to learn of the endpoint, this is told to valid callers alone.
        let (at_once, later) = match source.is_hidden() {
            true => (Ok(()), of_json),
            false => (of_json, Ok(())),
        };
        at_once?;
        let policy = endpoint.policy().inspect_err(|_| {
            let failure = "no credential can be checked: a setting is missing or wrong";
            record.failure = Some(failure.to_owned());
        })?;
        let verified = self.admit(policy, headers, body, record).await?;
        later?;
        self.count(endpoint, record).await?;
        let notification = self.decode(endpoint, &verified, record)?;
        let mark = notification.id.as_ref();
        let mark = mark.map(|id| Mark::new(source.name(), id));
        let id = notification.id.clone();
        let (outcome, receipt) = match source.answers() {
            Answers::Delivered => {
                self.deliver_once(&verified, notification, mark, record)
                    .await?
            }
            Answers::Kept => {
                self.keep_once(&verified, notification, mark, record)
                    .await?
            }
        };
        Ok((outcome, source.reply(&receipt, id.as_ref())))
    }

    /// Judges the headers, and keeps of the body only what has a credential in it, or comes with one
    /// that is good.
    async fn admit(
        &self,
        policy: &Policy,
        headers: Headers,
        body: &mut Incoming<'_, impl Body, H>,
        record: &mut Record,
    ) -> Result<Verified, Refusal> {
        let mut received = self.bodiless(headers);
        if policy.needs_body(&received) {
            received.body = body.read().await?;
            received.at = self.host.now();
            return self.verify(policy, received, record).await;
        }
        let verified = self.verify(policy, received, record).await?;
        Ok(verified.with_body(body.read().await?))
    }

    /// Counts a notification where a client may send so many in a minute.
    async fn count(&self, endpoint: &Endpoint, record: &mut Record) -> Result<(), Refusal> {
        let Judgement {
            closed_for,
            failure,
        } = self
            .counts
            .taken
            .count(&self.host, record.client, endpoint.limit)
            .await;
        record.counted = endpoint.limit;
        record.failure = failure.map(|error| error.to_string());
        match closed_for {
            Some(closed_for) => Err(Refusal::TooMuch { closed_for }),
            None => Ok(()),
        }
    }

    fn decode(
        &self,
        endpoint: &Endpoint,
        verified: &Verified,
        record: &mut Record,
    ) -> Result<Notification, Refusal> {
        let decoded = endpoint.source.decode(verified);
        match &decoded {
            Ok(notification) => record.change(&notification.change),
            Err(refusal) => {
                if let Refusal::NotACallback { deployment_id, .. } = refusal {
                    record.deployment_id.clone_from(deployment_id);
                }
                if refusal.shows_body() {
                    record.body = Some(audit::excerpt(&verified.received().body, self.tokens()));
                }
            }
        }
        decoded
    }

    /// Delivers a notification, unless it has been taken before.
    async fn deliver_once(
        &self,
        verified: &Verified,
        notification: Notification,
        mark: Option<Mark>,
        record: &mut Record,
    ) -> Result<(&'static str, Receipt), Refusal> {
        if let Some(mark) = &mark {
            match seen::find(&self.host, mark).await {
                Ok(Some(receipt)) => return Ok((REPEATED, receipt)),
                Ok(None) => {}
                // Its change is guarded all the same.
                Err(error) => self.not_known(&error),
            }
        }
        let Notification {
            change, key_field, ..
        } = notification;
        let taken = self.deliver(verified, change, key_field, record).await?;
        let mut receipt = self.receipt(verified, taken);
        if let Some(mark) = &mark {
            match seen::keep(&self.host, mark, receipt).await {
                Ok(counts) => receipt = counts,
                Err(error) => self.not_known(&error),
            }
        }
        Ok((taken.name(), receipt))
    }

    /// Keeps a notification to be delivered after its reply, unless it has been taken before.
    async fn keep_once(
        &self,
        verified: &Verified,
        notification: Notification,
        mark: Option<Mark>,
        record: &mut Record,
    ) -> Result<(&'static str, Receipt), Refusal> {
        let host = &self.host;
        let Notification {
            change, key_field, ..
        } = notification;
        let receipt = self.receipt(verified, Taken::Accepted);
        let mut _held = None;
        if let Some(mark) = &mark {
            // Of two at once in this instance the second is known for sure.
            _held = Some(self.under_way.take(mark.hash()).ok_or(Refusal::Replayed)?);
            let counts = seen::keep(host, mark, receipt).await;
            let counts = counts.map_err(|error| failed(&error.into(), key_field, record))?;
            // Of two in different instances each may have found itself the first, and the last one written counts.
            // No other is to come into the outbox, where whoever comes next delivers what there is.
            if counts.number != receipt.number || !self.is_the_one(mark, receipt).await {
                return Err(Refusal::Replayed);
            }
        }
        let place = match self.outbox.accept(host, change, origin(record)).await {
            Ok(place) => place,
            Err(error) => {
                // It is told to come again, and is then to be taken.
                if let Some(mark) = &mark
                    && let Err(error) = seen::forget(host, mark, receipt.number).await
                {
                    self.not_known(&error);
                }
                return Err(failed(&error.into(), key_field, record));
            }
        };
        if let Some(mark) = &mark
            && !self.is_the_one(mark, receipt).await
        {
            if let Err(error) = self.outbox.forget(host, place).await {
                self.not_known(&error);
            }
            return Err(Refusal::Replayed);
        }
        record.entry = Some(place.id.to_string());
        record.follow = Some(place);
        Ok((receipt.taken.name(), receipt))
    }

    /// Whether it is this receipt that is remembered, as far as can be told.
    async fn is_the_one(&self, mark: &Mark, receipt: Receipt) -> bool {
        let found = match seen::find(&self.host, mark).await {
            // Written over by another notification's.
            Ok(None) => seen::keep(&self.host, mark, receipt).await.map(Some),
            found => found,
        };
        match found {
            Ok(counts) => counts.is_none_or(|counts| counts.number == receipt.number),
            Err(error) => {
                self.not_known(&error);
                true
            }
        }
    }

    fn receipt(&self, verified: &Verified, taken: Taken) -> Receipt {
        Receipt {
            at: verified.received().at,
            taken,
            number: self.host.random() as u64,
        }
    }

    /// One that comes again may not be known.
    fn not_known(&self, error: &StoreError) {
        audit::log_failure(&self.host, "not_remembered", &error.to_string());
    }
}
