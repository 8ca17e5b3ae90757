//! Data API builder: Microsoft's, in front of SQL Server and Azure SQL.
//!
//! The procedure is an entity that takes POST: one request, and the database guards the row. For
//! a table there is no conditional update, so its row is looked at first; a change that comes in
//! between is written over, unless a policy in Data API builder's own settings guards the row.

use serde_json::Value as Json;

use super::change::{Change, Guard, IfAbsent};
use super::outcome::{DeliveryError, Outcome, Ports};
use super::remote::json;
use super::remote::{DataApiRequest, Dialect, Exchange, Probe};
use crate::config::{COLUMNS, Table, WriteTarget};
use crate::http::message::StatusCode;
use crate::outbound::ErrorFormat::Nested;
use crate::outbound::ErrorPattern::Codes;
use crate::outbound::Verdict::{Final, Transient, Waits};
use crate::outbound::{OutboundError, OutboundReply, Rule, encoded};

/// Without it a PATCH makes the row that is not there.
const ONLY_IF_THERE: (&str, &str) = ("if-match", "*");

/// Data API builder: `{"error":{"code":"…"}}`.
pub(super) const RULES: &[Rule] = &[
    Rule(
        &[400, 422],
        Codes(Nested, &["BadRequest", "DatabaseInputError"]),
        Final,
    ),
    // A snapshot conflict (3960), or a key that is there already.
    Rule(
        &[409],
        Codes(Nested, &["DatabaseOperationFailed"]),
        Transient,
    ),
    // A constraint or a view that does not accept the row; or a policy that keeps it.
    Rule(&[400], Codes(Nested, &["DatabaseOperationFailed"]), Waits),
    Rule(&[403], Codes(Nested, &["DatabasePolicyFailure"]), Waits),
];

/// Its protocol.
pub struct Dab;

impl Dialect for Dab {
    async fn call(
        exchange: &mut Exchange<'_, impl Ports>,
        procedure: &str,
        change: &Change,
    ) -> Result<Outcome, OutboundError> {
        let target = Self::reader(exchange.path(), procedure);
        let request = DataApiRequest::new("POST", target).with_body(json::arguments(change));
        let answer = exchange.send(&request).await?;
        json::outcome(&rows(&answer)?, &answer)
    }

    async fn write(
        exchange: &mut Exchange<'_, impl Ports>,
        table: &Table,
        change: &Change,
        now: &str,
    ) -> Result<Outcome, DeliveryError> {
        if change.guard == Guard::Exists && change.if_absent == IfAbsent::Insert {
            return insert(exchange, table, change, now).await;
        }
        let address = address(exchange.path(), table, change)?;
        loop {
            let row = look(exchange, &address, table, change).await?;
            let request = match &row {
                None if change.if_absent == IfAbsent::Report => return Ok(Outcome::NotFound),
                None => DataApiRequest::new("POST", entity(exchange.path(), table))
                    .with_body(json::row(table, change, now)),
                Some(row) if is_left(row, table, change) => return Ok(Outcome::AlreadyFinal),
                Some(row) => {
                    let is_null = |column: &str| row.get(column).is_none_or(Json::is_null);
                    DataApiRequest::new("PATCH", address.clone())
                        .with_header(ONLY_IF_THERE)
                        .with_body(json::columns(table, change, now, is_null))
                }
            };
            match exchange.attempt(&request).await {
                // The row comes back only to a role that may read it.
                Ok(answer) => {
                    rows(&answer)?;
                    return Ok(Outcome::Updated);
                }
                Err(error) if is_no_row(&error) || row.is_none() && is_conflict(&error) => {
                    return explain(exchange, &address, table, change).await;
                }
                // Never sent again without a look: the row may be final by then.
                Err(error) => exchange.second_attempt(error).await?,
            }
        }
    }

    fn reader(path: &str, procedure: &str) -> String {
        format!("{path}/{}", encoded(procedure))
    }

    fn is_missing(error: &OutboundError) -> bool {
        is_no_row(error)
    }

    fn row_address(
        path: &str,
        table: &Table,
        key: (&str, &str),
        columns: &str,
    ) -> Result<String, DeliveryError> {
        let row = row(path, table, key)?;
        Ok(format!("{row}?$select={columns}"))
    }

    fn rows(answer: &OutboundReply) -> Result<Vec<Json>, OutboundError> {
        rows(answer)
    }

    fn is_no_row(error: &OutboundError) -> bool {
        is_no_row(error)
    }

    const RULES: &'static [Rule] = RULES;

    /// Its liveness, which asks no database and is open to all; but it judges a token all the same.
    /// Closer: the entity itself, by a method that a procedure does not have, or one row's key.
    fn probe(path: &str, target: &WriteTarget) -> Probe {
        let closer = match target {
            WriteTarget::Procedure(name) => format!("{path}/{}", encoded(name)),
            WriteTarget::Table(table) => {
                let key = table.column(COLUMNS[0]).map(encoded);
                let key = key.map_or_else(String::new, |key| format!("&$select={key}"));
                format!("{}?$first=1{key}", entity(path, table))
            }
        };
        Probe {
            root: DataApiRequest::new("GET", "/".to_owned()),
            closer: DataApiRequest::new("GET", closer),
        }
    }

