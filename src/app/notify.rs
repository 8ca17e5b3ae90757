//! A notification's way: received, verified, understood, and taken once.

use std::time::Duration;

use super::deliver::origin;
use super::routes::Endpoint;
use super::{Answer, App, failed};
use crate::audit::{self, Record};
use crate::credentials::{Policy, Verified};
use crate::delivery::outbox::Pending;
use crate::http::message::{Body, Headers};
use crate::http::{self, Incoming, Refusal};
use crate::instance::Breaker;
use crate::instance::deduplication::{self, Earlier, Mark};
use crate::instance::key_locks::Hold;
use crate::instance::rate_limiter::Judgement;
use crate::ports::{Clock as _, Host, Random as _, StoreError};
use crate::sources::{Answers, Id, Notification, Receipt, Taken};

/// The outcome of a notification that had been taken before.
const REPEATED: &str = "repeated";

/// How long a notification waits for another of the same id: longer than that one may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it waits before it looks again.
const PAUSE: Duration = Duration::from_millis(10);

/// As much of an id as a reply names.
const LONGEST: usize = 200;

impl<H: Host> App<H> {
    pub(super) async fn notify(
        &self,
        endpoint: &Endpoint,
        headers: Headers,
        body: &mut Incoming<'_, impl Body, Breaker<H>>,
        record: &mut Record,
    ) -> Result<Answer, Refusal> {
        let source = &endpoint.source;
        record.source = Some(source.name());
        body.require_fitting()?;
        let of_json = http::require_json(&headers);
        let is_json_type = of_json.is_ok();
        let readable = http::require_identity(&headers).and(match source.requires_json_type() {
            true => of_json,
            false => Ok(()),
        });
        // Where nobody is to learn of the endpoint, this is told to valid callers alone.
        let (at_once, later) = match source.is_hidden() {
            true => (Ok(()), readable),
            false => (readable, Ok(())),
        };
        at_once?;
        let policy = endpoint.policy().inspect_err(|_| {
            let failure = "no credential can be checked: a setting is missing or wrong";
            record.failure = Some(failure.to_owned());
        })?;
        let verified = self.admit(policy, headers, body, record).await?;
        later?;
        self.count(endpoint, record).await?;
        let notification = self.decode(endpoint, &verified, record);
        let notification = notification.map_err(|refusal| match refusal {
            // It is no JSON, and said so.
            Refusal::NotJson(_) if !is_json_type => Refusal::UnsupportedMediaType,
            refusal => refusal,
        })?;
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
        body: &mut Incoming<'_, impl Body, Breaker<H>>,
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
                    record.body = Some(self.masking.excerpt(&verified.received().body));
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
        let mut _alone = None;
        if let Some(mark) = &mark {
            _alone = Some(self.wait_for_turn(mark, record).await?);
            let found = self.earlier(mark).await;
            if let Some(other) = found.iter().find(|it| !it.is_same) {
                return Err(used_before(other.by, notification.id.as_ref(), record));
            }
            if let Some(same) = found.first() {
                return Ok((REPEATED, same.receipt));
            }
        }
        let Notification {
            change, key_field, ..
        } = notification;
        let (taken, entry) = self.deliver(verified, change, key_field, record).await?;
        let mut receipt = self.receipt(verified, taken);
        receipt.entry = entry;
        // Of what nobody will deliver the sender may send a corrected one under the same id.
        let mark = mark.filter(|_| taken != Taken::Dead);
        if let Some(mark) = &mark {
            match deduplication::keep(&self.host, mark, receipt).await {
                Ok(counts) => receipt = counts,
                Err(error) => self.not_known(&error),
            }
        }
        Ok((taken.name(), receipt))
    }

