//! A data API that is a server: what all of them do alike, and the protocol of each as a trait.

// One thread runs an instance, so no caller needs the futures to be `Send`.
#![allow(async_fn_in_trait)]

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::exchange::{DataApiClient, DataApiRequest, Exchange, Probe};
use crate::config::{
    CALLBACK_INFO, COLUMNS, Readers, RemoteSettings, Table, TableNames, UtcOffset, WriteTarget,
};
use crate::delivery::change::Change;
use crate::delivery::ejecuciones::{DeploymentId, EJECUCIONES};
use crate::delivery::local_time::local_time;
use crate::delivery::lookup::{self, FoundRow, OverdueRow, ReadError};
use crate::delivery::outcome::{Applied, DeliveryError, Effort, Outcome, Ports};
use crate::outbound::{OutboundError, OutboundReply, Rule, encoded};
use crate::ports::Clock;

/// How long it counts for readiness that the last change was refused as any other would have been.
/// Afterwards the next probe or change has to say so again.
const REFUSED_LATELY: Duration = Duration::from_secs(30);

/// How many rows the database's procedure lists at most.
const MOST_OVERDUE: usize = 200;

/// The protocol of one kind of data API.
pub trait Dialect {
    /// Has the database's own procedure make the change.
    async fn call(
        exchange: &mut Exchange<'_, impl Ports>,
        procedure: &str,
        change: &Change,
    ) -> Result<Outcome, OutboundError>;

    /// Makes the change in a table, or leaves the row as it was.
    async fn write(
        exchange: &mut Exchange<'_, impl Ports>,
        table: &Table,
        change: &Change,
        now: &str,
    ) -> Result<Outcome, DeliveryError>;

    /// Where a procedure that only reads is called, by POST with its arguments as a JSON object.
    fn reader(path: &str, procedure: &str) -> String;

    /// Whether the error is that there is no such procedure.
    fn is_missing(error: &OutboundError) -> bool;

    /// Where these columns of a row are read, by its key.
    fn row_address(
        path: &str,
        table: &Table,
        key: (&str, &str),
        columns: &str,
    ) -> Result<String, DeliveryError>;

    /// The rows of a reply that says yes.
    fn rows(answer: &OutboundReply) -> Result<Vec<Json>, OutboundError>;

    /// Whether the error is that there is no such row.
    fn is_no_row(error: &OutboundError) -> bool;

    /// What its refusals mean.
    const RULES: &'static [Rule];

    /// How to ask whether it is there; `path` is where it begins, `target` where changes go.
    fn probe(path: &str, target: &WriteTarget) -> Probe;

    /// Whether its root is what answered, and accepts changes to `target` as far as that shows.
    fn is_root(answer: &OutboundReply, target: &WriteTarget) -> bool;

    /// Whether what was asked more closely has come to the data API, which would accept a change to
    /// `target`.
    ///
    /// # Errors
    /// What answered instead, or what the data API refuses.
    fn takes_changes(
        closer: Result<OutboundReply, OutboundError>,
        target: &WriteTarget,
    ) -> Result<(), OutboundError>;
}

/// The adapter for one server.
pub struct RemoteDataApi {
    client: DataApiClient,
    ejecuciones: WriteTarget,
    readers: Readers,
    names: TableNames,
    utc_offset: UtcOffset,
    /// The refusal of the last change, where it said that no other would be accepted, and when.
    refused: Mutex<Option<(Duration, OutboundError)>>,
}

impl RemoteDataApi {
    /// The adapter for these settings.
    pub fn new<D: Dialect>(settings: RemoteSettings, names: TableNames) -> Self {
        Self {
            client: DataApiClient::new(settings.server, D::RULES),
            refused: Mutex::default(),
            ejecuciones: settings.ejecuciones,
            readers: settings.readers,
            names,
            utc_offset: settings.utc_offset,
        }
    }

    /// Makes the change, or leaves the row as it was.
    pub async fn apply<D: Dialect>(
        &self,
        host: &impl Ports,
        change: &Change,
        effort: Effort,
    ) -> Applied {
        let mut exchange = match effort {
            Effort::Whole => self.client.exchange(host),
            Effort::Once(time) => self.client.single_attempt(host, time),
        };
        let now = || local_time(host.now(), self.utc_offset);
        let result = match &self.ejecuciones {
            // Only SAM's own table has a procedure.
            _ if change.entity != EJECUCIONES => match self.names.table(&change.entity.name) {
                Some(table) => D::write(&mut exchange, &table, change, &now()).await,
                None => Err(DeliveryError::UnknownTable),
            },
            WriteTarget::Procedure(name) => {
                let called = D::call(&mut exchange, name, change).await;
                called.map_err(DeliveryError::from)
            }
            WriteTarget::Table(table) => D::write(&mut exchange, table, change, &now()).await,
        };
        if effort == Effort::Whole {
            self.note(host, &result);
        }
        exchange.end(result)
    }

