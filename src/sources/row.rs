//! What sources read of a JSON body for a row: fields as columns, and a note of each that is wrong.

use std::borrow::Cow;

use super::column_error;
use crate::delivery::{Name, ParseTimestampError, Timestamp, Value, fit_column};
use crate::http::FieldErrors;
use crate::http::json::Field;

/// Longest id, state or the like, in UTF-16 code units.
pub const LONGEST: usize = 200;

/// A row as far as it was read, and what is wrong with the fields that it is read from.
#[derive(Default)]
pub struct DecodedRow {
    /// Columns and their values.
    pub values: Vec<(Name, Value)>,
    /// What is wrong with which field.
    pub errors: FieldErrors,
}

impl DecodedRow {
    /// What was read, or a note of what is wrong with it.
    pub fn note<T>(&mut self, name: &'static str, read: Result<T, String>) -> Option<T> {
        read.map_err(|what| self.errors.add(name, what)).ok()
    }

    /// Absent fields become NULL, so the row does not depend on the order of arrival.
    pub fn add(&mut self, column: &'static str, text: Option<String>) {
        let value = text.map_or(Value::Null, Value::Text);
        self.values.push((Cow::Borrowed(column), value));
    }

    /// A column of what is read from a field, or a note of what is wrong with it.
    pub fn set(
        &mut self,
        column: &'static str,
        name: &'static str,
        field: Field<'_>,
        read: impl FnOnce(Field<'_>) -> Result<String, String>,
    ) {
        let text = self.note(name, read(field));
        self.add(column, text);
    }

    /// The same of a field that may be missing or null.
    pub fn set_if_present(
        &mut self,
        column: &'static str,
        name: &'static str,
        field: Field<'_>,
        read: impl FnOnce(Field<'_>) -> Result<String, String>,
    ) {
        let text = self.note(name, field.maybe(read)).flatten();
        self.add(column, text);
    }
}

/// An id, a state or the like: a text or a number that fits its column.
pub fn short(field: Field<'_>) -> Result<String, String> {
    fit_column(field.scalar()?, LONGEST).map_err(column_error)
}

/// A text of any length. PostgreSQL has no way to keep the character that is refused.
pub fn whole(field: Field<'_>) -> Result<String, String> {
    match field.text()? {
        text if text.contains('\0') => Err("lleva el carácter U+0000".to_owned()),
        text => Ok(text),
    }
}

/// A date and time of RFC 3339.
pub fn timestamp(field: Field<'_>) -> Result<Timestamp, String> {
    let text = field.text()?;
    Timestamp::parse(&text)
        .map_err(|why| timestamp_error(why, "una fecha y hora RFC 3339, como 2026-01-31T23:59:59Z"))
}

/// Why a text is no timestamp, in Spanish; `what` is what it should be.
pub fn timestamp_error(why: ParseTimestampError, what: &str) -> String {
    match why {
        ParseTimestampError::Malformed => format!("debe ser {what}"),
        ParseTimestampError::OutOfRange => {
            "debe estar entre los años 0001 y 9999, en UTC".to_owned()
        }
    }
}

/// The JSON of an object.
pub fn object(field: Field<'_>) -> Result<&str, String> {
    match field.raw()? {
        raw if raw.starts_with('{') => Ok(raw),
        _ => Err("debe ser un objeto".to_owned()),
    }
}
