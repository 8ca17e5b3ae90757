//! The Lanzador, and whoever else makes rows that notifications only write to: before the first of
//! them, or some time after it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::sam::Sam;
use crate::tables::Tables;

/// When a row is made.
#[derive(Debug, Clone, Copy)]
pub enum RowTiming {
    /// Before its first notification.
    Before,
    /// So long after it.
    After(Duration),
    /// Once all faults are over.
    Last,
}

/// A row that somebody makes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    Deployment(String),
    Reservation(String),
}

pub struct Lanzador {
    sam: Arc<Sam>,
    tables: Arc<Tables>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: BTreeSet<Row>,
    /// Rows to be made, and when; `None`: once all faults are over.
    due: Vec<(Row, Option<Instant>)>,
}

impl Lanzador {
    pub fn new(sam: Arc<Sam>, tables: Arc<Tables>) -> Self {
        Self {
            sam,
            tables,
            state: Mutex::default(),
        }
    }

    /// Announces a row that is about to have a notification.
    pub fn expect(&self, row: Row, timing: RowTiming) {
        let mut state = self.state.lock().expect("no panic");
        if !state.known.insert(row.clone()) {
            return;
        }
        match timing {
            RowTiming::Before => self.insert(&row),
            RowTiming::After(time) => state.due.push((row, Some(Instant::now() + time))),
            RowTiming::Last => state.due.push((row, None)),
        }
    }

    /// Makes rows as they are due.
    pub fn work(&self, until: Instant) {
        while Instant::now() < until {
            let now = Instant::now();
            self.make(|due| due.is_some_and(|due| due <= now));
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Makes all rows that are not there yet.
    pub fn make_all(&self) {
        self.make(|_| true);
    }

    fn make(&self, is_due: impl Fn(Option<Instant>) -> bool) {
        let mut state = self.state.lock().expect("no panic");
        for (row, _) in state.due.extract_if(.., |(_, due)| is_due(*due)) {
            self.insert(&row);
        }
    }

    fn insert(&self, row: &Row) {
        match row {
            Row::Deployment(deployment) => self.sam.insert(deployment),
            Row::Reservation(row) => self.tables.make(row),
        }
    }
}

impl RowTiming {
    /// Half of the rows are there in time.
    pub fn drawn(random: &mut Rng) -> Self {
        match random.u8(..10) {
            0..5 => Self::Before,
            5..8 => Self::After(Duration::from_millis(random.u64(50..2500))),
            _ => Self::Last,
        }
    }
}
