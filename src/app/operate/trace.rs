//! What operators ask of one deployment, of overdue rows and of refusals.

use std::time::Duration;

use super::{Answer, App, OperateError, refuse_failed};
use crate::audit::{Record, Subject};
use crate::delivery::{DeploymentId, EJECUCIONES, ReadError, is_one_of};
use crate::http::Refusal;
use crate::operations::trace::{Findings, RowState};
use crate::operations::{overdue, refusals, trace};
use crate::ports::Host;

/// How often an instance counts the overdue rows.
const COUNTED_EVERY: Duration = Duration::from_secs(60);

impl<H: Host> App<H> {
    /// All that is known of a deployment.
    pub(super) async fn trace(
        &self,
        deployment_id: &DeploymentId,
        record: &mut Record,
    ) -> Result<Answer, OperateError> {
        record.subject = Some(Subject::Deployment(deployment_id.to_string()));
        let host = &self.host;
        let row = self.row_state(deployment_id, record).await;
        let key = deployment_id.as_str();
        let findings = Findings {
            row,
            is_embedded: self.config.shows_rows() && self.data_api.is_some(),
            entries: self.outbox.of_row(host, &EJECUCIONES, key).await?,
            refusals: refusals::read_all(host).await?,
        };
        Ok(("traced", trace::trace(deployment_id, &findings)))
    }

    /// SAM's row. What fails is in the log, and no reason to show nothing.
    async fn row_state(&self, deployment_id: &DeploymentId, record: &mut Record) -> RowState {
        let Some(data_api) = &self.data_api else {
            record.failure = Some("a setting of the data API is wrong".to_owned());
            return RowState::Unreadable;
        };
        match data_api.look_up(&self.host, deployment_id).await {
            Ok(None) => RowState::Absent,
            Ok(Some(row)) => RowState::Found {
                is_final: is_one_of(&self.config.final_states, &row.state),
                row,
            },
            Err(error) => {
                record.failure = Some(error.to_string());
                match error {
                    ReadError::NotOffered => RowState::NotOffered,
                    ReadError::Failed(_) => RowState::Unreadable,
                }
            }
        }
    }

    /// The rows that are active too long without a callback.
    pub(super) async fn overdue(
        &self,
        minutes: Option<usize>,
        record: &mut Record,
    ) -> Result<Answer, OperateError> {
        let minutes = minutes.unwrap_or(self.config.overdue_minutes);
        match self.data_api()?.overdue(&self.host, minutes).await {
            Ok(rows) => Ok(("listed", overdue::overdue(minutes, &rows))),
            Err(ReadError::NotOffered) => Err(Refusal::NoOverdueProcedure.into()),
            Err(ReadError::Failed(error)) => {
                Err(refuse_failed(&error, "deploymentId", record).into())
            }
        }
    }

    /// How many rows are overdue, 200 at most; `None`: that is not known. Asked at most once a minute, by one
    /// request of the instance for all.
    pub(in crate::app) async fn overdue_count(&self) -> Option<usize> {
        let count = async || {
            let minutes = self.config.overdue_minutes;
            let rows = match &self.data_api {
                Some(data_api) => data_api.overdue(&self.host, minutes).await.ok(),
                None => None,
            };
            (rows.map(|rows| rows.len()), COUNTED_EVERY)
        };
        self.overdue.get(&self.host, count).await
    }

    /// What was refused.
    pub(super) async fn refusals(&self, limit: usize) -> Result<Answer, OperateError> {
        let all = refusals::read_all(&self.host).await?;
        Ok(("listed", refusals::refusals(&all, limit)))
    }
}
