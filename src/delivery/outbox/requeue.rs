//! Putting dead letters back: one, or all that are wanted.

use std::time::Duration;

use super::entry::Entry;
use super::listing::{Filter, listed};
use super::location::{DeadLetter, EntryId, Location, Scheduled};
use super::marker;
use super::queue::Outbox;
use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, Random, StoreError};

/// How long a call goes on putting dead letters back.
const REQUEUING: Duration = Duration::from_secs(10);

/// What became of the dead letters that were to be put back.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Requeued {
    /// How many were wanted.
    pub matched: usize,
    /// Where those wait that were put back.
    pub scheduled: Vec<Scheduled>,
    /// How many of those that were wanted are left.
    pub left: usize,
}

impl Outbox {
    /// Puts a dead letter back, due at once, and says where.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn requeue(
        &self,
        host: &(impl KeyValue + Clock + Random),
        id: EntryId,
    ) -> Result<Option<Scheduled>, StoreError> {
        for location in self.locations(host, id).await? {
            if let Location::Dead(dead) = location
                && let Some(scheduled) = self.put_back(host, dead, &Filter::default()).await?
            {
                return Ok(Some(scheduled));
            }
        }
        Ok(None)
    }

    /// Puts those dead letters back that are wanted, all of them if the time suffices; or only counts them,
    /// in a `dry_run`.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn requeue_all(
        &self,
        host: &(impl KeyValue + Clock + Random),
        filter: &Filter,
        dry_run: bool,
    ) -> Result<Requeued, StoreError> {
        let until = host.monotonic() + REQUEUING;
        let wanted = |it: Location| matches!(it, Location::Dead(_)) && filter.may_want(it);
        let mut found = listed(host, wanted).await?;
        found.sort_unstable_by_key(|location| location.id());
        let (mut scheduled, mut tried) = (Vec::new(), 0);
        for location in &found {
            if dry_run || host.monotonic() >= until {
                break;
            }
            if let Location::Dead(dead) = location {
                scheduled.extend(self.put_back(host, *dead, filter).await?);
            }
            tried += 1;
        }
        Ok(Requeued {
            matched: found.len(),
            scheduled,
            left: found.len() - tried,
        })
    }

    /// Puts a dead letter back. It has a new name then: under its old one, whoever was still at work on it
    /// would remove it as what has become a dead letter, at the very time at which the dead letter is
    /// removed here.
    async fn put_back(
        &self,
        host: &(impl KeyValue + Clock + Random),
        dead: DeadLetter,
        filter: &Filter,
    ) -> Result<Option<Scheduled>, StoreError> {
        let DeadLetter { id, tag } = dead;
        let dead = Location::Dead(dead).key();
        let Some(value) = host.get(&dead).await? else {
            return Ok(None);
        };
        let readable = Entry::parse(&value).ok();
        let Some(mut entry) = readable.filter(|entry| filter.wants(Some(entry))) else {
            return Ok(None);
        };
        let now = unix_time::millis(host.now());
        (entry.since, entry.tries) = (now, 0);
        let id = id.renamed(host.random());
        let scheduled = Scheduled { due: now, id, tag };
        let key = Location::Waiting(scheduled).key();
        host.set(&key, &entry.to_json()).await?;
        // Before the dead letter goes: where this fails the operator may ask again.
        marker::announce(host, now, self.last_callback()).await?;
        host.delete(&dead).await?;
        Ok(Some(scheduled))
    }
}
