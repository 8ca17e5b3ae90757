//! The embedded data API: SAM's rows in the host's key-value store, for a desk without a
//! database. One JSON object a deployment, with the columns of `Ejecuciones` and its rules, but
//! the first callback of an unknown deployment makes the row: there is no Lanzador here.
//!
//! The store has no compare-and-set; [`turns`] makes callbacks for one deployment take turns.

mod turns;

use std::time::SystemTime;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::{Change, DeploymentId, Failure, Outcome, Status};
use crate::config::UtcOffset;
use crate::ports::{Clock, KeyValue, Random};
use turns::{Mark, Turn, Turns};

/// Keys are made of what every key-value service takes.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The adapter.
pub struct Embedded {
    utc_offset: UtcOffset,
    turns: Turns,
}

/// A row of `Ejecuciones`, with the database's own names. Dates are the database's local time,
/// `YYYY-MM-DDThh:mm:ss`. What only SAM's other programs write stays null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Row {
    ejecucion_id: Option<i32>,
    deployment_id: String,
    robot_id: Option<i32>,
    equipo_id: Option<i32>,
    user_id: Option<i32>,
    hora: Option<String>,
    fecha_inicio: String,
    fecha_fin: Option<String>,
    estado: String,
    fecha_actualizacion: Option<String>,
    callback_info: Option<String>,
    intentos_conciliador_fallidos: i32,
    #[serde(rename = "FechaUltimoUNKNOWN")]
    fecha_ultimo_unknown: Option<String>,
    fecha_inicio_real: Option<String>,
    /// Whose write it is: no column, and not shown to readers.
    #[serde(rename = "_by", skip_serializing_if = "Option::is_none")]
    by: Option<Mark>,
}

impl Row {
    fn new(deployment_id: &DeploymentId, now: &str) -> Self {
        Self {
            ejecucion_id: None,
            deployment_id: deployment_id.to_string(),
            robot_id: None,
            equipo_id: None,
            user_id: None,
            hora: None,
            fecha_inicio: now.to_owned(),
            fecha_fin: None,
            estado: String::new(),
            fecha_actualizacion: None,
            callback_info: None,
            intentos_conciliador_fallidos: 0,
            fecha_ultimo_unknown: None,
            fecha_inicio_real: None,
            by: None,
        }
    }

    fn apply(&mut self, change: &Change, now: &str, by: Mark) {
        change.status.as_str().clone_into(&mut self.estado);
        self.fecha_fin = Some(now.to_owned());
        self.fecha_inicio_real.get_or_insert_with(|| now.to_owned());
        self.fecha_actualizacion = Some(now.to_owned());
        self.callback_info = Some(change.callback_info.clone());
        self.by = Some(by);
    }
}

impl Embedded {
    /// `utc_offset` is the local time that the rows' dates are in.
    pub fn new(utc_offset: UtcOffset) -> Self {
        Self {
            utc_offset,
            turns: Turns::default(),
        }
    }

    /// Makes the change, and the row where there is none.
    pub async fn apply(
        &self,
        host: &(impl KeyValue + Clock + Random),
        change: &Change,
    ) -> Result<Outcome, Failure> {
        let key = key(&change.deployment_id);
        let turn = self.turns.wait(host, &key).await;
        for round in 0..turns::ROUNDS {
            if is_final(&read(host, &key).await?) {
                return Ok(Outcome::AlreadyFinal);
            }
            if let Some(outcome) = self.attempt(host, &turn, change).await? {
                return Ok(outcome);
            }
            turns::step_back(host, round).await;
        }
        Err(Failure::Contended)
    }

    /// `None`: somebody else was at the row, and it has to be tried again.
    async fn attempt(
        &self,
        host: &(impl KeyValue + Clock + Random),
        turn: &Turn<'_>,
        change: &Change,
    ) -> Result<Option<Outcome>, Failure> {
        let (mark, quiet) = turn.mark(host).await?;
        let key = turn.key();
        let stored = read(host, key).await?;
        if is_final(&stored) {
            return Ok(Some(Outcome::AlreadyFinal));
        }
        if !turn.is_still(host, mark).await? {
            return Ok(None);
        }
        let now = local_time(host.now(), self.utc_offset);
        let mut row = stored.unwrap_or_else(|| Row::new(&change.deployment_id, &now));
        row.apply(change, &now, mark);
        let value = serde_json::to_vec(&row).map_err(corrupt)?;
        host.set(key, &value).await?;

        let ours = |row: &Option<Row>| row.as_ref().is_some_and(|row| row.by == Some(mark));
        let mut stored = read(host, key).await?;
        if !quiet || !ours(&stored) || !turn.is_still(host, mark).await? {
            // Somebody came before or in between: what stands here when all have written counts.
            host.sleep(turns::SETTLE).await;
            stored = read(host, key).await?;
        }
        Ok(if ours(&stored) {
            Some(Outcome::Updated)
        } else if is_final(&stored) {
            Some(Outcome::AlreadyFinal)
        } else {
            None
        })
    }

    /// The row as JSON.
    pub async fn find(
        &self,
        host: &impl KeyValue,
        deployment_id: &DeploymentId,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let row = read(host, &key(deployment_id)).await?;
        row.map(|row| serde_json::to_vec(&Row { by: None, ..row }).map_err(corrupt))
            .transpose()
    }

    /// Whether the store can be read.
    pub async fn probe(&self, host: &impl KeyValue) -> Result<(), Failure> {
        host.get(PREFIX).await?;
        Ok(())
    }
}

async fn read(host: &impl KeyValue, key: &str) -> Result<Option<Row>, Failure> {
    let value = host.get(key).await?;
    value
        .map(|value| serde_json::from_slice(&value).map_err(corrupt))
        .transpose()
}

fn is_final(row: &Option<Row>) -> bool {
    row.as_ref()
        .is_some_and(|row| Status::is_final(&row.estado))
}

const PREFIX: &str = "Ejecuciones:";

fn key(deployment_id: &DeploymentId) -> String {
    let encoded = utf8_percent_encode(deployment_id.as_str(), ENCODED);
    format!("{PREFIX}{encoded}")
}

/// The message has a place, and may have a name of a column, but no value.
fn corrupt(error: serde_json::Error) -> Failure {
    Failure::Corrupt(format!("line {}, column {}", error.line(), error.column()))
}

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
