//! What is left of a request whose reply is on its way: the audit line, the counts that other instances
//! are to know, what operators are to know of a refusal, a few due entries of the outbox, and its row in
//! the history of activity.

use std::time::Duration;

use futures_util::future::{join, join3, join5};

use super::App;
use super::activity::ActivityError;
use super::attempt_log::attempt_event;
use crate::audit::{self, ACTIVITY_NOT_WRITTEN, Line, LineGroup};
use crate::config::Level;
use crate::delivery::Change;
use crate::delivery::outbox::{AttemptOutcome, Entry, EntryId, Scheduled};
use crate::instance::rate_limiter::RateLimiter;
use crate::operations::refusals::RefusedRequest;
use crate::ports::{Clock as _, Host, StoreError};

/// How long an instance that is never idle puts its look at the outbox off.
const BUSY: Duration = Duration::from_secs(5);

/// How often one instance for all looks whether a mailbox is collected from.
const WATCHED_EVERY: Duration = Duration::from_secs(60);

/// How often it looks whether it is idle.
const POLL: Duration = Duration::from_millis(5);

/// How many seconds it waits before each further announcement.
const ANNOUNCED_AGAIN: [u64; 5] = [1, 2, 4, 8, 16];

/// What is left to do once the reply is on its way.
#[must_use]
#[derive(Debug, Default)]
pub struct FollowUp {
    /// The audit line, unless the operator wants none of its level.
    pub(super) line: Option<Line>,
    /// The limits that the request was counted in.
    pub(super) counted: CountedIn,
    /// The request, if it was refused and operators may want to know.
    pub(super) refused: Option<RefusedRequest>,
    /// What to do about the outbox.
    pub(super) outbox: OutboxTask,
    /// Other instances are to know what this one has seen of the data API.
    pub(super) shares_availability: bool,
    /// The request's row in the history of activity, where it gets one.
    pub(super) activity: Option<Change>,
    /// The keys that have let the caller in are old.
    pub(super) keys_are_due: bool,
    /// There may be something to tell: a change has become a dead letter, an operator has changed something.
    pub(super) tends_alerts: bool,
}

/// How many a client has in a minute, of each limit that the request was counted in; 0: it was not, or
/// there is no limit.
#[derive(Debug, Default)]
pub(super) struct CountedIn {
    /// Requests without a valid credential.
    pub failed: usize,
    /// Requests whose credential another service has refused.
    pub checked: usize,
    /// Notifications.
    pub notifications: usize,
}

/// What to do about the outbox.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum OutboxTask {
    /// Deliver what is due, if it is time to look.
    #[default]
    DeliverDue,
    /// The request has queued a change that may well succeed within seconds: look now, and stay with it.
    DeliverSoon,
    /// Deliver a change that nobody has tried to make.
    Deliver(Scheduled),
    /// Announce a change to collectors, which could not be done at once.
    Announce,
    /// Nothing: a request that is refused costs the store no look at the outbox.
    Skip,
}

impl FollowUp {
    /// Notes that the reply is ready, and the line that says so.
    pub(super) fn replied(&mut self, status: u16, line: Option<Line>) {
        self.line = line;
        if matches!(status, 401 | 403 | 404 | 405 | 413 | 415 | 429 | 503) {
            self.outbox = OutboxTask::Skip;
        }
    }
}

impl<H: Host> App<H> {
    /// Does what is left of a request whose reply is on its way.
    pub async fn follow_up(&self, follow_up: FollowUp) {
        let FollowUp {
            line,
            counted,
            refused,
            outbox,
            shares_availability,
            activity,
            keys_are_due,
            tends_alerts,
        } = follow_up;
        let written = async {
            if let Some(line) = line {
                let text = || line.text(&self.masking);
                self.lines.write(&self.host, line.group(), &text).await;
            }
        };
        let failed = self.share(&self.limiters.failed, counted.failed);
        let checked = self.share(&self.limiters.checked, counted.checked);
        let notifications = self.share(&self.limiters.notifications, counted.notifications);
        let refreshed = async {
            if keys_are_due {
                self.refresh_keys().await;
            }
        };
        let delivered = async {
            self.share_availability(shares_availability).await;
            self.deliver_from_outbox(outbox).await
        };
        let last = join3(delivered, self.note_refusal(refused), refreshed);
        // The line is the first to be written.
        let (_, failed, checked, notifications, (has_delivered, (), ())) =
            join5(written, failed, checked, notifications, last).await;
        let shared = [failed, checked, notifications];
        for error in shared.into_iter().filter_map(Result::err) {
            audit::log_failure(&self.host, "attempts_not_kept", &error.to_string());
        }
        let alerts = async {
            if tends_alerts || has_delivered {
                self.tend_alerts().await;
            }
        };
        let history = async {
            if let Some(row) = activity {
                self.keep_activity(&row).await;
            }
        };
        join(alerts, history).await;
    }

