//! What operators read of SAM's rows: one by its deployment id, and those that are active too long without a
//! callback. Nothing here writes.

use serde_json::{Map, Value as Json};

use super::outcome::DeliveryError;
use crate::config::{CALLBACK_INFO, ESTADO, Table};
use crate::outbound::{OutboundError, OutboundReply};

/// A row as the data API gave it, by the database's own column names.
pub type Row = Map<String, Json>;

/// Whether the row has a callback: without the callback itself, which may hold what robots know.
pub const HAS_CALLBACK: &str = "ConCallback";

/// Whether the row was found in the history.
const IN_HISTORY: &str = "Historico";

/// Why nothing was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no procedure for it: the setting says so, or the data API.
    #[error("the database has no procedure for this")]
    NotOffered,
    /// It could not be read.
    #[error(transparent)]
    Failed(#[from] DeliveryError),
}

impl From<OutboundError> for ReadError {
    fn from(error: OutboundError) -> Self {
        Self::Failed(error.into())
    }
}

/// A row of `Ejecuciones`, and what it says of its callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRow {
    /// As the data API gave it.
    pub row: Row,
    /// `Estado`.
    pub state: String,
    /// `FechaFin`, in the database's local time.
    pub ended: Option<String>,
    /// Whether a callback is in it; `None`: it cannot be seen.
    pub has_callback: Option<bool>,
    /// Whether SAM has moved it to the history.
    pub is_archived: bool,
}

/// A row that is active too long without a callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverdueRow {
    /// Its deployment.
    pub deployment_id: String,
    /// `Estado`.
    pub state: String,
    /// `FechaInicio`, in the database's local time.
    pub started: Option<String>,
}

impl FoundRow {
    /// A row with SAM's own columns.
    pub fn new(row: Row) -> Self {
        let seen = row.get(HAS_CALLBACK).and_then(Json::as_bool);
        let has_callback = seen.or_else(|| Some(!row.get(CALLBACK_INFO)?.is_null()));
        Self {
            state: text(&row, ESTADO).unwrap_or_default(),
            ended: text(&row, "FechaFin"),
            is_archived: row.get(IN_HISTORY).and_then(Json::as_bool) == Some(true),
            has_callback,
            row,
        }
    }

    /// A row of a table whose columns have other names.
    pub fn of_table(row: Row, table: &Table) -> Self {
        let named = |column| table.column(column).and_then(|name| text(&row, name));
        Self {
            state: named(ESTADO).unwrap_or_default(),
            ended: named("FechaFin"),
            has_callback: None,
            is_archived: false,
            row,
        }
    }
}

impl OverdueRow {
    /// Reads a row; `None` where it is none of these.
    fn read(row: &Json) -> Option<Self> {
        let row = row.as_object()?;
        Some(Self {
            deployment_id: text(row, "DeploymentId")?,
            state: text(row, ESTADO)?,
            started: text(row, "FechaInicio"),
        })
    }
}

/// The one row of a reply, or none.
pub fn one(rows: Vec<Json>, answer: &OutboundReply) -> Result<Option<Row>, OutboundError> {
    let mut rows = rows.into_iter();
    match (rows.next(), rows.next()) {
        (None, _) => Ok(None),
        (Some(Json::Object(row)), None) => Ok(Some(row)),
        _ => Err(answer.unexpected()),
    }
}

/// The rows of a reply that are active too long; of more than `most` the first.
pub fn overdue(
    rows: &[Json],
    most: usize,
    answer: &OutboundReply,
) -> Result<Vec<OverdueRow>, OutboundError> {
    let rows = rows.iter().take(most).map(OverdueRow::read);
    let rows: Option<Vec<_>> = rows.collect();
    rows.ok_or_else(|| answer.unexpected())
}

fn text(row: &Row, column: &str) -> Option<String> {
    row.get(column)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
