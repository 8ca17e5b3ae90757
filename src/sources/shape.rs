//! What the changes of a source look like: its tables, their columns, and what these hold.

use super::row::LONGEST;
use crate::delivery::{Change, Entity, Guard, IfAbsent, Timestamp, Value, fit_column};

/// The changes of one table that a source can ask for.
pub struct Shape {
    /// The table.
    pub entity: Entity,
    /// What becomes of a row that is not there.
    pub if_absent: IfAbsent,
    /// When a row stays as it is.
    pub guard: GuardShape,
    /// The columns there can be, and what they hold.
    pub columns: &'static [(&'static str, ColumnShape)],
}

/// When a row stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardShape {
    /// It is newer by this column, which each change has.
    Newer(&'static str),
    /// It is there.
    Exists,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnShape {
    /// A text of up to 200 characters, or nothing.
    Short,
    /// A text of any length, or nothing.
    Whole,
    /// A date and time, or nothing.
    Time,
}

/// Why a change is none that its source asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// No source has this name.
    #[error("its source is not known")]
    Source,
    /// The source does not write there, or not in this way.
    #[error("its source asks for no such change")]
    Change,
    /// The key is none.
    #[error("its key does not fit")]
    Key,
    /// A column holds what its source never sends.
    #[error("a column is not one of its source's, or does not fit")]
    Column,
}

impl Shape {
    /// Whether it is such a change.
    ///
    /// # Errors
    /// It is none.
    pub fn check(&self, change: &Change) -> Result<(), ShapeError> {
        let has_guard = match (&change.guard, self.guard) {
            (Guard::Newer { column }, GuardShape::Newer(own)) => {
                column == own && change.text(own).is_some()
            }
            (Guard::Exists, GuardShape::Exists) => true,
            _ => false,
        };
        if !has_guard || change.if_absent != self.if_absent {
            return Err(ShapeError::Change);
        }
        if fit_column(change.key.clone(), LONGEST).is_err() {
            return Err(ShapeError::Key);
        }
        for (index, (column, value)) in change.values.iter().enumerate() {
            let before = &change.values[..index];
            let is_repeated = before.iter().any(|(other, _)| other == column);
            let shape = self.columns.iter().find(|(name, _)| name == column);
            match shape {
                Some((_, shape)) if !is_repeated && shape.fits(value) => {}
                _ => return Err(ShapeError::Column),
            }
        }
        Ok(())
    }
}

impl ColumnShape {
    fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Null) => true,
            (Self::Short, Value::Text(text)) => fit_column(text.clone(), LONGEST).is_ok(),
            // PostgreSQL has no way to keep it.
            (Self::Whole, Value::Text(text)) => !text.contains('\0'),
            (Self::Time, Value::Text(text)) => Timestamp::parse(text).is_ok(),
            // Only SAM's own table has dates that are set as the change is made.
            (_, Value::Now | Value::NowIfNull) => false,
        }
    }
}
