//! A data API that is a server: what all of them do alike, and what each says in its own words.

// One thread runs an instance, so no caller needs the futures to be `Send`.
#![allow(async_fn_in_trait)]

use super::{Client, Exchange, Fault, Probe};
use crate::config::{Names, Remote, Table, Target, UtcOffset};
use crate::delivery::{Change, EJECUCIONES, Failure, Outcome, Ports, Tried, local_time};

/// How one kind of data API is spoken to.
pub trait Dialect {
    /// Has the database's own procedure make the change.
    async fn call(
        exchange: &mut Exchange<'_, impl Ports>,
        procedure: &str,
        change: &Change,
    ) -> Result<Outcome, Fault>;

    /// Makes the change in a table, or leaves the row as it was.
    async fn write(
        exchange: &mut Exchange<'_, impl Ports>,
        table: &Table,
        change: &Change,
        now: &str,
    ) -> Result<Outcome, Failure>;

    /// How to ask whether it is there; `path` is where it begins.
    fn probe(path: &str) -> Probe;
}

/// The adapter for one server.
pub struct Server {
    client: Client,
    ejecuciones: Target,
    names: Names,
    utc_offset: UtcOffset,
}

impl Server {
    /// The adapter for these settings.
    pub fn new(settings: Remote, names: Names) -> Self {
        Self {
            client: Client::new(settings.server),
            ejecuciones: settings.ejecuciones,
            names,
            utc_offset: settings.utc_offset,
        }
    }

    /// Makes the change, or leaves the row as it was.
    pub async fn apply<D: Dialect>(&self, host: &impl Ports, change: &Change) -> Tried {
        let mut exchange = self.client.exchange(host);
        let now = || local_time(host.now(), self.utc_offset);
        let result = match &self.ejecuciones {
            // Only SAM's own table has a procedure.
            _ if change.entity != EJECUCIONES => match self.names.table(&change.entity.name) {
                Some(table) => D::write(&mut exchange, &table, change, &now()).await,
                None => Err(Failure::Nameless),
            },
            Target::Procedure(name) => {
                let called = D::call(&mut exchange, name, change).await;
                called.map_err(Failure::from)
            }
            Target::Table(table) => D::write(&mut exchange, table, change, &now()).await,
        };
        exchange.end(result)
    }

    /// Whether it is there: it answers, and with no failure of its own.
    pub async fn probe<D: Dialect>(&self, host: &impl Ports) -> Result<(), Failure> {
        let probe = D::probe(self.client.path());
        match self.client.exchange(host).attempt(&probe.call).await {
            Err(Fault::Status { status, .. })
                if status.is_client_error() && !probe.refusals.contains(&status.as_u16()) =>
            {
                Ok(())
            }
            Err(fault) => Err(fault.into()),
            Ok(_) => Ok(()),
        }
    }
}
