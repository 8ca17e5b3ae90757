//! A change: one guarded write to one row, the same whatever the data API.

/// What a source asks for. Names are SAM's own; what an installation calls them is the
/// adapter's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The table.
    pub entity: Entity,
    /// The row: what its key column holds.
    pub key: String,
    /// Columns and what they are to hold.
    pub values: Vec<(&'static str, Value)>,
    /// What to do where there is no such row.
    pub if_absent: IfAbsent,
    /// When the row stays as it is.
    pub guard: Guard,
}

/// A table that callbacks write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entity {
    /// What each robot is doing.
    Ejecuciones,
}

/// What a column is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// This text.
    Text(String),
    /// The moment of the write, in the database's local time.
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

/// The row is left as it is where `column` holds one of `last`: its last word is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// The column that is looked at.
    pub column: &'static str,
    /// What it holds in a row that is never changed again.
    pub last: &'static [&'static str],
}

impl Change {
    /// The texts that are to be held, by their columns.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.values
            .iter()
            .filter_map(|(column, value)| match value {
                Value::Text(text) => Some((*column, text.as_str())),
                Value::Now | Value::NowIfNull => None,
            })
    }

    /// The text that `column` is to hold.
    pub fn text(&self, column: &str) -> Option<&str> {
        let (_, text) = self.texts().find(|(name, _)| *name == column)?;
        Some(text)
    }
}

impl Entity {
    /// The table's name in SAM's database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ejecuciones => "Ejecuciones",
        }
    }

    /// The column that tells its rows apart.
    pub fn key_column(self) -> &'static str {
        match self {
            Self::Ejecuciones => "DeploymentId",
        }
    }
}

impl Guard {
    /// Whether a row with this in the guard's column is never changed again. Compared as SAM's
    /// SQL Server does it: neither case nor spaces at the end count.
    pub fn is_last(&self, held: &str) -> bool {
        let held = held.trim_end_matches(' ');
        self.last.iter().any(|last| last.eq_ignore_ascii_case(held))
    }
}
