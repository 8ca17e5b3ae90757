//! What is known of the service: for the page, and for Prometheus.

use std::time::Duration;

use super::{Answer, App, OperateError};
use crate::audit;
use crate::delivery::outbox::Availability;
use crate::instance::unix_time;
use crate::operations::metrics::metrics;
use crate::operations::overview::{self, CheckedDataApi, CountedOutbox, Findings};
use crate::operations::refusals;
use crate::ports::{Clock as _, Host, StoreError};

/// How long one listing of the outbox answers all who ask: at least this, and so many times as long as it
/// took, since it holds the lock of Spin's store meanwhile.
const COUNTED_FOR: Duration = Duration::from_secs(2);
const TIMES_AS_LONG: u32 = 10;

/// However long it took.
const COUNTED_AT_MOST: Duration = Duration::from_secs(300);

impl<H: Host> App<H> {
    pub(super) async fn overview(&self) -> Result<Answer, OperateError> {
        Ok(("counted", overview::overview(&self.findings().await?)))
    }

    pub(super) async fn metrics(&self) -> Result<Answer, OperateError> {
        Ok(("counted", metrics(&self.findings().await?)))
    }

    async fn findings(&self) -> Result<Findings<'_>, OperateError> {
        let data_api = self.checked_data_api().await?;
        // One that is away would keep the operator waiting for its deadline a second time.
        let overdue = match data_api.status.state {
            Availability::Ok => self.overdue_count().await,
            Availability::Failing | Availability::Refusing => None,
        };
        Ok(Findings {
            data_api,
            outbox: self.counted_outbox().await?,
            last_callback: self.outbox.newest_callback(&self.host).await?,
            refusals: refusals::read_all(&self.host).await?,
            overdue,
            keys: self.keys_status().await,
            collected: match self.is_mailbox() {
                true => Some(self.mailbox.last_collected(&self.host).await?),
                false => None,
            },
            collects_from: self.mailbox_state().await,
            problems: &self.config.problems,
            embedded: self.config.shows_rows() && self.data_api.is_some(),
            time: unix_time::millis(self.host.now()),
        })
    }

    async fn checked_data_api(&self) -> Result<CheckedDataApi, OperateError> {
        // Which data API it is may be what is wrong with the settings, and operators are to see just that.
        let at = match &self.data_api {
            Some(data_api) => Some(self.probe(data_api).await.1),
            None => None,
        };
        let status = self.outbox.availability.status(&self.host).await?;
        Ok(CheckedDataApi { status, at })
    }

    /// The outbox as one request of this instance has counted it, for all that ask.
    async fn counted_outbox(&self) -> Result<CountedOutbox, StoreError> {
        let count = async || {
            let began = self.host.monotonic();
            let counted = self.count_outbox().await;
            let took = self.host.monotonic().saturating_sub(began);
            let fresh = match counted {
                Ok(_) => (took * TIMES_AS_LONG).clamp(COUNTED_FOR, COUNTED_AT_MOST),
                Err(_) => Duration::ZERO,
            };
            (counted, fresh)
        };
        self.counted.get(&self.host, count).await
    }

    async fn count_outbox(&self) -> Result<CountedOutbox, StoreError> {
        let (host, outbox) = (&self.host, &self.outbox);
        let at = unix_time::millis(host.now());
        let counts = outbox.counts(host, usize::MAX).await?;
        self.log_unshared(outbox.note_depth(host, &counts).await);
        let depth = outbox.depth(host).await?;
        Ok(CountedOutbox { at, counts, depth })
    }

    /// Logs that the figures of the overview were not kept for the other instances.
    pub(in crate::app) fn log_unshared(&self, result: Result<(), StoreError>) {
        if let Err(error) = result {
            audit::log_failure(&self.host, "overview_not_kept", &error.to_string());
        }
    }
}
