//! The embedded data API: rows in the host's key-value store, for a desk without a database. One
//! JSON object a row, with SAM's columns and rules (dates are the database's local time,
//! `YYYY-MM-DDThh:mm:ss`), but the first change of an unknown row makes it: there is no Lanzador here.
//!
//! The store has no compare-and-set; [`row_lock`] orders changes of one row.

mod row_lock;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::change::{Change, Entity, Value};
use super::ejecuciones::{DeploymentId, EJECUCIONES};
use super::local_time::local_time;
use super::lookup::{FoundRow, HAS_CALLBACK, Row};
use super::outcome::{DeliveryError, Outcome};
use crate::config::{CALLBACK_INFO, UtcOffset};
use crate::http::json;
use crate::ports::{Clock, KeyValue, Random};
use row_lock::{RowLock, RowLocks};

/// Keys are made of what every key-value service takes.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The adapter.
pub struct Embedded {
    utc_offset: UtcOffset,
    locks: RowLocks,
}

/// Whose write it is: no column, and left out for readers.
const BY: &str = "_by";

/// What came of one attempt at a change.
enum Attempt {
    /// This.
    Done(Outcome),
    /// Somebody else was at the row, and it has to be tried again.
    Contended,
}

impl Embedded {
    /// `utc_offset` is the local time that the rows' dates are in.
    pub fn new(utc_offset: UtcOffset) -> Self {
        Self {
            utc_offset,
            locks: RowLocks::default(),
        }
    }

    /// Makes the change, and the row where there is none.
    pub async fn apply(
        &self,
        host: &(impl KeyValue + Clock + Random),
        change: &Change,
    ) -> Result<Outcome, DeliveryError> {
        let key = key(&change.entity, &change.key);
        let lock = self.locks.wait(host, &key).await;
        for round in 0..row_lock::ROUNDS {
            if is_left(&read(host, &key).await?, change) {
                return Ok(Outcome::AlreadyFinal);
            }
            if let Attempt::Done(outcome) = self.attempt(host, &lock, change).await? {
                return Ok(outcome);
            }
            row_lock::step_back(host, round).await;
        }
        Err(DeliveryError::Contended)
    }

    /// Tries to make the change once.
    async fn attempt(
        &self,
        host: &(impl KeyValue + Clock + Random),
        lock: &RowLock<'_>,
        change: &Change,
    ) -> Result<Attempt, DeliveryError> {
        let (claim, quiet) = lock.claim(host).await?;
        let key = lock.key();
        let stored = read(host, key).await?;
        if is_left(&stored, change) {
            return Ok(Attempt::Done(Outcome::AlreadyFinal));
        }
        if !lock.is_still(host, claim).await? {
            return Ok(Attempt::Contended);
        }
        let mut row = stored.unwrap_or_default();
        write(&mut row, change, &local_time(host.now(), self.utc_offset));
        let by = claim.to_string();
        row.insert(BY.to_owned(), Json::from(by.as_str()));
        let value = serde_json::to_vec(&row).map_err(corrupt)?;
        host.set(key, &value).await?;

        let ours = |row: &Option<Row>| text(row, BY) == Some(&*by);
        let mut stored = read(host, key).await?;
        if !quiet || !ours(&stored) || !lock.is_still(host, claim).await? {
            // Somebody came before or in between: what stands here when all have written counts.
            host.sleep(row_lock::SETTLE).await;
            stored = read(host, key).await?;
        }
        Ok(if ours(&stored) {
            Attempt::Done(Outcome::Updated)
        } else if is_left(&stored, change) {
            Attempt::Done(Outcome::AlreadyFinal)
        } else {
            Attempt::Contended
        })
    }

    /// The row as JSON.
    pub async fn find(
        &self,
        host: &impl KeyValue,
        deployment_id: &DeploymentId,
    ) -> Result<Option<Vec<u8>>, DeliveryError> {
        let key = key(&EJECUCIONES, deployment_id.as_str());
        let row = read(host, &key).await?;
        row.map(|row| serde_json::to_vec(&PublicRow(&row)).map_err(corrupt))
            .transpose()
    }

    /// The row as operators read it.
    pub async fn look_up(
        &self,
        host: &impl KeyValue,
        deployment_id: &DeploymentId,
    ) -> Result<Option<FoundRow>, DeliveryError> {
        let row = read(host, &key(&EJECUCIONES, deployment_id.as_str())).await?;
        Ok(row.map(|mut row| {
            row.remove(BY);
            let callback = row.remove(CALLBACK_INFO);
            let has_callback = callback.is_some_and(|callback| !callback.is_null());
            row.insert(HAS_CALLBACK.to_owned(), Json::from(has_callback));
            FoundRow::new(row)
        }))
    }

    /// Whether the store can be read.
    pub async fn probe(&self, host: &impl KeyValue) -> Result<(), DeliveryError> {
        host.get(NOWHERE).await?;
        Ok(())
    }
}

async fn read(host: &impl KeyValue, key: &str) -> Result<Option<Row>, DeliveryError> {
    let value = host.get(key).await?;
    value
        .map(|value| json::parse(&value).map_err(corrupt))
        .transpose()
}

fn is_left(row: &Option<Row>, change: &Change) -> bool {
    let current = change.guard.column().and_then(|column| text(row, column));
    row.is_some() && change.leaves(current)
}

fn text<'a>(row: &'a Option<Row>, column: &str) -> Option<&'a str> {
    row.as_ref()?.get(column)?.as_str()
}

/// A row without what is no column.
struct PublicRow<'a>(&'a Row);

impl Serialize for PublicRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().filter(|(column, _)| *column != BY))
    }
}

fn write(row: &mut Row, change: &Change, now: &str) {
    let key_column = change.entity.key_column.clone();
    row.insert(key_column.into_owned(), Json::from(change.key.as_str()));
    for (column, value) in &change.values {
        let value = match value {
            Value::Text(text) => Json::from(text.as_str()),
            Value::Null => Json::Null,
            Value::NowIfNull
                if row
                    .get(column.as_ref())
                    .is_some_and(|value| !value.is_null()) =>
            {
                continue;
            }
            Value::Now | Value::NowIfNull => Json::from(now),
        };
        row.insert(column.clone().into_owned(), value);
    }
}

/// Where no row is, so that asking for it only shows whether the store answers.
const NOWHERE: &str = "Ejecuciones:";

fn key(entity: &Entity, key: &str) -> String {
    let encoded = utf8_percent_encode(key, ENCODED);
    format!("{}:{encoded}", entity.name)
}

/// The message has a place, and may have a name of a column, but no value.
fn corrupt(error: serde_json::Error) -> DeliveryError {
    DeliveryError::Corrupt(format!("line {}, column {}", error.line(), error.column()))
}

#[cfg(test)]
mod tests;
