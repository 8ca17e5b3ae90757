//! Received → Verified: the policy's decision, and what a refusal costs the client.

use super::{App, Context};
use crate::credentials::{
    Admission, CredentialKind, Denied, Policy, Undecided, UndecidedError, Verified,
};
use crate::http::{Received, Refusal};
use crate::instance::rate_limiter::{Decision, RateLimiter};
use crate::ports::{Clock as _, Host};

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
        let admission = policy.admit(&self.host, received, may_cost).await;
        let keys = policy.published_keys();
        if let Some(keys) = keys {
            self.log_keys(keys);
        }
        match admission {
            Admission::Granted(verified) => {
                // Only of a caller that they have let in: others cause no request by it.
                context.follow_up.keys_are_due = verified.by().contains(&CredentialKind::Jwt)
                    && keys.is_some_and(|keys| keys.is_due(self.host.now()));
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
            Admission::Undecided(undecided) => {
                Err(self.refuse_undecided(policy, undecided, context).await)
            }
        }
    }

    /// Whoever guesses another credential beside one that cannot be judged is counted for that.
    async fn refuse_undecided(
        &self,
        policy: &Policy,
        undecided: Undecided,
        context: &mut Context,
    ) -> Refusal {
        let Undecided { error, rejected } = undecided;
        context.record.failure = Some(error.to_string());
        context.record.rejected = rejected.iter().map(ToString::to_string).collect();
        if !rejected.is_empty() {
            let (limiter, limit) = self.limiter_of(policy);
            context.follow_up.counted.failed = limit;
            let hit = limiter.hit(&self.host, context.record.client, limit).await;
            if let Some(retry_after) = hit.retry_after {
                return Refusal::TooManyAttempts { retry_after };
            }
        }
        match error {
            UndecidedError::CallToken(_) => Refusal::Unavailable,
            UndecidedError::Keys(_) => Refusal::KeysUnavailable,
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
