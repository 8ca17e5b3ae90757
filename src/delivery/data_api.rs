//! The data API of one configuration. A further one is a variant here, and its line in each function.

use super::change::Change;
use super::dab::Dab;
use super::ejecuciones::DeploymentId;
use super::embedded::Embedded;
use super::lookup::{FoundRow, OverdueRow, ReadError};
use super::outcome::{Applied, DeliveryError, Effort, Ports};
use super::postgrest::Postgrest;
use super::remote::RemoteDataApi;
use crate::config::{DataApiSettings, TableNames};
use crate::ports::KeyValue;

/// A data API.
pub enum DataApi {
    /// Rows in the host's key-value store.
    Embedded(Embedded),
    /// Data API builder.
    Dab(RemoteDataApi),
    /// PostgREST or Supabase.
    Postgrest(RemoteDataApi),
}

impl DataApi {
    /// The one that was chosen. `names` are what tables are called there.
    pub fn new(chosen: DataApiSettings, names: TableNames) -> Self {
        match chosen {
            DataApiSettings::Embedded { utc_offset } => Self::Embedded(Embedded::new(utc_offset)),
            DataApiSettings::Dab(settings) => Self::Dab(RemoteDataApi::new::<Dab>(settings, names)),
            DataApiSettings::Postgrest(settings) => {
                Self::Postgrest(RemoteDataApi::new::<Postgrest>(settings, names))
            }
        }
    }

    /// Makes the change, once, or leaves the row as it was.
    pub async fn apply(&self, host: &impl Ports, change: &Change, effort: Effort) -> Applied {
        match self {
            Self::Embedded(embedded) => Applied {
                result: embedded.apply(host, change).await,
                retried: None,
                doubtful: None,
            },
            Self::Dab(server) => server.apply::<Dab>(host, change, effort).await,
            Self::Postgrest(server) => server.apply::<Postgrest>(host, change, effort).await,
        }
    }

    /// The row as JSON, where rows can be read at all: a server's are its own to publish.
    pub async fn find(
        &self,
        host: &impl KeyValue,
        deployment_id: &DeploymentId,
    ) -> Result<Option<Vec<u8>>, DeliveryError> {
        match self {
            Self::Embedded(embedded) => embedded.find(host, deployment_id).await,
            Self::Dab(_) | Self::Postgrest(_) => Ok(None),
        }
    }

    /// The row as operators read it: of a server's, what it shows of it.
    pub async fn look_up(
        &self,
        host: &impl Ports,
        deployment_id: &DeploymentId,
    ) -> Result<Option<FoundRow>, ReadError> {
        match self {
            Self::Embedded(embedded) => Ok(embedded.look_up(host, deployment_id).await?),
            Self::Dab(server) => server.look_up::<Dab>(host, deployment_id).await,
            Self::Postgrest(server) => server.look_up::<Postgrest>(host, deployment_id).await,
        }
    }

    /// The rows that are active for so many minutes without a callback, oldest first.
    pub async fn overdue(
        &self,
        host: &impl Ports,
        minutes: usize,
    ) -> Result<Vec<OverdueRow>, ReadError> {
        match self {
            // Its rows begin with their callback.
            Self::Embedded(_) => Err(ReadError::NotOffered),
            Self::Dab(server) => server.overdue::<Dab>(host, minutes).await,
            Self::Postgrest(server) => server.overdue::<Postgrest>(host, minutes).await,
        }
    }

    /// Whether it is there, and accepts changes as far as is known. Nothing is written.
    pub async fn probe(&self, host: &impl Ports) -> Result<(), DeliveryError> {
        match self {
            Self::Embedded(embedded) => embedded.probe(host).await,
            Self::Dab(server) => server.probe::<Dab>(host).await,
            Self::Postgrest(server) => server.probe::<Postgrest>(host).await,
        }
    }
}
