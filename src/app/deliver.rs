//! The last part of a request's way: the data API, and the outbox for what it does not take.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{App, Counted, failed};
use crate::audit::{self, Record};
use crate::credentials::Verified;
use crate::delivery::outbox::{Attempted, Entry, Id, Origin, Pending, Why};
use crate::delivery::{Change, Failure, Outcome};
use crate::http::Refusal;
use crate::ports::{Clock as _, Host, StoreError};
use crate::sources::Taken;

/// How long an instance that is never without a request puts its look at the outbox off.
const BUSY: Duration = Duration::from_secs(5);

/// How often it looks whether it is without one.
const GLANCE: Duration = Duration::from_millis(5);

impl<H: Host> App<H> {
    /// Gives how the change was taken, and its entry where it is in the outbox.
    pub(super) async fn deliver(
        &self,
        _: &Verified,
        change: Change,
        key_field: &'static str,
        record: &mut Record,
    ) -> Result<(Taken, Option<Id>), Refusal> {
        let tried = self.data_api()?.apply(&self.host, &change).await;
        self.outbox.heard(&self.host, &tried.result);
        record.retried = tried.retried.map(|fault| fault.to_string());
        record.failure = tried.doubtful.map(|fault| Failure::from(fault).to_string());
        let why = match tried.result {
            Ok(Outcome::Updated) => return Ok((Taken::Updated, None)),
            Ok(Outcome::AlreadyFinal) => return Ok((Taken::AlreadyFinal, None)),
            Ok(Outcome::NotFound) => Why::NoRow,
            Err(failure) => match failed(&failure, key_field, record) {
                Refusal::Unavailable => Why::Failed(failure),
                refusal => return Err(refusal),
            },
        };
        self.queue(change, why, record).await
    }

    /// Keeps a change that the data API did not take. Nothing is acknowledged before it is kept.
    async fn queue(
        &self,
        change: Change,
        why: Why,
        record: &mut Record,
    ) -> Result<(Taken, Option<Id>), Refusal> {
        let kept = self
            .outbox
            .keep(&self.host, change, origin(record), &why)
            .await;
        match kept {
            Ok(kept) => {
                record.entry = Some(kept.id.to_string());
                self.not_announced(kept.announced);
                let is_soon = why == Why::NoRow && kept.place.is_some();
                record.follow = is_soon.then_some(Pending::Soon);
                let taken = kept.place.map_or(Taken::Dead, |_| Taken::Queued);
                Ok((taken, Some(kept.id)))
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

    /// Looks after what the request has left in the outbox, and delivers what is due.
    pub(super) async fn carry(&self, follow: Option<Pending>) {
        let Some(data_api) = &self.data_api else {
            return;
        };
        let (host, outbox) = (&self.host, &self.outbox);
        let delivered = match follow {
            Some(Pending::Accepted(place)) => {
                outbox.deliver(host, data_api, self.heard(), place).await
            }
            Some(Pending::Soon) | None => Ok(()),
        };
        let is_new = follow == Some(Pending::Soon);
        let carried = match self.may_look(is_new).await {
            true => outbox.carry(host, data_api, self.heard(), is_new).await,
            false => Ok(()),
        };
        for failed in [delivered, carried] {
            self.not_announced(failed);
        }
    }

    /// Whether to look into the outbox. A store call takes an instance off its host's scheduler, and
    /// everything else in it along, so it is not made while other requests are under way, unless
    /// there is something new or they never end.
    async fn may_look(&self, is_new: bool) -> bool {
        if !self.outbox.is_to_look(&self.host, is_new) {
            return false;
        }
        // What is due waits for the store to recover, and may not be what keeps it from that.
        if self.host.is_slow() {
            return false;
        }
        if is_new {
            return true;
        }
        if self.looks.load(Ordering::Relaxed) > 0 {
            return false;
        }
        let _waiting = Counted::new(&self.looks);
        let until = self.host.monotonic() + BUSY;
        while self.requests.load(Ordering::Relaxed) > 0 && self.host.monotonic() < until {
            self.host.sleep(GLANCE).await;
        }
        true
    }

    /// What is in the outbox waits longer than it need.
    pub(super) fn not_announced(&self, result: Result<(), StoreError>) {
        if let Err(error) = result {
            audit::log_failure(&self.host, "outbox_not_carried", &error.to_string());
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
