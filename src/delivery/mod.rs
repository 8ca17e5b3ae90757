//! Getting a change into SAM's database, whatever data API stands in front of it.

mod change;
mod dab;
mod ejecuciones;
mod embedded;
pub mod outbox;
mod postgrest;
mod remote;
mod timestamp;

use std::time::SystemTime;

use crate::config::{self, UtcOffset};
use crate::outbound::OutboundError;
use crate::ports::{Clock, KeyValue, Outbound, Random, StoreError};
use dab::Dab;
use postgrest::Postgrest;

pub use change::{Change, Entity, Guard, IfAbsent, Name, Value};
pub use ejecuciones::{
    CALLBACK_INFO, COLUMNS, DeploymentId, EJECUCIONES, ESTADO, FINAL_STATES, Misfit, OTHER_STATES,
    Status, ended, fitting, sets_unknown_state,
};
use embedded::Embedded;
use remote::Server;
pub use timestamp::{Moment, NoMoment};

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The row has it.
    Updated,
    /// The row was in a final state and stays as it was.
    AlreadyFinal,
    /// There is no such row, and it is not the change's to make.
    NotFound,
}

/// Why a change was not made, or a row not read. The texts are for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The store failed.
    #[error("key-value store: {0}")]
    Store(#[from] StoreError),
    /// Others were at the row all the time.
    #[error("too many callbacks for one deployment at a time")]
    Contended,
    /// The row is there and may change, and yet did not: somebody else changed it at the same
    /// moment, or a policy of the data API's keeps it.
    #[error("the row is not final, but it could not be changed")]
    Withheld,
    /// What is stored is no row.
    #[error("the stored row is not readable: {0}")]
    Corrupt(String),
    /// The server did not do what was asked.
    #[error("data API: {0}")]
    Remote(#[from] OutboundError),
    /// The setting is wrong that says what the table is called.
    #[error("the table's name is not known: a setting is wrong")]
    Nameless,
    /// No request of this data API can name the row.
    #[error("the data API cannot address a row by this key")]
    Unaddressable,
}

impl Failure {
    /// Whether trying again later can help.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Store(_) | Self::Contended | Self::Withheld | Self::Nameless => true,
            Self::Corrupt(_) | Self::Unaddressable => false,
            Self::Remote(fault) => fault.may_pass(),
        }
    }
}

/// A change that was tried.
#[derive(Debug)]
pub struct Tried {
    /// What became of it.
    pub result: Result<Outcome, Failure>,
    /// The fault of a first attempt, where there was a second.
    pub retried: Option<OutboundError>,
    /// A refusal that was taken for "no such row", but may as well mean the table.
    pub doubtful: Option<OutboundError>,
}

/// The data API of one configuration. A further one is one file, and one line in each of these.
pub enum DataApi {
    /// Rows in the host's key-value store.
    Embedded(Embedded),
    /// Data API builder.
    Dab(Server),
    /// PostgREST or Supabase.
    Postgrest(Server),
}

impl DataApi {
    /// The adapter that was chosen.
    /// `names` are what tables are called there.
    pub fn new(chosen: config::DataApi, names: config::Names) -> Self {
        match chosen {
            config::DataApi::Embedded { utc_offset } => Self::Embedded(Embedded::new(utc_offset)),
            config::DataApi::Dab(settings) => Self::Dab(Server::new::<Dab>(settings, names)),
            config::DataApi::Postgrest(settings) => {
                Self::Postgrest(Server::new::<Postgrest>(settings, names))
            }
        }
    }

    /// Makes the change, once, or leaves the row as it was.
    pub async fn apply(&self, host: &impl Ports, change: &Change) -> Tried {
        match self {
            Self::Embedded(embedded) => Tried {
                result: embedded.apply(host, change).await,
                retried: None,
                doubtful: None,
            },
            Self::Dab(server) => server.apply::<Dab>(host, change).await,
            Self::Postgrest(server) => server.apply::<Postgrest>(host, change).await,
        }
    }

    /// The row as JSON, where rows can be read at all: a server's are its own to show.
    pub async fn find(
        &self,
        host: &impl KeyValue,
        deployment_id: &DeploymentId,
    ) -> Result<Option<Vec<u8>>, Failure> {
        match self {
            Self::Embedded(embedded) => embedded.find(host, deployment_id).await,
            Self::Dab(_) | Self::Postgrest(_) => Ok(None),
        }
    }

    /// Whether it is there, and takes changes as far as is known. Nothing is written.
    pub async fn probe(&self, host: &impl Ports) -> Result<(), Failure> {
        match self {
            Self::Embedded(embedded) => embedded.probe(host).await,
            Self::Dab(server) => server.probe::<Dab>(host).await,
            Self::Postgrest(server) => server.probe::<Postgrest>(host).await,
        }
    }
}

/// What data APIs need from a host.
pub trait Ports: KeyValue + Outbound + Clock + Random {}

impl<T: KeyValue + Outbound + Clock + Random> Ports for T {}

/// `now` on the database's clock, as `YYYY-MM-DDThh:mm:ss`.
fn local_time(now: SystemTime, offset: UtcOffset) -> String {
    let local = match offset.behind {
        true => now.checked_sub(offset.distance),
        false => now.checked_add(offset.distance),
    };
    // A host whose clock has not been set is no reason to fail.
    let local = local.map_or(SystemTime::UNIX_EPOCH, |it| it.max(SystemTime::UNIX_EPOCH));
    let mut text = humantime::format_rfc3339_seconds(local).to_string();
    // The clock is shifted to local time, so the zone it claims to be in is not true.
    text.truncate(text.trim_end_matches('Z').len());
    text
}

#[cfg(test)]
pub mod tests;
