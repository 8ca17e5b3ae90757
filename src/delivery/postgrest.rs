//! PostgREST, in front of PostgreSQL; also as Supabase serves it.
//!
//! The function is one request, and the database guards the row. A PATCH of the table is atomic
//! too, its filters being the guard. What a filter cannot say is "set this only where there is
//! nothing yet": the first PATCH changes rows where there is nothing, and only a row that it
//! did not change is read, to tell why.

use serde_json::Value as Json;

use super::change::{Change, Guard, IfAbsent};
use super::outcome::{DeliveryError, Outcome, Ports};
use super::remote::json;
use super::remote::{DataApiRequest, Dialect, Exchange, Probe};
use crate::config::{CALLBACK_INFO, COLUMNS, ESTADO, Table, WriteTarget};
use crate::http::message::StatusCode;
use crate::outbound::ErrorFormat::TopLevel;
use crate::outbound::ErrorPattern::{Classes, Codes};
use crate::outbound::Verdict::{Final, RefusesAll, Transient, Waits};
use crate::outbound::{OutboundError, OutboundReply, Rule, encoded};

/// The rows that were changed come back.
const SHOW_CHANGED: (&str, &str) = ("prefer", "return=representation");

/// The row that was made comes back, and none where there was one already.
const SHOW_MADE: (&str, &str) = (
    "prefer",
    "resolution=ignore-duplicates,return=representation",
);

/// PostgREST: `{"code":"…","message":"…"}`, the code being PostgreSQL's or one that begins with
/// `PGRST`. Of the latter none is about one change.
pub(super) const RULES: &[Rule] = &[
    // Older ones say so where the token's role does not exist.
    Rule(&[400], Codes(TopLevel, &["22023"]), RefusesAll),
    // A value that its column does not take, and a constraint.
    Rule(&[400, 422], Classes(&["22", "23"]), Final),
    // A serialization failure, and a deadlock.
    Rule(&[500], Codes(TopLevel, &["40001", "40P01"]), Transient),
    // Raised by a trigger or the function itself.
    Rule(&[400], Classes(&["P0"]), Waits),
];

/// Its protocol.
pub struct Postgrest;

/// One row of a table, by its key, in the words of a query.
struct Address<'a> {
    /// `/<table>`, below the API's path.
    path: String,
    key_column: &'a str,
    /// The same as it stands in a query.
    key: String,
    /// `<key>=eq.<value>`
    filter: String,
}

impl Dialect for Postgrest {
    async fn call(
        exchange: &mut Exchange<'_, impl Ports>,
        function: &str,
        change: &Change,
    ) -> Result<Outcome, OutboundError> {
        let target = Self::reader(exchange.path(), function);
        let request = DataApiRequest::new("POST", target).with_body(json::arguments(change));
        let answer = exchange.send(&request).await?;
        outcome(&answer)
    }

