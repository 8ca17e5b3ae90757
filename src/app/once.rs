//! Accepting a notification once, however often it comes: by its deduplication record between requests
//! and instances, and by a lock between requests of one instance that are at it at the same time.

use std::time::Duration;

use super::deliver::origin;
use super::follow_up::OutboxTask;
use super::{App, Context, refuse_failed};
use crate::audit::{self, Record};
use crate::credentials::Verified;
use crate::delivery::outbox::EntryId;
use crate::http::{Disposition, Refusal};
use crate::instance::deduplication::{self, Earlier, IdempotencyKey, NotificationId, Receipt};
use crate::instance::key_locks::KeyGuard;
use crate::ports::{Clock as _, Host, Random as _, StoreError};
use crate::sources::Notification;

/// The outcome of a notification that had been accepted before.
const REPEATED: &str = "repeated";

/// How long a notification waits for another of the same id: longer than that one may take.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How long it waits before it looks again.
const POLL: Duration = Duration::from_millis(10);

/// As much of an id as a reply quotes.
const LONGEST_QUOTE: usize = 200;

impl<H: Host> App<H> {
    /// Delivers a notification, unless it was accepted before.
    pub(super) async fn deliver_once(
        &self,
        source: &str,
        verified: &Verified,
        notification: Notification,
        context: &mut Context,
    ) -> Result<(&'static str, Receipt), Refusal> {
        let id = notification.id.as_ref();
        let key = id.map(|id| IdempotencyKey::new(source, id));
        let mut _locked = None;
        if let Some(key) = &key {
            _locked = Some(self.lock(key, &mut context.record).await?);
            let found = self.earlier(source, key).await;
            if let Some(other) = found.iter().find(|it| !it.is_same) {
                return Err(used_before(other.field, id, &mut context.record));
            }
            if let Some(same) = found.into_iter().next() {
                return Ok((REPEATED, same.receipt));
            }
        }
        let Notification {
            change, key_field, ..
        } = notification;
        let (disposition, entry) = self.deliver(verified, change, key_field, context).await?;
        let mut receipt = self.receipt(verified, disposition);
        receipt.entry = entry.map(|entry| entry.to_string());
        // After a dead letter the sender may send a corrected message under the same id.
        let key = key.filter(|_| disposition != Disposition::DeadLetter);
        if let Some(key) = &key {
            match deduplication::remember(&self.host, key, &receipt).await {
                Ok(counts) => receipt = counts,
                Err(error) => self.log_unremembered(&error),
            }
        }
        Ok((disposition.name(), receipt))
    }

