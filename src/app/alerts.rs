//! Word before anybody asks: how things are, for those who decide whether to tell it.

use super::App;
use crate::audit;
use crate::delivery::outbox::EntryState;
use crate::instance::unix_time::{millis, millis_in};
use crate::operations::alerts::{self, DataApiHealth, DeadLetters, Observation};
use crate::operations::health::DataApiState;
use crate::ports::{Clock as _, Host, StoreError};

/// How many keys are listed to see how things are. More are not counted for an alert.
const LISTED: usize = 2000;

impl<H: Host> App<H> {
    /// Looks whether there is something to tell, and sends what is to be sent: after a reply, by whoever
    /// delivers from the outbox for all instances, and by operators who change something.
    pub(super) async fn tend_alerts(&self) {
        let Some(settings) = &self.config.alerts else {
            return;
        };
        // What nobody waits for is put off.
        if self.host.is_slow() {
            return;
        }
        let Some(_tending) = self.tending.try_enter(1) else {
            return;
        };
        let level = self.config.log_level;
        let log = |event| audit::log_alert(&self.host, &self.masking, level, event);
        let observe = async || self.observe(millis_in(settings.after)).await;
        let tended = alerts::tend(&self.host, settings, log, observe).await;
        let noted = match tended {
            Ok(Some(next)) => self.outbox.look_at(&self.host, next).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = noted {
            audit::log_failure(&self.host, "alerts_not_kept", &error.to_string());
        }
    }

    /// How things are; what has waited for `after` milliseconds is looked at more closely.
    async fn observe(&self, after: u64) -> Result<Observation, StoreError> {
        let data_api = self.data_api_health().await?;
        // One that is away has no rows to show, and would only cost its deadline.
        let overdue = match &data_api {
            DataApiHealth::Answers => self.overdue_count().await,
            DataApiHealth::Unknown | DataApiHealth::Failing { .. } => None,
        };
        let before = millis(self.host.now()).saturating_sub(after);
        let sample = self.outbox.sample(&self.host, LISTED, before).await?;
        let at = millis(self.host.now());
        let uncollected = match (self.is_mailbox(), sample.oldest) {
            // Since it came, or since somebody came last and left it.
            (true, Some(oldest)) => {
                let collected = self.mailbox.last_collected(&self.host).await?;
                Some(oldest.max(collected.unwrap_or_default()))
            }
            _ => None,
        };
        let counts = sample.counts;
        let dead = counts.causes.iter();
        let dead = dead.filter(|it| it.state == EntryState::Dead);
        Ok(Observation {
            at,
            data_api,
            waiting: counts.stats.waiting,
            oldest_waiting_seconds: sample.oldest.map(|oldest| at.saturating_sub(oldest) / 1000),
            mailbox_uncollected_since: uncollected,
            dead: dead
                .map(|it| DeadLetters {
                    cause: it.cause.code(),
                    count: it.count,
                })
                .collect(),
            is_whole: counts.is_whole,
            overdue,
        })
    }

    async fn data_api_health(&self) -> Result<DataApiHealth, StoreError> {
        let error = match self.data_api_state().await {
            DataApiState::Unknown => return Ok(DataApiHealth::Unknown),
            DataApiState::Embedded | DataApiState::Mailbox | DataApiState::Ok => {
                return Ok(DataApiHealth::Answers);
            }
            DataApiState::Failing(error) => error,
        };
        Ok(DataApiHealth::Failing {
            since: self.outbox.availability.status(&self.host).await?.since,
            is_refusing: !error.is_away(),
            // As the log has it: the host's own words may be in it.
            failure: self.masking.field(&error.to_string()).into_owned(),
        })
    }
}
