//! The last part of a request's way: the data API, and the outbox for what it does not take.

use futures_util::future::join;

use super::{App, failed};
use crate::audit::{self, Record};
use crate::credentials::Verified;
use crate::delivery::outbox::{Attempted, Entry, Id, Origin, Place, Why};
use crate::delivery::{Change, Failure, Outcome};
use crate::http::Refusal;
use crate::ports::Host;
use crate::sources::Taken;

impl<H: Host> App<H> {
    pub(super) async fn deliver(
        &self,
        _: &Verified,
        change: Change,
        key_field: &'static str,
        record: &mut Record,
    ) -> Result<Taken, Refusal> {
        let tried = self.data_api()?.apply(&self.host, &change).await;
        self.outbox.heard(&self.host, &tried.result);
        record.retried = tried.retried.map(|fault| fault.to_string());
        record.failure = tried.doubtful.map(|fault| Failure::from(fault).to_string());
        let why = match tried.result {
            Ok(Outcome::Updated) => return Ok(Taken::Updated),
            Ok(Outcome::AlreadyFinal) => return Ok(Taken::AlreadyFinal),
            Ok(Outcome::NotFound) => Why::NoRow,
            Err(failure) => match failed(&failure, key_field, record) {
                Refusal::Unavailable => Why::Failed(failure),
                refusal => return Err(refusal),
            },
        };
        self.queue(change, why, record).await
    }

    /// Keeps a change that the data API did not take. Nothing is acknowledged before it is kept.
    async fn queue(&self, change: Change, why: Why, record: &mut Record) -> Result<Taken, Refusal> {
        let kept = self
            .outbox
            .keep(&self.host, change, origin(record), &why)
            .await;
        match kept {
            Ok((id, place)) => {
                record.entry = Some(id.to_string());
                record.follow = place.filter(|_| why == Why::NoRow);
                Ok(Taken::Queued)
            }
            Err(error) => {
                let failure = Failure::from(error).to_string();
                record.failure = Some(match record.failure.take() {
                    Some(first) => format!("{first}; then {failure}"),
                    None => failure,
                });
                Err(match why {
                    Why::NoRow => Refusal::NoRowYet,
                    Why::Failed(_) => Refusal::Unavailable,
                })
            }
        }
    }

    /// Carries the outbox forward, and follows the request's own entry.
    pub(super) async fn carry(&self, follow: Option<Place>) {
        let Some(data_api) = &self.data_api else {
            return;
        };
        let (host, outbox) = (&self.host, &self.outbox);
        let followed = async {
            match follow {
                Some(place) => outbox.follow(host, data_api, self.heard(), place).await,
                None => Ok(()),
            }
        };
        let followed_id = follow.map(|place| place.id);
        let carried = outbox.carry(host, data_api, self.heard(), followed_id);
        let (carried, followed) = join(carried, followed).await;
        for failed in [carried, followed] {
            if let Err(error) = failed {
                audit::log_failure(host, "outbox_not_carried", &error.to_string());
            }
        }
    }

    /// Tells the log of each attempt at the outbox.
    pub(super) fn heard(&self) -> impl Fn(Id, Attempted, Option<&Entry>) {
        |id, attempted, entry| {
            let level = self.config.log_level;
            audit::log_attempt(&self.host, &self.masking, level, id, attempted, entry);
        }
    }
}

/// Where the request's change comes from.
pub(super) fn origin(record: &Record) -> Origin<'_> {
    Origin {
        source: record.source.unwrap_or_default(),
        request_id: &record.request_id,
    }
}
