//! Collecting from another instance's mailbox: each change is made here, or kept here, and only then removed
//! there.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::{Answer, App, OperateError};
use crate::audit::{self, AttemptEvent, Record, Subject};
use crate::config::{Level, Setup};
use crate::delivery::outbox::{
    AttemptOutcome, CollectedEntry, Location, Origin, QueueReason, Scheduled,
};
use crate::delivery::{Change, DataApi, Effort, Outcome, subject};
use crate::http::{Disposition, Refusal, TraceContext};
use crate::instance::together;
use crate::operations::collect::{self as replies, CollectError, CollectSummary, MailboxClient};
use crate::ports::{Clock as _, Host};
use crate::sources;

/// How many changes are made at a time.
const AT_A_TIME: usize = 16;

/// A pause after what went wrong, or brought nothing although it was over at once.
const PAUSE: Duration = Duration::from_secs(1);

/// How often this instance looks meanwhile whether something in its own outbox is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What became of an entry.
enum Taken {
    /// The row has its change, or is final.
    Delivered,
    /// It is in this instance's outbox.
    Kept,
    /// It is none that may be made here: it stays in the mailbox, and the others behind it are collected.
    Refused,
    /// It could not be kept: it stays in the mailbox, and comes again.
    Failed,
}

/// How an entry is called at both ends.
struct EntryName {
    id: Scheduled,
    request_id: String,
}

/// One call's collecting.
struct Collecting<'a> {
    client: &'a MailboxClient,
    data_api: &'a DataApi,
    /// When it ends, on the monotonic clock.
    until: Duration,
    delivered: usize,
    kept: usize,
    refused: usize,
    /// Of the last page alone: each comes again.
    failing: usize,
    /// Entries that are safe here, and that the mailbox still has as far as is known.
    unacknowledged: Vec<Scheduled>,
    /// The last entry that was refused: those behind it are asked for.
    after: Option<Scheduled>,
}

impl<H: Host> App<H> {
    /// Collects for so long.
    pub(super) async fn collect(
        &self,
        time: Duration,
        record: &mut Record,
    ) -> Result<Answer, OperateError> {
        let client = match &self.mailbox_client {
            Setup::Ready(client) => client,
            Setup::Invalid => return Err(Refusal::Misconfigured.into()),
            Setup::NotSet => return Err(Refusal::NothingToCollect.into()),
        };
        let Some(_collecting) = self.collecting.try_lock("") else {
            return Ok(("already_collecting", replies::already_collecting()));
        };
        let mut collecting = Collecting {
            client,
            data_api: self.data_api()?,
            until: self.host.monotonic() + time,
            delivered: 0,
            kept: 0,
            refused: 0,
            failing: 0,
            unacknowledged: Vec::new(),
            after: None,
        };
        let result = self.collect_beside_deliveries(&mut collecting).await;
        let summary = collecting.summary();
        Ok(match result {
            Ok(()) => ("collected", replies::collected(summary)),
            Err(error) => {
                record.failure = Some(error.to_string());
                let reply = replies::failed(&error, summary, &record.request_id);
                (error.code(), reply)
            }
        })
    }

    /// Collects until the time is over, and delivers meanwhile what is due in this instance's own outbox.
    async fn collect_beside_deliveries(
        &self,
        collecting: &mut Collecting<'_>,
    ) -> Result<(), CollectError> {
        let (kept, data_api) = (Cell::new(false), collecting.data_api);
        let result = {
            let collected = pin!(self.collect_until(collecting, &kept));
            let meanwhile = pin!(self.deliver_meanwhile(data_api, &kept));
            // What is being delivered when the time is over is where it was, and is due again.
            match select(collected, meanwhile).await {
                Either::Left((result, _)) => result,
                Either::Right((never, _)) => match never {},
            }
        };
        self.log_undelivered(self.outbox.give_lease_back(&self.host).await);
        result
    }

    async fn collect_until(
        &self,
        collecting: &mut Collecting<'_>,
        kept: &Cell<bool>,
    ) -> Result<(), CollectError> {
        loop {
            let began = self.host.monotonic();
            let result = self.collect_page(collecting, kept).await;
            let was_quick = self.host.monotonic() < began + PAUSE;
            match &result {
                Err(error) if !error.is_transient() => return result.map(drop),
                // A page that brings nothing comes after a while, unless what answers does not wait.
                Ok(false) if !was_quick => {}
                Ok(true) => {}
                Ok(false) | Err(_) => self.host.sleep(PAUSE).await,
            }
            if self.host.monotonic() >= collecting.until {
                return match result {
                    // What is safe here is removed there, if that can still be done.
                    Err(_) if !collecting.unacknowledged.is_empty() => {
                        self.acknowledge_collected(collecting).await
                    }
                    result => result.map(drop),
                };
            }
        }
    }

