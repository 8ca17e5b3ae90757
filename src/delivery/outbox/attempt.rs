//! One attempt at an entry that waits.

use std::time::Duration;

use super::duplicates::{self, Fingerprint};
use super::entry::{Entry, EntryError};
use super::location::{DeadLetter, Location, Scheduled};
use super::queue::Outbox;
use super::reason::QueueReason;
use crate::delivery::data_api::DataApi;
use crate::delivery::outcome::{Effort, Outcome, Ports};
use crate::instance::unix_time;
use crate::ports::StoreError;

/// How long an entry of a newer version is left alone.
const LEFT_TO_NEWER: Duration = Duration::from_secs(600);

/// An attempt at an entry.
#[derive(Debug)]
pub struct Attempt {
    /// What it led to.
    pub outcome: AttemptOutcome,
    /// The entry, where it could be read.
    pub entry: Option<Entry>,
    /// Where it waits now, if it does.
    pub next: Option<Scheduled>,
}

/// What an attempt at an entry led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The row has the change; the entry is gone.
    Updated,
    /// The row was in a final state; the entry is gone.
    AlreadyFinal,
    /// Its row is not there yet; it waits for the next attempt.
    NoRow,
    /// It was not made; it waits for the next attempt.
    Failed,
    /// A newer version of the component has stored it; it waits for one.
    Newer,
    /// The data API was not there; it waits for the next attempt.
    Away,
    /// It is a dead letter now.
    Dead,
    /// It is not due yet.
    NotDue,
    /// It was gone already.
    Gone,
}

impl AttemptOutcome {
    /// The name in the log and in replies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::AlreadyFinal => "already_final",
            Self::NoRow => "no_row_yet",
            Self::Failed | Self::Away => "failed",
            Self::Newer => "newer_version",
            Self::Dead => "dead",
            Self::NotDue => "not_due",
            Self::Gone => "gone",
        }
    }
}

impl Attempt {
    fn ended(outcome: AttemptOutcome, entry: Option<Entry>) -> Self {
        Self {
            outcome,
            entry,
            next: None,
        }
    }
}

impl Outbox {
    /// Tries to deliver an entry that waits; before it is due only where `early`.
    pub async fn attempt(
        &self,
        host: &impl Ports,
        data_api: &DataApi,
        scheduled: Scheduled,
        early: bool,
    ) -> Result<Attempt, StoreError> {
        let id = scheduled.id;
        let waiting = Location::Waiting(scheduled).key();
        if !early && unix_time::millis(host.now()) < scheduled.due {
            return Ok(Attempt::ended(AttemptOutcome::NotDue, None));
        }
        let Some(mut value) = host.get(&waiting).await? else {
            return Ok(Attempt::ended(AttemptOutcome::Gone, None));
        };
        let mut entry = match Entry::parse(&value) {
            Ok(entry) => entry,
            Err(EntryError::Newer) => return self.leave_to_newer(host, scheduled, &value).await,
            Err(EntryError::Damaged) => {
                // Nobody can deliver it; somebody may be able to read it.
                let dead = Location::Dead(DeadLetter { id, tag: None });
                host.set(&dead.key(), &value).await?;
                host.delete(&waiting).await?;
                return Ok(Attempt::ended(AttemptOutcome::Dead, None));
            }
        };
        // It is as long as the change, which is on its way to the data API for some time.
        value.clear();
        value.shrink_to_fit();
        let applied = data_api.apply(host, &entry.change, Effort::Whole).await;
        self.note_result(host, &applied.result);
        let Some(reason) = QueueReason::of(&applied.result) else {
            host.delete(&waiting).await?;
            let outcome = match applied.result {
                Ok(Outcome::Updated) => AttemptOutcome::Updated,
                _ => AttemptOutcome::AlreadyFinal,
            };
            return Ok(Attempt::ended(outcome, Some(entry)));
        };
        let location = self.note_failure(host, id, &mut entry, &reason);
        let fingerprint = Fingerprint::of(&entry.change);
        duplicates::note(host, &fingerprint, location).await?;
        // Another instance may have delivered it meanwhile: then it is not to come back.
        if host.get(&waiting).await?.is_none() {
            return Ok(Attempt::ended(AttemptOutcome::Gone, None));
        }
        host.set(&location.key(), &entry.to_json()).await?;
        host.delete(&waiting).await?;
        let next = match location {
            Location::Waiting(scheduled) => Some(scheduled),
            Location::Dead(_) => None,
        };
        Ok(Attempt {
            outcome: failed(location, &reason),
            entry: Some(entry),
            next,
        })
    }

    /// Puts off what only a newer version of the component can read: while one is being replaced by the
    /// other both work on the same store, and after going back the newer one comes again.
    async fn leave_to_newer(
        &self,
        host: &impl Ports,
        scheduled: Scheduled,
        value: &[u8],
    ) -> Result<Attempt, StoreError> {
        let waiting = Location::Waiting(scheduled).key();
        let due = unix_time::millis(host.now()).saturating_add(unix_time::millis_in(LEFT_TO_NEWER));
        let next = Scheduled { due, ..scheduled };
        // The newer one may have delivered it meanwhile.
        if host.get(&waiting).await?.is_none() {
            return Ok(Attempt::ended(AttemptOutcome::Gone, None));
        }
        host.set(&Location::Waiting(next).key(), value).await?;
        host.delete(&waiting).await?;
        Ok(Attempt {
            outcome: AttemptOutcome::Newer,
            entry: None,
            next: Some(next),
        })
    }
}

/// What an attempt led to that has failed for this reason.
fn failed(location: Location, reason: &QueueReason) -> AttemptOutcome {
    match (location, reason) {
        (Location::Dead(_), _) => AttemptOutcome::Dead,
        (Location::Waiting(_), QueueReason::NoRow) => AttemptOutcome::NoRow,
        (Location::Waiting(_), QueueReason::Failed(error)) if error.is_away() => {
            AttemptOutcome::Away
        }
        (Location::Waiting(_), QueueReason::Failed(_)) => AttemptOutcome::Failed,
    }
}