    /// `{"status":"Healthy","version":"…","app-name":"…"}`, or the word alone from older ones.
    fn is_root(answer: &OutboundReply, _: &WriteTarget) -> bool {
        let Ok(body) = answer.json() else {
            return answer.body.trim_ascii() == b"Healthy";
        };
        let is_healthy = body.get("status").and_then(Json::as_str) == Some("Healthy");
        is_healthy && (body.get("version").is_some() || body.get("app-name").is_some())
    }

    fn takes_changes(
        closer: Result<OutboundReply, OutboundError>,
        _: &WriteTarget,
    ) -> Result<(), OutboundError> {
        match closer {
            Ok(answer) => rows(&answer).map(drop),
            // A procedure is only called by POST.
            Err(OutboundError::Status { status, detail, .. })
                if status == StatusCode::METHOD_NOT_ALLOWED && detail.code(Nested).is_some() =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// Makes a row that is never changed: the key keeps a second one out, so that nothing has to be looked at
/// first, nor before the request is sent again.
async fn insert(
    exchange: &mut Exchange<'_, impl Ports>,
    table: &Table,
    change: &Change,
    now: &str,
) -> Result<Outcome, DeliveryError> {
    let request = DataApiRequest::new("POST", entity(exchange.path(), table))
        .with_body(json::row(table, change, now));
    loop {
        match exchange.attempt(&request).await {
            Ok(answer) => {
                rows(&answer)?;
                return Ok(Outcome::Updated);
            }
            Err(error) if is_conflict(&error) => {
                let address = address(exchange.path(), table, change)?;
                return explain(exchange, &address, table, change).await;
            }
            Err(error) => exchange.second_attempt(error).await?,
        }
    }
}

/// Why the row was not there to be changed, or was there when it was to be made: somebody else
/// was at it, or a policy keeps rows like this one from being written to.
async fn explain(
    exchange: &mut Exchange<'_, impl Ports>,
    address: &str,
    table: &Table,
    change: &Change,
) -> Result<Outcome, DeliveryError> {
    match look(exchange, address, table, change).await? {
        None if change.if_absent == IfAbsent::Report => Ok(Outcome::NotFound),
        Some(row) if is_left(&row, table, change) => Ok(Outcome::AlreadyFinal),
        _ => Err(DeliveryError::Withheld),
    }
}

/// What the guard looks at, and what is only set where there is nothing yet.
async fn look(
    exchange: &mut Exchange<'_, impl Ports>,
    address: &str,
    table: &Table,
    change: &Change,
) -> Result<Option<Json>, OutboundError> {
    let target = format!("{address}?$select={}", json::looked_at(table, change));
    let answer = match exchange.send(&DataApiRequest::new("GET", target)).await {
        Ok(answer) => answer,
        Err(error) if is_no_row(&error) => {
            exchange.doubtful = Some(error);
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    match <[Json; 1]>::try_from(rows(&answer)?) {
        Ok([row]) if json::has_state(&row, table, change) => Ok(Some(row)),
        Err(none) if none.is_empty() => Ok(None),
        _ => Err(answer.unexpected()),
    }
}

/// Where the row is, by its key.
fn address(path: &str, table: &Table, change: &Change) -> Result<String, DeliveryError> {
    let column = table.column(&change.entity.key_column);
    let column = column.ok_or(DeliveryError::Unaddressable)?;
    row(path, table, (column, &change.key))
}

/// The same, by the key column's own name.
fn row(path: &str, table: &Table, (column, key): (&str, &str)) -> Result<String, DeliveryError> {
    // The server in front of it reads these as steps in the path however they are encoded,
    // leaves an encoded slash encoded, and refuses a key that is blank.
    if matches!(key, "." | "..") || key.contains('/') || key.trim().is_empty() {
        return Err(DeliveryError::Unaddressable);
    }
    let entity = entity(path, table);
    Ok(format!("{entity}/{}/{}", encoded(column), encoded(key)))
}

fn entity(path: &str, table: &Table) -> String {
    format!("{}/{}", path, encoded(&table.name))
}

/// Every reply that says yes has rows under `value`.
fn rows(answer: &OutboundReply) -> Result<Vec<Json>, OutboundError> {
    match answer.json()?.get_mut("value").map(Json::take) {
        Some(Json::Array(rows)) => Ok(rows),
        _ => Err(answer.unexpected()),
    }
}

fn is_left(row: &Json, table: &Table, change: &Change) -> bool {
    change.leaves(json::current_state(row, table, change))
}

/// Whether the error is that there is no row with this key; what else is not found has no code, or
/// another.
fn is_no_row(error: &OutboundError) -> bool {
    matches!(
        error,
        OutboundError::Status { status, detail, .. }
            if *status == StatusCode::NOT_FOUND
                && matches!(detail.code(Nested), Some("EntityNotFound" | "ItemNotFound"))
    )
}

/// Whether the error is that there is a row with this key.
fn is_conflict(error: &OutboundError) -> bool {
    matches!(error, OutboundError::Status { status, .. } if *status == StatusCode::CONFLICT)
}

#[cfg(test)]
mod tests;
