//! A change: one guarded write to one row, the same whatever the data API.

use std::borrow::Cow;

use super::timestamp::Timestamp;
use crate::config::Name;

/// What a source asks for. Names are SAM's own; what an installation calls them is the
/// adapter's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The table.
    pub entity: Entity,
    /// The row: what its key column holds.
    pub key: String,
    /// Columns and what they are to hold.
    pub values: Vec<(Name, Value)>,
    /// What to do where there is no such row.
    pub if_absent: IfAbsent,
    /// When the row stays as it is.
    pub guard: Guard,
}

/// A table that notifications write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// What SAM calls it.
    pub name: Name,
    /// The column that tells its rows apart.
    pub key_column: Name,
}

/// What a column is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// This text.
    Text(String),
    /// Nothing.
    Null,
    /// The time of the write, in the database's local time.
    Now,
    /// The same, but only where there is nothing yet.
    NowIfNull,
}

/// What to do where there is no row with that key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfAbsent {
    /// Say so: the row is somebody else's to make.
    Report,
    /// Make it.
    Insert,
}

/// When a row is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// Where `column` holds one of `last`: its state is final.
    Final {
        /// The column that is looked at.
        column: Name,
        /// What it holds in a row that is never changed again.
        last: Cow<'static, [Name]>,
    },
    /// Where `column` holds a later time than the change has for it.
    Newer {
        /// The column that is looked at, and written to.
        column: Name,
    },
    /// Always: a row is made once, and never changed.
    Exists,
}

impl Change {
    /// The same, where other states are final ones; only a change that a final state stops has any.
    pub fn with_final_states(mut self, states: Cow<'static, [Name]>) -> Self {
        if let Guard::Final { last, .. } = &mut self.guard {
            *last = states;
        }
        self
    }

    /// The texts that are to be written, by their columns.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .filter_map(|(column, value)| match value {
                Value::Text(text) => Some((column.as_ref(), text.as_str())),
                Value::Null | Value::Now | Value::NowIfNull => None,
            })
    }

    /// The text that `column` is to hold.
    pub fn text(&self, column: &str) -> Option<&str> {
        let (_, text) = self.texts().find(|(name, _)| *name == column)?;
        Some(text)
    }

    /// The text for the column that the guard looks at.
    pub fn guarded(&self) -> Option<&str> {
        self.text(self.guard.column()?)
    }

    /// Whether a row that is there stays as it is, by what the guard's column holds.
    pub fn leaves(&self, current: Option<&str>) -> bool {
        match (&self.guard, current) {
            (Guard::Exists, _) => true,
            (Guard::Final { last, .. }, Some(current)) => is_one_of(last, current),
            (Guard::Newer { .. }, Some(current)) => {
                let time = |text| Timestamp::of_database(text).ok();
                // What is no timestamp was not written by a change, and gives way to one.
                let (current, own) = (time(current), self.guarded().and_then(time));
                current.is_some_and(|current| own.is_some_and(|own| own < current))
            }
            (_, None) => false,
        }
    }

    /// Whether the row is never changed again once it has this change.
    pub fn is_last(&self) -> bool {
        match &self.guard {
            Guard::Exists => true,
            Guard::Final { last, .. } => self.guarded().is_some_and(|text| is_one_of(last, text)),
            Guard::Newer { .. } => false,
        }
    }
}

impl Entity {
    /// A table by its name and its key column.
    pub const fn new(name: &'static str, key_column: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            key_column: Cow::Borrowed(key_column),
        }
    }
}

impl Guard {
    /// The column that is looked at, if one is.
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::Final { column, .. } | Self::Newer { column } => Some(column),
            Self::Exists => None,
        }
    }
}

/// Whether a state is one of these, as SAM's SQL Server compares: neither case nor spaces at the end count.
pub fn is_one_of(last: &[Name], current: &str) -> bool {
    let current = current.trim_end_matches(' ');
    last.iter().any(|last| last.eq_ignore_ascii_case(current))
}
