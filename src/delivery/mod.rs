//! Getting a change into SAM's database, whatever data API stands in front of it.

mod change;
mod ejecuciones;
mod embedded;

use std::time::SystemTime;

use crate::config::{self, UtcOffset};
use crate::ports::{Clock, KeyValue, Random, StoreError};

pub use change::{Change, Entity, Guard, IfAbsent, Value};
pub use ejecuciones::{CALLBACK_INFO, DeploymentId, ESTADO, Misfit, Status, ended};
use embedded::Embedded;

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The row has it.
    Updated,
    /// The row was in a final state and stays as it was.
    AlreadyFinal,
}

impl Outcome {
    /// The name in the audit line and in replies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::AlreadyFinal => "already_final",
        }
    }
}

/// Why a change was not made, or a row not read. The texts are for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The store failed; trying again may help.
    #[error("key-value store: {0}")]
    Store(#[from] StoreError),
    /// Others were at the row all the time; trying again may help.
    #[error("too many callbacks for one deployment at a time")]
    Contended,
    /// What is stored is no row; trying again does not help.
    #[error("the stored row is not readable: {0}")]
    Corrupt(String),
}

/// The data API of one configuration. A further one is one file, and one line in each of these.
pub enum DataApi {
    /// Rows in the host's key-value store.
    Embedded(Embedded),
}

impl DataApi {
    /// The adapter that was chosen.
    pub fn new(chosen: &config::DataApi) -> Self {
        match *chosen {
            config::DataApi::Embedded { utc_offset } => Self::Embedded(Embedded::new(utc_offset)),
        }
    }

    /// Makes the change, once, or leaves the row as it was.
    pub async fn apply(
        &self,
        host: &(impl KeyValue + Clock + Random),
        change: &Change,
    ) -> Result<Outcome, Failure> {
        match self {
            Self::Embedded(embedded) => embedded.apply(host, change).await,
        }
    }

    /// The row as JSON.
    pub async fn find(
        &self,
        host: &impl KeyValue,
        deployment_id: &DeploymentId,
    ) -> Result<Option<Vec<u8>>, Failure> {
        match self {
            Self::Embedded(embedded) => embedded.find(host, deployment_id).await,
        }
    }

    /// Whether it answers.
    pub async fn probe(&self, host: &impl KeyValue) -> Result<(), Failure> {
        match self {
            Self::Embedded(embedded) => embedded.probe(host).await,
        }
    }
}

/// `now` on the database's clock, as `YYYY-MM-DDThh:mm:ss`.
fn local_time(now: SystemTime, offset: UtcOffset) -> String {
    let local = if offset.behind {
        now - offset.distance
    } else {
        now + offset.distance
    };
    let mut text = humantime::format_rfc3339_seconds(local).to_string();
    // The clock is shifted to local time, so the zone it claims to be in is not true.
    text.truncate(text.trim_end_matches('Z').len());
    text
}

#[cfg(test)]
mod tests;
