//! The tables of messages, events and calls, in memory. Whatever is written is in the journal too, in the
//! order it was written.

use std::sync::{Arc, Mutex};

use crate::journal::{Event, Journal};
use crate::submissions::{Columns, Rows, Write, WriteOutcome, timestamp};

pub struct Tables {
    rows: Mutex<Rows>,
    journal: Arc<Journal>,
}

/// When a row is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Where it is there at all.
    IfThere,
    /// Where it has no timestamp, or none later than this.
    NotAfter(u64),
    /// Where it has this timestamp.
    Still(Option<u64>),
}

impl Tables {
    pub fn new(journal: Arc<Journal>) -> Self {
        Self {
            rows: Mutex::default(),
            journal,
        }
    }

    /// Makes a row that the component does not make itself.
    pub fn make(&self, row: &str) {
        let mut rows = self.rows.lock().expect("no panic");
        let columns = Columns::from([("status".to_owned(), "pending".to_owned())]);
        assert!(rows.insert(row.to_owned(), columns).is_none());
        self.journal.note(Event::RowCreated(row.to_owned()));
    }

    /// The columns of the row, if it is there.
    pub fn read(&self, row: &str) -> Option<Columns> {
        let rows = self.rows.lock().expect("no panic");
        let columns = rows.get(row)?.clone();
        let timestamp = timestamp(&columns);
        self.journal.note(Event::RowRead(row.to_owned(), timestamp));
        Some(columns)
    }

    /// Writes to a row that is there.
    pub fn update(&self, row: String, guard: Guard, columns: Columns) -> WriteOutcome {
        let mut rows = self.rows.lock().expect("no panic");
        let found = rows.get_mut(&row);
        let found = found.filter(|found| guard.permits(timestamp(found)));
        let outcome = match found {
            Some(found) => {
                found.extend(columns.clone());
                WriteOutcome::Updated
            }
            None => WriteOutcome::Unchanged,
        };
        let guarded = guard != Guard::IfThere;
        self.note(row, columns, guarded, outcome);
        outcome
    }

    /// Makes a row unless it is there.
    pub fn insert(&self, row: String, columns: Columns) -> WriteOutcome {
        let mut rows = self.rows.lock().expect("no panic");
        let outcome = match rows.contains_key(&row) {
            true => WriteOutcome::Unchanged,
            false => WriteOutcome::Inserted,
        };
        rows.entry(row.clone()).or_insert_with(|| columns.clone());
        self.note(row, columns, true, outcome);
        outcome
    }

    /// The rows as they are now.
    pub fn rows(&self) -> Rows {
        self.rows.lock().expect("no panic").clone()
    }

    /// With the rows still locked, so that the journal's order is that of the writes.
    fn note(&self, row: String, columns: Columns, guarded: bool, outcome: WriteOutcome) {
        let write = Write {
            row,
            columns,
            guarded,
        };
        self.journal.note(Event::RowWritten(write, outcome));
    }
}

impl Guard {
    fn permits(self, current: Option<u64>) -> bool {
        match self {
            Self::IfThere => true,
            Self::NotAfter(own) => current.is_none_or(|current| current <= own),
            Self::Still(seen) => current == seen,
        }
    }
}
