//! A notification's way: received, verified, decoded, and accepted once.

use super::routes::Endpoint;
use super::{Answer, App, Context};
use crate::audit::{Record, Subject};
use crate::config::ESTADO;
use crate::credentials::{Policy, Verified};
use crate::delivery::{Change, sets_unknown_state, subject};
use crate::http::message::{Body, Headers};
use crate::http::{self, IncomingBody, Refusal};
use crate::instance::Breaker;
use crate::instance::rate_limiter::Decision;
use crate::ports::{Clock as _, Host};
use crate::sources::{AckMode, CALLBACKS, Decoded, Visibility};

/// The outcome of a notification that asks for nothing, in the audit line.
const IGNORED: &str = "ignored";

impl<H: Host> App<H> {
    pub(super) async fn notify(
        &self,
        endpoint: &Endpoint,
        headers: Headers,
        body: &mut IncomingBody<'_, impl Body, Breaker<H>>,
        context: &mut Context,
    ) -> Result<Answer, Refusal> {
        let source = &endpoint.source;
        context.record.source = Some(source.name());
        body.require_fitting()?;
        let of_json = http::require_json(&headers);
        let is_json_type = of_json.is_ok();
        let is_readable = http::require_identity(&headers).and(match source.requires_json_type() {
            true => of_json,
            false => Ok(()),
        });
        let (before, after) = match source.visibility() {
            Visibility::Public => (is_readable, Ok(())),
            // Only callers with a valid credential may learn of the endpoint by this refusal.
            Visibility::Hidden => (Ok(()), is_readable),
        };
        before?;
        let policy = endpoint.policy().inspect_err(|_| {
            let failure = "no credential can be checked: a setting is missing or wrong";
            context.record.failure = Some(failure.to_owned());
        })?;
        let verified = self.admit(policy, headers, body, context).await?;
        context.is_authentic = !verified.by().is_empty();
        after?;
        self.limit(endpoint, context).await?;
        let notification = self.decode(endpoint, &verified, &mut context.record);
        let notification = notification.map_err(|refusal| match refusal {
            // It is no JSON, and said so.
            Refusal::NotJson(_) if !is_json_type => Refusal::UnsupportedMediaType,
            refusal => refusal,
        })?;
        let notification = match notification {
            Decoded::Notification(notification) => notification,
            Decoded::Nothing(reply) => return Ok((IGNORED, reply)),
        };
        let id = notification.id.clone();
        let (outcome, receipt) = match source.ack_mode() {
            AckMode::AfterDelivery => {
                self.deliver_once(source.name(), &verified, notification, context)
                    .await?
            }
            AckMode::AfterQueueing => {
                self.queue_once(source.name(), &verified, notification, context)
                    .await?
            }
        };
        if source.name() == CALLBACKS {
            self.outbox.note_callback(&self.host);
        }
        context.record.is_delayed = receipt.disposition.is_delayed();
        Ok((outcome, source.reply(&receipt, id.as_ref())))
    }

    /// Verifies the headers, and reads the body only where a credential is in it, or where the headers
    /// alone were enough.
    async fn admit(
        &self,
        policy: &Policy,
        headers: Headers,
        body: &mut IncomingBody<'_, impl Body, Breaker<H>>,
        context: &mut Context,
    ) -> Result<Verified, Refusal> {
        let mut received = self.without_body(headers);
        if policy.needs_body(&received) {
            received.body = body.read().await?;
            received.at = self.host.now();
            return self.verify(policy, received, context).await;
        }
        let verified = self.verify(policy, received, context).await?;
        Ok(verified.with_body(body.read().await?))
    }

    /// Counts a notification where a client may send so many in a minute.
    async fn limit(&self, endpoint: &Endpoint, context: &mut Context) -> Result<(), Refusal> {
        let Context {
            record, follow_up, ..
        } = context;
        let limiter = &self.limiters.notifications;
        let Decision {
            retry_after,
            failure,
        } = limiter.hit(&self.host, record.client, endpoint.limit).await;
        follow_up.counted.notifications = endpoint.limit;
        record.failure = failure.map(|error| error.to_string());
        match retry_after {
            Some(retry_after) => Err(Refusal::TooMuch { retry_after }),
            None => Ok(()),
        }
    }

    fn decode(
        &self,
        endpoint: &Endpoint,
        verified: &Verified,
        record: &mut Record,
    ) -> Result<Decoded, Refusal> {
        let decoded = endpoint.source.decode(verified);
        match &decoded {
            Ok(Decoded::Notification(notification)) => describe(&notification.change, record),
            Ok(Decoded::Nothing(_)) => {}
            Err(refusal) => {
                if let Refusal::InvalidPayload { deployment_id, .. } = refusal {
                    record.subject = deployment_id.clone().map(Subject::Deployment);
                }
                if refusal.shows_body() {
                    record.body = Some(self.masking.excerpt(&verified.received().body));
                }
            }
        }
        decoded
    }
}

/// Notes the change that the request asks for.
fn describe(change: &Change, record: &mut Record) {
    record.subject = Some(subject(change));
    record.state = change.text(ESTADO).map(str::to_owned);
    record.warning = sets_unknown_state(change).then_some("unknown_state");
}
