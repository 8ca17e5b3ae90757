//! A change as JSON, and the JSON of replies.

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::{Answer, Fault, Flaw};
use crate::config::Table;
use crate::delivery::{Change, Outcome, Value, encoded};
use crate::json;

/// An object of texts and nulls, in this order.
struct Texts<'a>(Vec<(&'a str, Option<&'a str>)>);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl Texts<'_> {
    fn to_json(&self) -> Vec<u8> {
        // As long as it will be, where little has to be escaped.
        let texts = self.0.iter().filter_map(|(_, text)| *text);
        let texts = texts.map(|text| text.len() + text.len() / 8);
        let mut json = Vec::with_capacity(1024 + texts.sum::<usize>());
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        serde_json::to_writer(&mut json, self).expect("an object of texts and nulls");
        json
    }
}

/// The procedure's arguments, by SAM's names: the key and every text. Dates it sets itself.
pub fn arguments(change: &Change) -> Vec<u8> {
    let key = (change.entity.key_column.as_ref(), change.key.as_str());
    let texts = [key].into_iter().chain(change.texts());
    Texts(texts.map(|(name, text)| (name, Some(text))).collect()).to_json()
}

/// The columns that a change sets, by the table's own names. `is_null` says of those that are
/// only set where there is nothing yet whether that is so.
pub fn columns(
    table: &Table,
    change: &Change,
    now: &str,
    is_null: impl Fn(&str) -> bool,
) -> Vec<u8> {
    Texts(values(table, change, now, is_null)).to_json()
}

/// The same with the key in front, for a row that is to be made.
pub fn row(table: &Table, change: &Change, now: &str) -> Vec<u8> {
    let key = table.column(&change.entity.key_column);
    let key = key.map(|key| (key, Some(change.key.as_str())));
    let values = values(table, change, now, |_| true);
    Texts(key.into_iter().chain(values).collect()).to_json()
}

fn values<'a>(
    table: &'a Table,
    change: &'a Change,
    now: &'a str,
    is_null: impl Fn(&str) -> bool,
) -> Vec<(&'a str, Option<&'a str>)> {
    let values = change.values.iter().filter_map(|(column, value)| {
        let column = table.column(column)?;
        match value {
            Value::Text(text) => Some((column, Some(text.as_str()))),
            Value::Null => Some((column, None)),
            Value::Now => Some((column, Some(now))),
            Value::NowIfNull => is_null(column).then_some((column, Some(now))),
        }
    });
    values.collect()
}

/// Columns of `table` that the change sets only where there is nothing yet.
pub fn only_where_null<'a>(table: &'a Table, change: &'a Change) -> impl Iterator<Item = &'a str> {
    let columns = change.values.iter();
    columns.filter_map(|(column, value)| match value {
        Value::NowIfNull => table.column(column),
        Value::Text(_) | Value::Null | Value::Now => None,
    })
}

/// The outcome that the procedure's only row says; anything else was not promised.
pub fn outcome(rows: &[Json], answer: &Answer) -> Result<Outcome, Fault> {
    let word = match rows {
        [row] => row.get("Resultado").and_then(Json::as_str),
        _ => None,
    };
    match word {
        Some("UPDATED") => Ok(Outcome::Updated),
        Some("ALREADY_PROCESSED") => Ok(Outcome::AlreadyFinal),
        Some("NOT_FOUND") => Ok(Outcome::NotFound),
        _ => Err(shape(answer)),
    }
}

/// The column that tells whether a row stays as it is: the guard's, or merely the key.
fn telling<'a>(table: &'a Table, change: &'a Change) -> Option<&'a str> {
    let key_column = &change.entity.key_column;
    table.column(change.guard.column().unwrap_or(key_column))
}

/// The columns to look at before a row is changed, in the words of a query: the one that tells
/// whether it stays as it is, and those that are only set where there is nothing yet.
pub fn looked_at(table: &Table, change: &Change) -> String {
    let columns = telling(table, change).into_iter();
    let columns = columns.chain(only_where_null(table, change));
    let columns: Vec<_> = columns.map(|column| encoded(column).to_string()).collect();
    columns.join(",")
}

/// Whether what came back for a row says what its state is: a guard must not be passed because it
/// could not be seen.
pub fn has_state(row: &Json, table: &Table, change: &Change) -> bool {
    let state = telling(table, change).and_then(|column| row.get(column));
    state.is_some_and(|state| state.is_string() || state.is_null())
}

/// What a row that was looked at holds in the column that tells whether it stays as it is, where
/// that is not null.
pub fn held<'a>(row: &'a Json, table: &Table, change: &Change) -> Option<&'a str> {
    row.get(telling(table, change)?)?.as_str()
}

/// A reply's body.
pub fn read(answer: &Answer) -> Result<Json, Fault> {
    json::parse(&answer.body)
        .map_err(|error| Fault::Flawed(answer.status, Flaw::of(&answer.body, &error)))
}

/// The reply is JSON, but not what was promised.
pub fn shape(answer: &Answer) -> Fault {
    Fault::Flawed(answer.status, Flaw::Shape)
}