    async fn write(
        exchange: &mut Exchange<'_, impl Ports>,
        table: &Table,
        change: &Change,
        now: &str,
    ) -> Result<Outcome, DeliveryError> {
        let row = address(exchange.path(), table, change)?;
        let named = |column| table.column(column).ok_or(DeliveryError::Unaddressable);
        let (state, mut guard) = match &change.guard {
            Guard::Final { column, last } => {
                let state = named(column)?;
                let last = last.join(",");
                (state, format!("{}=not.in.({last})", encoded(state)))
            }
            Guard::Newer { column } => {
                let state = named(column)?;
                let (column, own) = (encoded(state), change.guarded().unwrap_or_default());
                // In quotes, since a timestamp has colons and a full stop in it.
                let until = format!("{column}.lte.%22{}%22", encoded(own));
                (state, format!("or=({column}.is.null,{until})"))
            }
            Guard::Exists => {
                let made = insert(exchange, &row, json::row(table, change, now)).await?;
                return Ok(match made {
                    true => Outcome::Updated,
                    false => Outcome::AlreadyFinal,
                });
            }
        };
        for column in json::only_where_null(table, change) {
            guard.push_str(&format!("&{}=is.null", encoded(column)));
        }
        let body = json::columns(table, change, now, |_| true);
        if patch(exchange, &row, &guard, body).await? {
            return Ok(Outcome::Updated);
        }
        let mut found = look(exchange, &row, table, change).await?;
        if found.is_none() && change.if_absent == IfAbsent::Insert {
            if insert(exchange, &row, json::row(table, change, now)).await? {
                return Ok(Outcome::Updated);
            }
            // Somebody was faster; or it was this change, and the reply to it was lost.
            found = look(exchange, &row, table, change).await?;
        }
        let Some(found) = found else {
            return Ok(Outcome::NotFound);
        };
        let current = json::current_state(&found, table, change);
        if change.leaves(current) {
            return Ok(Outcome::AlreadyFinal);
        }
        // As long as the state is the one just found, the row is still that row.
        let guard = match current {
            Some(current) => format!("{}=eq.{}", encoded(state), encoded(current)),
            None => format!("{}=is.null", encoded(state)),
        };
        let is_null = |column: &str| found.get(column).is_none_or(Json::is_null);
        let body = json::columns(table, change, now, is_null);
        match patch(exchange, &row, &guard, body).await? {
            true => Ok(Outcome::Updated),
            false => Err(DeliveryError::Withheld),
        }
    }

    fn reader(path: &str, procedure: &str) -> String {
        format!("{path}/rpc/{}", encoded(procedure))
    }

    /// PostgREST does not know it, or PostgreSQL does not any more.
    fn is_missing(error: &OutboundError) -> bool {
        matches!(
            error,
            OutboundError::Status { status, detail, .. }
                if *status == StatusCode::NOT_FOUND
                    && matches!(detail.code(TopLevel), Some("PGRST202" | "42883"))
        )
    }

    fn row_address(
        path: &str,
        table: &Table,
        (column, key): (&str, &str),
        columns: &str,
    ) -> Result<String, DeliveryError> {
        let (name, column, key) = (encoded(&table.name), encoded(column), encoded(key));
        Ok(format!("{path}/{name}?{column}=eq.{key}&select={columns}"))
    }

    fn rows(answer: &OutboundReply) -> Result<Vec<Json>, OutboundError> {
        rows(answer)
    }

    /// None is an empty list.
    fn is_no_row(_: &OutboundError) -> bool {
        false
    }

    const RULES: &'static [Rule] = RULES;

    /// Its root, which describes what the role may use; that may be closed to the role, though, or
    /// switched off. Closer: the function, called by GET and so in a transaction that cannot write,
    /// without a key or a state; or no row of the table.
    fn probe(path: &str, target: &WriteTarget) -> Probe {
        let closer = match target {
            WriteTarget::Procedure(name) => {
                let arguments = [COLUMNS[0], ESTADO, CALLBACK_INFO];
                let arguments = arguments.map(|name| format!("{}=", encoded(name)));
                format!("{path}/rpc/{}?{}", encoded(name), arguments.join("&"))
            }
            WriteTarget::Table(table) => format!("{path}/{}?limit=0", encoded(&table.name)),
        };
        Probe {
            root: DataApiRequest::new("GET", format!("{path}/")),
            closer: DataApiRequest::new("GET", closer),
        }
    }

    /// A description by OpenAPI. Where it lists anything, it has to list what changes are made by.
    fn is_root(answer: &OutboundReply, target: &WriteTarget) -> bool {
        let Ok(body) = answer.json() else {
            return false;
        };
        let own = match target {
            WriteTarget::Procedure(name) => format!("/rpc/{name}"),
            WriteTarget::Table(table) => format!("/{}", table.name),
        };
        let version = body.get("swagger").or_else(|| body.get("openapi"));
        let paths = body.get("paths").and_then(Json::as_object);
        let lists = paths
            .is_none_or(|paths| paths.contains_key(&own) || paths.keys().all(|path| path == "/"));
        version.is_some_and(Json::is_string) && lists
    }