    /// Waits until no other request of this instance is at a notification that has one of these names:
    /// of two at once the second is then known.
    async fn wait_for_turn(
        &self,
        mark: &Mark,
        record: &mut Record,
    ) -> Result<Vec<Hold<'_>>, Refusal> {
        let until = self.host.monotonic() + PATIENCE;
        loop {
            let names = mark.hashes().map(|hash| self.under_way.take(hash));
            if let Some(held) = names.collect() {
                return Ok(held);
            }
            if self.host.monotonic() >= until {
                let failure = "another message of the same id is still being delivered";
                record.failure = Some(failure.to_owned());
                return Err(Refusal::Unavailable);
            }
            self.host.sleep(PAUSE).await;
        }
    }

    /// What is known of notifications that have a name of this one's, but for those whose change has
    /// become a dead letter: nobody will deliver that, and it makes room for a corrected one.
    async fn earlier(&self, mark: &Mark) -> Vec<Earlier> {
        let mut found = match deduplication::find(&self.host, mark).await {
            Ok(found) => found,
            // Its change is guarded all the same.
            Err(error) => {
                self.not_known(&error);
                return Vec::new();
            }
        };
        let mut left = Vec::new();
        for earlier in found.drain(..) {
            match self.forget_dead(mark, earlier.receipt).await {
                Ok(true) => {}
                Ok(false) => left.push(earlier),
                Err(error) => {
                    self.not_known(&error);
                    left.push(earlier);
                }
            }
        }
        left
    }

    /// Forgets a receipt whose change is a dead letter; says whether it is.
    async fn forget_dead(&self, mark: &Mark, receipt: Receipt) -> Result<bool, StoreError> {
        let Some(entry) = receipt.entry else {
            return Ok(false);
        };
        let is_dead = self.outbox.is_dead(&self.host, entry).await?;
        if is_dead {
            deduplication::forget(&self.host, mark, receipt.number).await?;
        }
        Ok(is_dead)
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
            let names = mark.hashes().map(|hash| self.under_way.take(hash));
            let held: Option<Vec<_>> = names.collect();
            _held = Some(held.ok_or(Refusal::Replayed)?);
            let counts = deduplication::keep(host, mark, receipt).await;
            let counts = counts.map_err(|error| failed(&error.into(), key_field, record))?;
            // Of two in different instances each may have found itself the first, and the last one written counts.
            // No other is to come into the outbox, where whoever comes next delivers what there is.
            if counts.number != receipt.number || !self.is_the_one(mark, receipt).await {
                return Err(Refusal::Replayed);
            }
        }
        let kept = match self.outbox.accept(host, change, origin(record)).await {
            Ok(kept) => kept,
            Err(error) => {
                // It is told to come again, and is then to be taken.
                if let Some(mark) = &mark
                    && let Err(error) = deduplication::forget(host, mark, receipt.number).await
                {
                    self.not_known(&error);
                }
                return Err(failed(&error.into(), key_field, record));
            }
        };
        self.not_announced(kept.announced);
        if let Some(mark) = &mark
            && !self.is_the_one(mark, receipt).await
        {
            if let Some(place) = kept.place
                && let Err(error) = self.outbox.forget(host, place).await
            {
                self.not_known(&error);
            }
            return Err(Refusal::Replayed);
        }
        record.entry = Some(kept.id.to_string());
        record.follow = kept.place.map(Pending::Accepted);
        Ok((receipt.taken.name(), receipt))
    }

    /// Whether it is this receipt that is remembered, as far as can be told.
    async fn is_the_one(&self, mark: &Mark, receipt: Receipt) -> bool {
        let found = match deduplication::find(&self.host, mark).await {
            Ok(found) => match found.first() {
                Some(counts) => Ok(counts.receipt),
                // Written over by another notification's.
                None => deduplication::keep(&self.host, mark, receipt).await,
            },
            Err(error) => Err(error),
        };
        match found {
            Ok(counts) => counts.number == receipt.number,
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
            entry: None,
        }
    }

    /// One that comes again may not be known.
    fn not_known(&self, error: &StoreError) {
        audit::log_failure(&self.host, "not_remembered", &error.to_string());
    }
}

/// The refusal of a notification whose name, found at `by`, was another's.
fn used_before(by: &'static str, id: Option<&Id>, record: &mut Record) -> Refusal {
    record.failure = Some(format!("{by}: it was used for other content"));
    let mut names = id.into_iter().flat_map(|id| &id.names);
    let text = names.find(|name| name.by == by).map(|name| &*name.text);
    let text = text.unwrap_or_default();
    let mut named: String = text.chars().take(LONGEST).collect();
    if named.len() < text.len() {
        named.push('…');
    }
    Refusal::field(by, format!("«{named}» ya se usó para otro contenido"))
}
