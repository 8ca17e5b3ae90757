//! The embedded data API: SAM's rows in the host's key-value store, for a desk without a
//! database. One JSON object a deployment, with the columns of `Ejecuciones` and its rules, but
//! the first callback of an unknown deployment makes the row: there is no Lanzador here.
//!
//! The store has no compare-and-set. Callbacks for one deployment that reach one instance take
//! turns here; of two that reach two instances in the same moment the last write wins.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::{Change, DeploymentId, Failure, Outcome, Status};
use crate::config::UtcOffset;
use crate::ports::{Clock, KeyValue};

/// Keys are made of what every key-value service takes.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// How long a callback waits before it looks again whether its row is free.
const TURN: Duration = Duration::from_millis(1);

/// The adapter.
pub struct Embedded {
    utc_offset: UtcOffset,
    rows: RowsInUse,
}

/// Keys of the rows that requests of this instance are changing.
#[derive(Default)]
struct RowsInUse(Mutex<BTreeSet<String>>);

impl RowsInUse {
    /// Waits until nobody else here changes the row, which is then the caller's.
    async fn take(&self, clock: &impl Clock, key: &str) -> RowInUse<'_> {
        while !self.keys().insert(key.to_owned()) {
            clock.sleep(TURN).await;
        }
        RowInUse {
            rows: self,
            key: key.to_owned(),
        }
    }

    fn keys(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A row that is the holder's until this is dropped.
struct RowInUse<'a> {
    rows: &'a RowsInUse,
    key: String,
}

impl Drop for RowInUse<'_> {
    fn drop(&mut self) {
        self.rows.keys().remove(&self.key);
    }
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
        }
    }

    fn apply(&mut self, change: &Change, now: &str) {
        change.status.as_str().clone_into(&mut self.estado);
        self.fecha_fin = Some(now.to_owned());
        self.fecha_inicio_real.get_or_insert_with(|| now.to_owned());
        self.fecha_actualizacion = Some(now.to_owned());
        self.callback_info = Some(change.callback_info.clone());
    }
}

impl Embedded {
    /// `utc_offset` is the local time that the rows' dates are in.
    pub fn new(utc_offset: UtcOffset) -> Self {
        Self {
            utc_offset,
            rows: RowsInUse::default(),
        }
    }

    /// Makes the change, and the row where there is none.
    pub async fn apply(
        &self,
        host: &(impl KeyValue + Clock),
        change: &Change,
    ) -> Result<Outcome, Failure> {
        let key = key(&change.deployment_id);
        let _row = self.rows.take(host, &key).await;
        let now = local_time(host.now(), self.utc_offset);
        let mut row = match host.get(&key).await? {
            Some(stored) => serde_json::from_slice(&stored).map_err(corrupt)?,
            None => Row::new(&change.deployment_id, &now),
        };
        if Status::is_final(&row.estado) {
            return Ok(Outcome::AlreadyFinal);
        }
        row.apply(change, &now);
        host.set(&key, &serde_json::to_vec(&row).map_err(corrupt)?)
            .await?;
        Ok(Outcome::Updated)
    }

    /// The row as it is stored.
    pub async fn find(
        &self,
        host: &impl KeyValue,
        deployment_id: &DeploymentId,
    ) -> Result<Option<Vec<u8>>, Failure> {
        Ok(host.get(&key(deployment_id)).await?)
    }

    /// Whether the store can be read.
    pub async fn probe(&self, host: &impl KeyValue) -> Result<(), Failure> {
        host.get(PREFIX).await?;
        Ok(())
    }
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
mod tests {
    use futures_executor::block_on;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::FakeHost;

    const UTC: UtcOffset = UtcOffset {
        behind: false,
        distance: Duration::ZERO,
    };

    fn change(status: &str, callback_info: &str) -> Change {
        Change {
            deployment_id: DeploymentId::new("dep/1").expect("fits"),
            status: Status::new(status).expect("fits"),
            callback_info: callback_info.to_owned(),
        }
    }

    fn row(host: &FakeHost, embedded: &Embedded) -> Value {
        let id = DeploymentId::new("dep/1").expect("fits");
        let stored = block_on(embedded.find(host, &id))
            .expect("read")
            .expect("there");
        serde_json::from_slice(&stored).expect("JSON")
    }