    /// Writes a row into the history of activity, or has the log count it.
    async fn keep_activity(&self, row: &Change) {
        let (Some(activity), Some(data_api)) = (&self.activity, &self.data_api) else {
            return;
        };
        let result = match self.outbox.is_away(&self.host) {
            true => Err(ActivityError::Away),
            false => activity.write(&self.host, data_api, row).await,
        };
        if let Err(error) = result
            && Level::Warn >= self.config.log_level
        {
            let text = || audit::activity_line(&self.host, &error.to_string());
            let group = Some(LineGroup::of(ACTIVITY_NOT_WRITTEN));
            self.lines.write(&self.host, group, &text).await;
        }
    }

    /// Notes a refusal for operators. A slow store has other things to do.
    async fn note_refusal(&self, refused: Option<RefusedRequest>) {
        let Some(refused) = refused.filter(|_| !self.host.is_slow()) else {
            return;
        };
        let noted = self.refusals.note(&self.host, &self.masking, refused);
        if let Err(error) = noted.await {
            audit::log_failure(&self.host, "refusals_not_kept", &error.to_string());
        }
    }

    /// Tells other instances what was counted. What a slow store does not learn now it does at the next
    /// attempt.
    async fn share(&self, limiter: &RateLimiter, limit: usize) -> Result<(), StoreError> {
        if limit == 0 || self.host.is_slow() {
            return Ok(());
        }
        limiter.flush(&self.host, limit).await
    }

    /// Tells other instances whether the data API is there, where that has changed.
    async fn share_availability(&self, is_wanted: bool) {
        if is_wanted && !self.host.is_slow() {
            self.log_unshared(self.outbox.availability.share(&self.host).await);
        }
    }

    /// Delivers what the request has left in the outbox, and what is due. Says whether this instance was
    /// the one that did so for all of them.
    async fn deliver_from_outbox(&self, task: OutboxTask) -> bool {
        if task == OutboxTask::Announce {
            self.log_undelivered(self.announce_again().await);
            return false;
        }
        let Some(data_api) = self.data_api.as_ref() else {
            return false;
        };
        if data_api.is_mailbox() {
            return task != OutboxTask::Skip && self.watch_mailbox().await;
        }
        let (host, outbox) = (&self.host, &self.outbox);
        let is_new = match task {
            OutboxTask::Skip | OutboxTask::Announce => return false,
            OutboxTask::DeliverDue => false,
            OutboxTask::DeliverSoon => true,
            OutboxTask::Deliver(scheduled) => {
                let delivered =
                    outbox.deliver_accepted(host, data_api, self.log_attempts(), scheduled);
                self.log_undelivered(delivered.await);
                false
            }
        };
        if !self.may_look(is_new).await {
            return false;
        }
        let delivered = outbox.deliver_due(host, data_api, self.log_attempts(), is_new);
        let delivered = delivered.await;
        let was_the_one = matches!(delivered, Ok(true));
        self.log_undelivered(delivered.map(drop));
        was_the_one
    }

    /// Others collect what is in a mailbox. Says whether this instance is the one to see that they do.
    async fn watch_mailbox(&self) -> bool {
        if !self.may_look(false).await {
            return false;
        }
        let watched = self.outbox.watch(&self.host, WATCHED_EVERY).await;
        let was_the_one = matches!(watched, Ok(true));
        self.log_undelivered(watched.map(drop));
        was_the_one
    }

    /// Announces a change until it is done: without it, the change is found by the next that comes, or
    /// within ten minutes.
    async fn announce_again(&self) -> Result<(), StoreError> {
        let mut announced = Ok(());
        for pause in ANNOUNCED_AGAIN {
            self.host.sleep(Duration::from_secs(pause)).await;
            announced = self.mailbox.announce(&self.host).await;
            if announced.is_ok() {
                break;
            }
        }
        announced
    }

    /// Whether to look into the outbox. A store call takes an instance off its host's scheduler, and
    /// everything else in it along, so it is not made while other requests are unanswered, unless there
    /// is something new or there always are some.
    async fn may_look(&self, is_new: bool) -> bool {
        if !self.outbox.is_time_to_look(&self.host, is_new) {
            return false;
        }
        // What is due waits for the store to recover, and may not be what keeps it from that.
        if self.host.is_slow() {
            return false;
        }
        if is_new {
            return true;
        }
        let Some(_waiting) = self.waiting_for_idle.try_enter(1) else {
            return false;
        };
        let until = self.host.monotonic() + BUSY;
        while !self.unanswered.is_idle() && self.host.monotonic() < until {
            self.host.sleep(POLL).await;
        }
        true
    }

    /// Logs that what is in the outbox may wait longer than it has to.
    pub(super) fn log_undelivered(&self, result: Result<(), StoreError>) {
        if let Err(error) = result {
            audit::log_failure(&self.host, "outbox_not_carried", &error.to_string());
        }
    }

    /// Logs each attempt at an entry of the outbox.
    pub(super) fn log_attempts(&self) -> impl Fn(EntryId, AttemptOutcome, Option<&Entry>) {
        |id, outcome, entry| {
            if let Some(event) = attempt_event(id, outcome, entry) {
                audit::log_attempt(&self.host, &self.masking, self.config.log_level, event);
            }
        }
    }
}