    fn takes_changes(
        closer: Result<OutboundReply, OutboundError>,
        target: &WriteTarget,
    ) -> Result<(), OutboundError> {
        let error = match (closer, target) {
            (Ok(answer), WriteTarget::Procedure(_)) => return outcome(&answer).map(drop),
            (Ok(answer), WriteTarget::Table(_)) => return rows(&answer).map(drop),
            (Err(error), _) => error,
        };
        // The function has been called: it refuses an empty key, or cannot write here.
        let was_called = match &error {
            OutboundError::Status { detail, .. } => {
                !error.is_retryable()
                    || detail.is_of_class(&["P0"])
                    || detail.code(TopLevel) == Some("25006")
            }
            _ => false,
        };
        match was_called {
            true => Ok(()),
            false => Err(error),
        }
    }
}

fn address<'a>(
    path: &str,
    table: &'a Table,
    change: &'a Change,
) -> Result<Address<'a>, DeliveryError> {
    let key_column = table.column(&change.entity.key_column);
    let key_column = key_column.ok_or(DeliveryError::Unaddressable)?;
    let key = encoded(key_column).to_string();
    Ok(Address {
        path: format!("{path}/{}", encoded(&table.name)),
        filter: format!("{key}=eq.{}", encoded(&change.key)),
        key_column,
        key,
    })
}

/// Changes the row if the guard lets it; says whether it did.
async fn patch(
    exchange: &mut Exchange<'_, impl Ports>,
    row: &Address<'_>,
    guard: &str,
    body: Vec<u8>,
) -> Result<bool, OutboundError> {
    let Address {
        path, key, filter, ..
    } = row;
    // Of the row only its key: the rest is as long as the callback was.
    let target = format!("{path}?{filter}&{guard}&select={key}");
    let request = DataApiRequest::new("PATCH", target)
        .with_header(SHOW_CHANGED)
        .with_body(body);
    let answer = exchange.send(&request).await?;
    is_there(&answer, row)
}

/// What the guard looks at, and what is only set where there is nothing yet.
async fn look(
    exchange: &mut Exchange<'_, impl Ports>,
    row: &Address<'_>,
    table: &Table,
    change: &Change,
) -> Result<Option<Json>, OutboundError> {
    let Address { path, filter, .. } = row;
    let target = format!("{path}?{filter}&select={}", json::looked_at(table, change));
    let answer = exchange.send(&DataApiRequest::new("GET", target)).await?;
    let rows = rows(&answer)?;
    match rows
        .iter()
        .all(|found| json::has_state(found, table, change))
    {
        true => Ok(rows.into_iter().next()),
        false => Err(answer.unexpected()),
    }
}

/// Makes the row unless there is one; says whether it did.
async fn insert(
    exchange: &mut Exchange<'_, impl Ports>,
    row: &Address<'_>,
    body: Vec<u8>,
) -> Result<bool, OutboundError> {
    let Address { path, key, .. } = row;
    let target = format!("{path}?on_conflict={key}&select={key}");
    let request = DataApiRequest::new("POST", target)
        .with_header(SHOW_MADE)
        .with_body(body);
    let answer = exchange.send(&request).await?;
    is_there(&answer, row)
}

/// Whether the row came back that was written to, and not something else that is a list.
fn is_there(answer: &OutboundReply, row: &Address<'_>) -> Result<bool, OutboundError> {
    let rows = rows(answer)?;
    let has_key = |found: &Json| found.get(row.key_column).is_some_and(|key| !key.is_null());
    match rows.iter().all(has_key) {
        true => Ok(!rows.is_empty()),
        false => Err(answer.unexpected()),
    }
}

/// What the function says. One that returns a table answers with a list, one that returns a record
/// without.
fn outcome(answer: &OutboundReply) -> Result<Outcome, OutboundError> {
    match answer.json()? {
        Json::Array(rows) => json::outcome(&rows, answer),
        record => json::outcome(&[record], answer),
    }
}

fn rows(answer: &OutboundReply) -> Result<Vec<Json>, OutboundError> {
    match answer.json()? {
        Json::Array(rows) => Ok(rows),
        _ => Err(answer.unexpected()),
    }
}

#[cfg(test)]
mod tests;
