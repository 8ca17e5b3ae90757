//! Data API builder: Microsoft's, in front of SQL Server and Azure SQL.
//!
//! The procedure is an entity that takes POST: one request, and the database guards the row. For
//! a table there is no conditional update, so its row is looked at first; a change that comes in
//! between is written over, unless a policy in Data API builder's own settings guards the row.

use ::http::{Method, StatusCode};
use serde_json::Value as Json;

use super::change::{Change, IfAbsent};
use super::remote::json;
use super::remote::{Answer, Call, Client, Exchange, Fault, Probe, Said};
use super::{Failure, Outcome, encoded, local_time};
use crate::config::{Remote, Table, Target, UtcOffset};
use crate::ports::{Clock, Outbound, Random};

/// Without it a PATCH makes the row that is not there.
const ONLY_IF_THERE: (&str, &str) = ("if-match", "*");

/// The adapter.
pub struct Dab {
    client: Client,
    ejecuciones: Target,
    utc_offset: UtcOffset,
}

impl Dab {
    /// The adapter for these settings.
    pub fn new(settings: Remote) -> Self {
        Self {
            client: Client::new(settings.server),
            ejecuciones: settings.ejecuciones,
            utc_offset: settings.utc_offset,
        }
    }

    /// The client, for what has nothing to do with Data API builder.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Makes the change, or leaves the row as it was.
    pub async fn apply<H: Clock + Outbound + Random>(
        &self,
        exchange: &mut Exchange<'_, H>,
        change: &Change,
    ) -> Result<Outcome, Failure> {
        match &self.ejecuciones {
            Target::Procedure(name) => Ok(self.call(exchange, name, change).await?),
            Target::Table(table) => {
                let now = local_time(exchange.host.now(), self.utc_offset);
                self.write(exchange, table, change, &now).await
            }
        }
    }

    async fn call<H: Clock + Outbound + Random>(
        &self,
        exchange: &mut Exchange<'_, H>,
        procedure: &str,
        change: &Change,
    ) -> Result<Outcome, Fault> {
        let target = format!("{}/{}", self.client.path(), encoded(procedure));
        let call = Call::new(Method::POST, target).with_body(json::arguments(change));
        let answer = exchange.send(&call).await?;
        json::outcome(&rows(&answer)?, &answer)
    }

    async fn write<H: Clock + Outbound + Random>(
        &self,
        exchange: &mut Exchange<'_, H>,
        table: &Table,
        change: &Change,
        now: &str,
    ) -> Result<Outcome, Failure> {
        let address = self.address(table, change)?;
        loop {
            let row = self.look(exchange, &address, table, change).await?;
            let call = match &row {
                None if change.if_absent == IfAbsent::Report => return Ok(Outcome::NotFound),
                None => Call::new(Method::POST, self.entity(table))
                    .with_body(json::row(table, change, now)),
                Some(row) if is_last(row, table, change) => return Ok(Outcome::AlreadyFinal),
                Some(row) => {
                    let is_null = |column: &str| row.get(column).is_none_or(Json::is_null);
                    Call::new(Method::PATCH, address.clone())
                        .with_header(ONLY_IF_THERE)
                        .with_body(json::columns(table, change, now, is_null))
                }
            };
            match exchange.attempt(&call).await {
                // The row comes back only to a role that may read it.
                Ok(answer) => {
                    rows(&answer)?;
                    return Ok(Outcome::Updated);
                }
                Err(fault) if is_no_row(&fault) || is_conflict(&fault) => {
                    return self.explain(exchange, &address, table, change).await;
                }
                // Never sent again without a look: the row may be final by then.
                Err(fault) => exchange.second_chance(fault).await?,
            }
        }
    }

    /// Why the row was not there to be changed, or was there when it was to be made: somebody else
    /// was at it, or a policy keeps rows like this one from being written to.
    async fn explain<H: Clock + Outbound + Random>(
        &self,
        exchange: &mut Exchange<'_, H>,
        address: &str,
        table: &Table,
        change: &Change,
    ) -> Result<Outcome, Failure> {
        match self.look(exchange, address, table, change).await? {
            None if change.if_absent == IfAbsent::Report => Ok(Outcome::NotFound),
            Some(row) if is_last(&row, table, change) => Ok(Outcome::AlreadyFinal),
            _ => Err(Failure::Withheld),
        }
    }

    /// What the guard looks at, and what is only set where there is nothing yet.
    async fn look<H: Clock + Outbound + Random>(
        &self,
        exchange: &mut Exchange<'_, H>,
        address: &str,
        table: &Table,
        change: &Change,
    ) -> Result<Option<Json>, Fault> {
        let state = table.column(change.guard.column);
        let columns = state
            .into_iter()
            .chain(json::only_where_null(table, change));
        let columns: Vec<_> = columns.map(|column| encoded(column).to_string()).collect();
        let target = format!("{address}?$select={}", columns.join(","));
        let answer = match exchange.send(&Call::new(Method::GET, target)).await {
            Ok(answer) => answer,
            Err(fault) if is_no_row(&fault) => {
                exchange.doubtful = Some(fault);
                return Ok(None);
            }
            Err(fault) => return Err(fault),
        };
        match <[Json; 1]>::try_from(rows(&answer)?) {
            Ok([row]) if json::has_state(&row, state) => Ok(Some(row)),
            Err(none) if none.is_empty() => Ok(None),
            _ => Err(json::shape(&answer)),
        }
    }

    /// Where the row is, by its key.
    fn address(&self, table: &Table, change: &Change) -> Result<String, Failure> {
        let column = table.column(change.entity.key_column());
        let column = column.ok_or(Failure::Unaddressable)?;
        // The server in front of it takes these for steps in the path however they are encoded,
        // leaves an encoded slash encoded, and refuses a key that is blank.
        let key = change.key.as_str();
        if matches!(key, "." | "..") || key.contains('/') || key.trim().is_empty() {
            return Err(Failure::Unaddressable);
        }
        let entity = self.entity(table);
        Ok(format!("{entity}/{}/{}", encoded(column), encoded(key)))
    }

    fn entity(&self, table: &Table) -> String {
        format!("{}/{}", self.client.path(), encoded(&table.name))
    }

    /// Its liveness, which asks no database and is open to all; but it judges a token all the same.
    pub fn probe(&self) -> Probe {
        Probe {
            call: Call::new(Method::GET, "/".to_owned()),
            refusals: &[401, 403],
        }
    }
}

/// Every reply that says yes has rows under `value`.
fn rows(answer: &Answer) -> Result<Vec<Json>, Fault> {
    match json::read(answer)?.get_mut("value").map(Json::take) {
        Some(Json::Array(rows)) => Ok(rows),
        _ => Err(json::shape(answer)),
    }
}

fn is_last(row: &Json, table: &Table, change: &Change) -> bool {
    let held = table.column(change.guard.column);
    let held = held.and_then(|column| row.get(column)?.as_str());
    held.is_some_and(|held| change.guard.is_last(held))
}

/// Whether the fault is that there is no row with this key; what else is not found has no code, or
/// another.
fn is_no_row(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Status { status, said: Said::Code(code), .. }
            if *status == StatusCode::NOT_FOUND && code.ends_with("NotFound")
    )
}

/// Whether the fault is that there is a row with this key.
fn is_conflict(fault: &Fault) -> bool {
    matches!(fault, Fault::Status { status, .. } if *status == StatusCode::CONFLICT)
}

#[cfg(test)]
mod tests;
