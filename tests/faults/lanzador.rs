//! The Lanzador: it makes a deployment's row, before its first callback or some time after it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::sam::Sam;

/// When a deployment's row is made.
#[derive(Debug, Clone, Copy)]
pub enum Made {
    /// Before its first callback.
    Before,
    /// So long after it.
    After(Duration),
    /// When everything is well again.
    Last,
}

pub struct Lanzador {
    sam: Arc<Sam>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: BTreeSet<String>,
    /// Rows to be made, and when; `None`: when everything is well again.
    due: Vec<(String, Option<Instant>)>,
}

impl Lanzador {
    pub fn new(sam: Arc<Sam>) -> Self {
        Self {
            sam,
            state: Mutex::default(),
        }
    }

    /// Tells it of a deployment that is about to have a callback.
    pub fn deploy(&self, deployment: &str, made: Made) {
        let mut state = self.state.lock().expect("no panic");
        if !state.known.insert(deployment.to_owned()) {
            return;
        }
        match made {
            Made::Before => self.sam.insert(deployment),
            Made::After(time) => state
                .due
                .push((deployment.to_owned(), Some(Instant::now() + time))),
            Made::Last => state.due.push((deployment.to_owned(), None)),
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
        for (deployment, _) in state.due.extract_if(.., |(_, due)| is_due(*due)) {
            self.sam.insert(&deployment);
        }
    }
}