    /// Waits until no other request of this instance is at a notification that has one of these names:
    /// of two at once the second then finds the record of the first.
    async fn lock(
        &self,
        key: &IdempotencyKey,
        record: &mut Record,
    ) -> Result<Vec<KeyGuard<'_>>, Refusal> {
        let until = self.host.monotonic() + LONGEST_WAIT;
        loop {
            if let Some(locked) = self.try_lock(key) {
                return Ok(locked);
            }
            if self.host.monotonic() >= until {
                let failure = "another message of the same id is still being delivered";
                record.failure = Some(failure.to_owned());
                return Err(Refusal::Unavailable);
            }
            self.host.sleep(POLL).await;
        }
    }

    fn try_lock(&self, key: &IdempotencyKey) -> Option<Vec<KeyGuard<'_>>> {
        let names = key.hashes().map(|hash| self.in_progress.try_lock(hash));
        names.collect()
    }

    /// Earlier notifications that have a name of this one's, except those whose change has become a dead
    /// letter: nobody will deliver that, and it gives way to a corrected one.
    async fn earlier(&self, source: &str, key: &IdempotencyKey) -> Vec<Earlier> {
        let found = match deduplication::find(&self.host, key).await {
            Ok(found) => found,
            // Its change is guarded all the same.
            Err(error) => {
                self.log_unremembered(&error);
                return Vec::new();
            }
        };
        let mut left = Vec::new();
        for earlier in found {
            match self.forget_dead(source, key, &earlier.receipt).await {
                Ok(true) => {}
                Ok(false) => left.push(earlier),
                Err(error) => {
                    self.log_unremembered(&error);
                    left.push(earlier);
                }
            }
        }
        left
    }

    /// Forgets a receipt whose change is a dead letter; says whether it is.
    async fn forget_dead(
        &self,
        source: &str,
        key: &IdempotencyKey,
        receipt: &Receipt,
    ) -> Result<bool, StoreError> {
        let Some(entry) = receipt.entry.as_deref().and_then(EntryId::parse) else {
            return Ok(false);
        };
        let is_dead = self.outbox.is_dead(&self.host, entry, source).await?;
        if is_dead {
            deduplication::forget(&self.host, key, receipt.number).await?;
        }
        Ok(is_dead)
    }

    /// Queues a notification to be delivered after its reply, unless it was accepted before.
    pub(super) async fn queue_once(
        &self,
        source: &str,
        verified: &Verified,
        notification: Notification,
        context: &mut Context,
    ) -> Result<(&'static str, Receipt), Refusal> {
        let Notification {
            change,
            key_field,
            id,
        } = notification;
        let Context {
            record, follow_up, ..
        } = context;
        let key = id.map(|id| IdempotencyKey::new(source, &id));
        let receipt = self.receipt(verified, Disposition::Accepted);
        let mut _locked = None;
        if let Some(key) = &key {
            _locked = Some(self.claim(key, &receipt, key_field, record).await?);
        }
        let accepted = self.outbox.accept(&self.host, change, origin(record)).await;
        let accepted = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // The caller may send it again, and it is to be accepted then.
                if let Some(key) = &key
                    && let Err(error) = deduplication::forget(&self.host, key, receipt.number).await
                {
                    self.log_unremembered(&error);
                }
                return Err(refuse_failed(&error.into(), key_field, record));
            }
        };
        self.log_undelivered(accepted.announced);
        if let Some(key) = &key
            && !self.counts(key, &receipt).await
        {
            if let Err(error) = self.outbox.forget(&self.host, accepted.scheduled).await {
                self.log_unremembered(&error);
            }
            return Err(Refusal::Replayed);
        }
        record.entry = Some(accepted.scheduled.id.to_string());
        follow_up.outbox = OutboxTask::Deliver(accepted.scheduled);
        Ok((receipt.disposition.name(), receipt))
    }

    /// Stores the receipt, unless the notification came before.
    async fn claim(
        &self,
        key: &IdempotencyKey,
        receipt: &Receipt,
        key_field: &'static str,
        record: &mut Record,
    ) -> Result<Vec<KeyGuard<'_>>, Refusal> {
        // Of two at once in this instance the second is known for sure.
        let locked = self.try_lock(key).ok_or(Refusal::Replayed)?;
        let counts = deduplication::remember(&self.host, key, receipt).await;
        let counts = counts.map_err(|error| refuse_failed(&error.into(), key_field, record))?;
        // Two in different instances may each have found itself the first, and the receipt written last
        // counts. The other must not come into the outbox, where anybody would deliver it.
        if counts.number != receipt.number || !self.counts(key, receipt).await {
            return Err(Refusal::Replayed);
        }
        Ok(locked)
    }

    /// Whether it is this receipt that is stored, as far as can be told.
    async fn counts(&self, key: &IdempotencyKey, receipt: &Receipt) -> bool {
        let stored = match deduplication::find(&self.host, key).await {
            Ok(found) => match found.into_iter().next() {
                Some(earlier) => Ok(earlier.receipt),
                // Overwritten with another notification's.
                None => deduplication::remember(&self.host, key, receipt).await,
            },
            Err(error) => Err(error),
        };
        match stored {
            Ok(stored) => stored.number == receipt.number,
            Err(error) => {
                self.log_unremembered(&error);
                true
            }
        }
    }

    fn receipt(&self, verified: &Verified, disposition: Disposition) -> Receipt {
        Receipt {
            at: verified.received().at,
            disposition,
            number: self.host.random() as u64,
            entry: None,
        }
    }

    /// Logs that a notification that comes again may not be recognised.
    fn log_unremembered(&self, error: &StoreError) {
        audit::log_failure(&self.host, "not_remembered", &error.to_string());
    }
}

/// The refusal of a notification whose name, which came in `field`, was used for other content.
fn used_before(field: &'static str, id: Option<&NotificationId>, record: &mut Record) -> Refusal {
    record.failure = Some(format!("{field}: it was used for other content"));
    let mut names = id.into_iter().flat_map(|id| &id.names);
    let text = names
        .find(|name| name.field == field)
        .map(|name| &*name.text);
    let text = text.unwrap_or_default();
    let mut quoted: String = text.chars().take(LONGEST_QUOTE).collect();
    if quoted.len() < text.len() {
        quoted.push('…');
    }
    Refusal::field(field, format!("«{quoted}» ya se usó para otro contenido"))
}