    /// Collects once; says whether anything left the mailbox, or was refused.
    async fn collect_page(
        &self,
        collecting: &mut Collecting<'_>,
        kept: &Cell<bool>,
    ) -> Result<bool, CollectError> {
        // Those of a call that failed: they would come again.
        self.acknowledge_collected(collecting).await?;
        let left = collecting.until.saturating_sub(self.host.monotonic());
        let Collecting { client, after, .. } = collecting;
        let entries = client.collect(&self.host, left, *after).await?;
        let mut entries = entries.into_iter().peekable();
        let mut is_new = false;
        collecting.failing = 0;
        while entries.peek().is_some() {
            let group: Vec<_> = entries.by_ref().take(AT_A_TIME).collect();
            let ids: Vec<_> = group.iter().map(|entry| entry.id).collect();
            let data_api = collecting.data_api;
            let taken = group.into_iter().map(|entry| self.take_in(data_api, entry));
            for (id, taken) in ids.into_iter().zip(together(taken).await) {
                is_new |= !matches!(taken, Taken::Failed);
                kept.set(kept.get() || matches!(taken, Taken::Kept));
                collecting.note(id, &taken);
            }
            if self.host.monotonic() >= collecting.until {
                break;
            }
        }
        self.acknowledge_collected(collecting).await?;
        Ok(is_new)
    }

    async fn acknowledge_collected(
        &self,
        collecting: &mut Collecting<'_>,
    ) -> Result<(), CollectError> {
        let entries = &mut collecting.unacknowledged;
        if !entries.is_empty() {
            collecting.client.acknowledge(&self.host, entries).await?;
            entries.clear();
        }
        Ok(())
    }

    /// Makes a change here, or keeps it.
    async fn take_in(&self, data_api: &DataApi, entry: CollectedEntry) -> Taken {
        let CollectedEntry {
            id,
            source,
            request_id,
            change,
        } = entry;
        let name = EntryName { id, request_id };
        let admitted = match change {
            Some(change) => sources::admit(&source, change, self.config.final_states.clone())
                .map_err(|error| error.to_string()),
            None => Err("it is not readable".to_owned()),
        };
        match admitted {
            Ok((source, change)) => self.make_or_keep(data_api, &name, source, change).await,
            Err(why) => {
                self.log_collected(&name, None, "not_admitted", Level::Error, Some(&why));
                Taken::Refused
            }
        }
    }

    async fn make_or_keep(
        &self,
        data_api: &DataApi,
        name: &EntryName,
        source: &str,
        change: Change,
    ) -> Taken {
        let (host, about) = (&self.host, Some(subject(&change)));
        let applied = data_api
            .apply(host, &change, Effort::Whole, &TraceContext::default())
            .await;
        self.outbox.note_result(host, &applied.result);
        let Some(reason) = QueueReason::of(&applied.result) else {
            let outcome = match applied.result {
                Ok(Outcome::AlreadyFinal) => Disposition::AlreadyFinal,
                _ => Disposition::Updated,
            };
            self.log_collected(name, about, outcome.name(), Level::Info, None);
            return Taken::Delivered;
        };
        let origin = Origin {
            source,
            request_id: &name.request_id,
        };
        let why = reason.to_string();
        let queued = match self.outbox.enqueue(host, change, origin, &reason).await {
            Ok(queued) => queued,
            Err(error) => {
                let why = format!("{why}; then key-value store: {error}");
                self.log_collected(name, about, "not_kept", Level::Error, Some(&why));
                return Taken::Failed;
            }
        };
        let (outcome, level) = match queued.location {
            Location::Waiting(_) => (Disposition::Queued.name(), Level::Warn),
            Location::Dead(_) => (AttemptOutcome::Dead.name(), Level::Error),
        };
        self.log_collected(name, about, outcome, level, Some(&why));
        self.log_undelivered(queued.announced);
        self.mailbox.note_arrival();
        Taken::Kept
    }

    /// Delivers what is due in this instance's own outbox: no request comes that would.
    async fn deliver_meanwhile(&self, data_api: &DataApi, kept: &Cell<bool>) -> Infallible {
        let (host, outbox) = (&self.host, &self.outbox);
        loop {
            host.sleep(LOOK_EVERY).await;
            let is_idle = data_api.is_mailbox() || host.is_slow();
            if !is_idle && outbox.is_time_to_look(host, kept.get()) {
                let is_new = kept.replace(false);
                let delivered = outbox.deliver_due(host, data_api, self.log_attempts(), is_new);
                self.log_undelivered(delivered.await.map(drop));
            }
        }
    }

    /// Logs what became of an entry.
    fn log_collected(
        &self,
        name: &EntryName,
        subject: Option<Subject>,
        outcome: &'static str,
        level: Level,
        failure: Option<&str>,
    ) {
        let event = AttemptEvent {
            level,
            outcome,
            entry: name.id.id.to_string(),
            request_id: Some(&name.request_id),
            subject,
            tries: None,
            failure,
        };
        audit::log_attempt(&self.host, &self.masking, self.config.log_level, event);
    }
}

impl Collecting<'_> {
    fn note(&mut self, id: Scheduled, taken: &Taken) {
        match taken {
            Taken::Delivered => self.delivered += 1,
            Taken::Kept => self.kept += 1,
            Taken::Refused => {
                self.refused += 1;
                // In the order in which they came, as the mailbox has it.
                let before = self.after.filter(|before| before.id > id.id);
                self.after = before.or(Some(id));
            }
            Taken::Failed => self.failing += 1,
        }
        if matches!(taken, Taken::Delivered | Taken::Kept) {
            self.unacknowledged.push(id);
        }
    }

    fn summary(&self) -> CollectSummary {
        CollectSummary {
            delivered: self.delivered,
            kept: self.kept,
            failed: self.refused + self.failing,
        }
    }
}
