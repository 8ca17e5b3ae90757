//! Received → Verified: the policy's decision, and what a refusal costs the client.

use super::{App, Context};
use crate::credentials::{Admission, Denied, Policy, Verified};
use crate::http::{Received, Refusal};
use crate::instance::rate_limiter::{Decision, RateLimiter};
use crate::ports::Host;

/// How many calls of one client another service may refuse in a minute; beyond that it is asked for that
/// client only now and then.
const CHECKS_PER_MINUTE: usize = 60;

impl<H: Host> App<H> {
    pub(super) async fn verify(
        &self,
        policy: &Policy,
        received: Received,
        context: &mut Context,
    ) -> Result<Verified, Refusal> {
        let (limiter, limit) = self.limiter_of(policy);
        let client = context.record.client;
        let may_cost = async || limiter.allows_costly(&self.host, client, limit).await;
        match policy.admit(&self.host, received, may_cost).await {
            Admission::Granted(verified) => {
                let record = &mut context.record;
                record.credentials = verified.by().iter().map(|kind| kind.name()).collect();
                record.rejected = verified
                    .rejected()
                    .iter()
                    .map(ToString::to_string)
                    .collect();
                Ok(verified)
            }
            Admission::Denied(denied) => Err(self.refuse(policy, denied, context).await),
            Admission::Undecided(error) => {
                context.record.failure = Some(error.to_string());
                Err(Refusal::Unavailable)
            }
        }
    }

    async fn refuse(&self, policy: &Policy, denied: Denied, context: &mut Context) -> Refusal {
        let has_valid_one = !denied.by.is_empty();
        let (limiter, limit) = self.limiter_of(policy);
        let counted = &mut context.follow_up.counted;
        match policy.counts_attempts() {
            true => counted.failed = limit,
            false => counted.checked = limit,
        }
        let record = &mut context.record;
        record.credentials = denied.by.iter().map(|kind| kind.name()).collect();
        record.rejected = denied.rejected.iter().map(ToString::to_string).collect();
        let Decision {
            retry_after,
            failure,
        } = limiter.hit(&self.host, record.client, limit).await;
        record.failure = failure.map(|error| error.to_string());
        match retry_after.filter(|_| policy.counts_attempts()) {
            Some(retry_after) => Refusal::TooManyAttempts { retry_after },
            None if has_valid_one => Refusal::Forbidden,
            None => Refusal::Unauthorized {
                challenge: denied.challenge,
            },
        }
    }

    /// Where refused requests of this policy are counted, and how many a client has in a minute.
    fn limiter_of(&self, policy: &Policy) -> (&RateLimiter, usize) {
        match policy.counts_attempts() {
            true => (
                &self.limiters.failed,
                self.config.failed_attempts_per_minute,
            ),
            false => (&self.limiters.checked, CHECKS_PER_MINUTE),
        }
    }
}
