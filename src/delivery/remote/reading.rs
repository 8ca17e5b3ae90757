//! What operators read through a data API. Requests are made by each protocol, and sent in one place.

use serde_json::{Value as Json, json};

use super::exchange::DataApiRequest;
use super::server::{Dialect, RemoteDataApi};
use crate::config::{CALLBACK_INFO, COLUMNS, WriteTarget};
use crate::delivery::ejecuciones::DeploymentId;
use crate::delivery::lookup::{self, FoundRow, OverdueRow, ReadError};
use crate::delivery::outcome::{DeliveryError, Ports};
use crate::outbound::{OutboundError, OutboundReply, encoded};

/// How many rows the database's procedure lists at most.
const MOST_OVERDUE: usize = 200;

/// A request that only reads, and what its replies mean.
pub struct Reading {
    request: DataApiRequest,
    /// Whether an error is that what was asked for is not there.
    is_absent: fn(&OutboundError) -> bool,
    rows: fn(&OutboundReply) -> Result<Vec<Json>, OutboundError>,
}

impl Reading {
    /// The row of a deployment: what the database's own procedure shows of it, or the table.
    pub fn of_row<D: Dialect>(
        server: &RemoteDataApi,
        deployment_id: &DeploymentId,
    ) -> Result<Self, ReadError> {
        let id = deployment_id.as_str();
        let table = match &server.ejecuciones {
            WriteTarget::Procedure(_) => {
                let procedure = server.readers.lookup.as_deref();
                return Self::by::<D>(server, procedure, &json!({ COLUMNS[0]: id }));
            }
            WriteTarget::Table(table) => table,
        };
        let key = table.column(COLUMNS[0]);
        let key = (key.ok_or(DeliveryError::Unaddressable)?, id);
        // Not the callback itself, which the role may write and need not read.
        let columns = COLUMNS.iter().filter(|column| **column != CALLBACK_INFO);
        let columns = columns.filter_map(|column| table.column(column));
        let columns: Vec<_> = columns.map(|column| encoded(column).to_string()).collect();
        let address = D::row_address(server.client.path(), table, key, &columns.join(","))?;
        Ok(Self {
            request: DataApiRequest::new("GET", address),
            is_absent: D::is_no_row,
            rows: D::rows,
        })
    }

    /// The rows that are active for so many minutes without a callback.
    pub fn of_overdue<D: Dialect>(
        server: &RemoteDataApi,
        minutes: usize,
    ) -> Result<Self, ReadError> {
        let procedure = server.readers.overdue.as_deref();
        Self::by::<D>(server, procedure, &json!({ "Minutos": minutes }))
    }

    /// A call of a procedure.
    fn by<D: Dialect>(
        server: &RemoteDataApi,
        procedure: Option<&str>,
        arguments: &Json,
    ) -> Result<Self, ReadError> {
        let procedure = procedure.ok_or(ReadError::NotOffered)?;
        let target = D::reader(server.client.path(), procedure);
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        let body = serde_json::to_vec(arguments).expect("plain JSON");
        Ok(Self {
            request: DataApiRequest::new("POST", target).with_body(body),
            is_absent: D::is_missing,
            rows: D::rows,
        })
    }
}

impl RemoteDataApi {
    /// The row, if there is one.
    pub async fn look_up(
        &self,
        host: &impl Ports,
        reading: Reading,
    ) -> Result<Option<FoundRow>, ReadError> {
        let found = self.read(host, &reading).await?;
        match (found, &self.ejecuciones) {
            (Some((rows, answer)), WriteTarget::Procedure(_)) => {
                Ok(lookup::one(rows, &answer)?.map(FoundRow::new))
            }
            (Some((rows, answer)), WriteTarget::Table(table)) => {
                let row = lookup::one(rows, &answer)?;
                Ok(row.map(|row| FoundRow::of_table(row, table)))
            }
            (None, WriteTarget::Procedure(_)) => Err(ReadError::NotOffered),
            (None, WriteTarget::Table(_)) => Ok(None),
        }
    }

    /// The overdue rows, oldest first.
    pub async fn overdue(
        &self,
        host: &impl Ports,
        reading: Reading,
    ) -> Result<Vec<OverdueRow>, ReadError> {
        let found = self.read(host, &reading).await?;
        let (rows, answer) = found.ok_or(ReadError::NotOffered)?;
        Ok(lookup::overdue(&rows, MOST_OVERDUE, &answer)?)
    }

    /// The rows of a reply; `None`: what was asked for is not there. What comes of it says nothing of how
    /// changes fare.
    async fn read(
        &self,
        host: &impl Ports,
        reading: &Reading,
    ) -> Result<Option<(Vec<Json>, OutboundReply)>, OutboundError> {
        let mut exchange = self.client.exchange(host);
        match exchange.send(&reading.request).await {
            Ok(answer) => Ok(Some(((reading.rows)(&answer)?, answer))),
            Err(error) if (reading.is_absent)(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
