//! The tables of messages and calls, in memory. Whatever is written is in the journal too, in the
//! order it was written.

use std::sync::{Arc, Mutex};

use crate::journal::{Event, Journal};
use crate::notices::{Came, Columns, Kind, Rows, Write, moment};

pub struct Tables {
    rows: Mutex<Rows>,
    journal: Arc<Journal>,
}

/// When a row is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Where it is there at all.
    IfThere,
    /// Where it has no moment, or none after this.
    NotAfter(u64),
    /// Where it has this moment.
    Still(Option<u64>),
}

impl Tables {
    pub fn new(journal: Arc<Journal>) -> Self {
        Self {
            rows: Mutex::default(),
            journal,
        }
    }

    /// Makes a row that is not the component's to make.
    pub fn make(&self, row: &str) {
        let mut rows = self.rows.lock().expect("no panic");
        let columns = Columns::from([("status".to_owned(), "pending".to_owned())]);
        assert!(rows.insert(row.to_owned(), columns).is_none());
        self.journal.note(Event::Made(row.to_owned()));
    }

    /// What the row holds, if it is there.
    pub fn look(&self, row: &str) -> Option<Columns> {
        let rows = self.rows.lock().expect("no panic");
        let columns = rows.get(row)?.clone();
        let held = held(&columns);
        self.journal.note(Event::Looked(row.to_owned(), held));
        Some(columns)
    }

    /// Writes to a row that is there.
    pub fn update(&self, row: String, guard: Guard, columns: Columns) -> Came {
        let mut rows = self.rows.lock().expect("no panic");
        let found = rows.get_mut(&row);
        let found = found.filter(|found| guard.lets_in(held(found)));
        let came = match found {
            Some(found) => {
                found.extend(columns.clone());
                Came::Updated
            }
            None => Came::Nothing,
        };
        let guarded = guard != Guard::IfThere;
        self.note(row, columns, guarded, came);
        came
    }

    /// Makes a row unless it is there.
    pub fn insert(&self, row: String, columns: Columns) -> Came {
        let mut rows = self.rows.lock().expect("no panic");
        let came = match rows.contains_key(&row) {
            true => Came::Nothing,
            false => Came::Inserted,
        };
        rows.entry(row.clone()).or_insert_with(|| columns.clone());
        self.note(row, columns, true, came);
        came
    }

    /// The rows as they are now.
    pub fn rows(&self) -> Rows {
        self.rows.lock().expect("no panic").clone()
    }

    /// With the rows still held, so that the journal's order is that of the writes.
    fn note(&self, row: String, columns: Columns, guarded: bool, came: Came) {
        let write = Write {
            row,
            columns,
            guarded,
        };
        self.journal.note(Event::Wrote(write, came));
    }
}

impl Guard {
    fn lets_in(self, held: Option<u64>) -> bool {
        match self {
            Self::IfThere => true,
            Self::NotAfter(own) => held.is_none_or(|held| held <= own),
            Self::Still(seen) => held == seen,
        }
    }
}

fn held(columns: &Columns) -> Option<u64> {
    moment(columns.get(Kind::Message.moment_column())?)
}