    /// The row of a deployment: what the database's own procedure shows of it, or the table.
    pub async fn look_up<D: Dialect>(
        &self,
        host: &impl Ports,
        deployment_id: &DeploymentId,
    ) -> Result<Option<FoundRow>, ReadError> {
        let id = deployment_id.as_str();
        let table = match &self.ejecuciones {
            WriteTarget::Procedure(_) => {
                let arguments = json!({ COLUMNS[0]: id });
                let answer = self.read::<D>(host, self.readers.lookup.as_deref(), &arguments);
                let answer = answer.await?;
                let row = lookup::one(D::rows(&answer)?, &answer)?;
                return Ok(row.map(FoundRow::new));
            }
            WriteTarget::Table(table) => table,
        };
        let key = table.column(COLUMNS[0]);
        let key = (key.ok_or(DeliveryError::Unaddressable)?, id);
        // Not the callback itself, which the role may write and need not read.
        let columns = COLUMNS.iter().filter(|column| **column != CALLBACK_INFO);
        let columns = columns.filter_map(|column| table.column(column));
        let columns: Vec<_> = columns.map(|column| encoded(column).to_string()).collect();
        let mut exchange = self.client.exchange(host);
        let address = D::row_address(exchange.path(), table, key, &columns.join(","))?;
        let answer = match exchange.send(&DataApiRequest::new("GET", address)).await {
            Ok(answer) => answer,
            Err(error) if D::is_no_row(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let row = lookup::one(D::rows(&answer)?, &answer)?;
        Ok(row.map(|row| FoundRow::of_table(row, table)))
    }

    /// The rows that are active for so many minutes without a callback, oldest first.
    pub async fn overdue<D: Dialect>(
        &self,
        host: &impl Ports,
        minutes: usize,
    ) -> Result<Vec<OverdueRow>, ReadError> {
        let arguments = json!({ "Minutos": minutes });
        let answer = self.read::<D>(host, self.readers.overdue.as_deref(), &arguments);
        let answer = answer.await?;
        Ok(lookup::overdue(&D::rows(&answer)?, MOST_OVERDUE, &answer)?)
    }

    /// Calls a procedure that only reads. What comes of it says nothing of how changes fare.
    async fn read<D: Dialect>(
        &self,
        host: &impl Ports,
        procedure: Option<&str>,
        arguments: &Json,
    ) -> Result<OutboundReply, ReadError> {
        let procedure = procedure.ok_or(ReadError::NotOffered)?;
        let mut exchange = self.client.exchange(host);
        let target = D::reader(exchange.path(), procedure);
        let body = arguments.to_string().into_bytes();
        let request = DataApiRequest::new("POST", target).with_body(body);
        match exchange.send(&request).await {
            Err(error) if D::is_missing(&error) => Err(ReadError::NotOffered),
            answer => Ok(answer?),
        }
    }

    /// Remembers whether the data API refuses every change. What is transient, or has not
    /// come to it at all, leaves that as it was.
    fn note(&self, clock: &impl Clock, result: &Result<Outcome, DeliveryError>) {
        let refused = match result {
            Ok(_) => None,
            Err(DeliveryError::Remote(error)) if error.refuses_all() => {
                Some((clock.monotonic(), error.clone()))
            }
            // It was understood, and by the data API itself.
            Err(DeliveryError::Remote(error)) if !error.is_retryable() => None,
            Err(_) => return,
        };
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refused;
    }

    fn refused_lately(&self, clock: &impl Clock) -> Option<OutboundError> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, error) = refused.as_ref()?;
        (clock.monotonic() < *at + REFUSED_LATELY).then(|| error.clone())
    }

    /// Whether it is there, and accepts changes as far as is known. Nothing is written.
    pub async fn probe<D: Dialect>(&self, host: &impl Ports) -> Result<(), DeliveryError> {
        if let Some(error) = self.refused_lately(host) {
            return Err(error.into());
        }
        let probe = D::probe(self.client.path(), &self.ejecuciones);
        let mut exchange = self.client.exchange(host);
        match exchange.attempt(&probe.root).await {
            Ok(answer) if D::is_root(&answer, &self.ejecuciones) => return Ok(()),
            Err(error) if !error.refuses_all() => return Err(error.into()),
            // Its root may be closed, or another service's.
            Ok(_) | Err(_) => {}
        }
        let closer = exchange.attempt(&probe.closer).await;
        D::takes_changes(closer, &self.ejecuciones).map_err(DeliveryError::from)
    }
}