    #[test]
    fn the_first_callback_makes_the_row_with_every_column() {
        let (host, embedded) = (FakeHost::default(), Embedded::new(UTC));
        let outcome = block_on(embedded.apply(&host, &change("RUN_COMPLETED", "{\"a\":1}")));
        assert_eq!(outcome, Ok(Outcome::Updated));
        assert_eq!(
            row(&host, &embedded),
            json!({
                "EjecucionId": null, "DeploymentId": "dep/1", "RobotId": null, "EquipoId": null,
                "UserId": null, "Hora": null, "FechaInicio": "2026-01-02T03:04:05",
                "FechaFin": "2026-01-02T03:04:05", "Estado": "RUN_COMPLETED",
                "FechaActualizacion": "2026-01-02T03:04:05", "CallbackInfo": "{\"a\":1}",
                "IntentosConciliadorFallidos": 0, "FechaUltimoUNKNOWN": null,
                "FechaInicioReal": "2026-01-02T03:04:05"
            })
        );
    }

    #[test]
    fn a_final_state_is_never_changed() {
        let (host, embedded) = (FakeHost::default(), Embedded::new(UTC));
        block_on(embedded.apply(&host, &change("RUN_FAILED", "1"))).expect("made");
        let before = row(&host, &embedded);
        for status in ["RUN_COMPLETED", "RUN_FAILED", "RUNNING"] {
            let outcome = block_on(embedded.apply(&host, &change(status, "2")));
            assert_eq!(outcome, Ok(Outcome::AlreadyFinal));
        }
        assert_eq!(row(&host, &embedded), before);
    }

    #[test]
    fn a_state_that_is_not_final_is_changed_and_the_real_start_is_kept() {
        let (host, embedded) = (FakeHost::default(), Embedded::new(UTC));
        block_on(embedded.apply(&host, &change("RUNNING", "1"))).expect("made");
        host.advance(Duration::from_secs(60));
        let outcome = block_on(embedded.apply(&host, &change("UNKNOWN", "2")));
        assert_eq!(outcome, Ok(Outcome::Updated));
        let outcome = block_on(embedded.apply(&host, &change("COMPLETED", "3")));
        assert_eq!(outcome, Ok(Outcome::Updated));
        let row = row(&host, &embedded);
        assert_eq!(row["Estado"], "COMPLETED");
        assert_eq!(row["CallbackInfo"], "3");
        assert_eq!(row["FechaInicio"], "2026-01-02T03:04:05");
        assert_eq!(row["FechaInicioReal"], "2026-01-02T03:04:05");
        assert_eq!(row["FechaFin"], "2026-01-02T03:05:05");
    }

    #[test]
    fn of_callbacks_at_once_in_one_instance_one_wins() {
        let (host, embedded) = (FakeHost::default(), Embedded::new(UTC));
        let changes: Vec<_> = (0..16)
            .map(|n| change("RUN_FAILED", &n.to_string()))
            .collect();
        let all = changes.iter().map(|change| embedded.apply(&host, change));
        let outcomes = block_on(futures_util::future::join_all(all));
        let updated = outcomes
            .iter()
            .filter(|o| **o == Ok(Outcome::Updated))
            .count();
        assert_eq!(updated, 1);
    }

    #[test]
    fn dates_are_the_databases_local_time() {
        let (host, _) = (FakeHost::default(), ());
        let lima = UtcOffset {
            behind: true,
            distance: Duration::from_secs(5 * 3600),
        };
        assert_eq!(local_time(host.now(), lima), "2026-01-01T22:04:05");
        let madrid = UtcOffset {
            behind: false,
            distance: Duration::from_secs(3600),
        };
        assert_eq!(local_time(host.now(), madrid), "2026-01-02T04:04:05");
    }

    #[test]
    fn different_ids_have_different_keys() {
        let ids = ["a/b", "a%2Fb", "a", "A", "../a", "*", "ñ", "\u{1f916}"];
        let mut keys: Vec<_> = ids
            .iter()
            .map(|id| key(&DeploymentId::new(*id).expect("fits")))
            .collect();
        assert!(keys.iter().all(|k| k.is_ascii() && !k.contains('/')));
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), ids.len());
    }

    #[test]
    fn a_store_that_fails_and_a_row_that_is_none_are_told_apart() {
        let embedded = Embedded::new(UTC);
        let mut host = FakeHost::default();
        host.store_fails = true;
        let failed = block_on(embedded.apply(&host, &change("RUN_FAILED", "1")));
        assert!(matches!(failed, Err(Failure::Store(_))));
        host.store_fails = false;
        block_on(host.set(&key(&change("x", "1").deployment_id), b"no row")).expect("set");
        let failed = block_on(embedded.apply(&host, &change("RUN_FAILED", "1")));
        assert!(matches!(failed, Err(Failure::Corrupt(_))));
    }
}
