//! SAM's table and its procedure, in memory. Whatever is written is in the journal too, in the
//! order it was written.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::journal::{Event, Journal, Order, Resultado};

/// States that are a row's last.
pub const FINAL: [&str; 6] = [
    "COMPLETED",
    "RUN_COMPLETED",
    "RUN_FAILED",
    "DEPLOY_FAILED",
    "RUN_ABORTED",
    "COMPLETED_INFERRED",
];

/// What the Lanzador makes a row with.
const FIRST: &str = "DEPLOYED";

/// A row, as far as callbacks write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub estado: String,
    pub callback_info: Option<String>,
}

/// Rows by their deployment.
pub type Rows = BTreeMap<String, Row>;

pub struct Sam {
    rows: Mutex<Rows>,
    journal: Arc<Journal>,
}

impl Sam {
    pub fn new(journal: Arc<Journal>) -> Self {
        Self {
            rows: Mutex::default(),
            journal,
        }
    }

    /// Makes a row.
    pub fn insert(&self, deployment: &str) {
        let mut rows = self.rows.lock().expect("no panic");
        let row = Row {
            estado: FIRST.to_owned(),
            callback_info: None,
        };
        assert!(rows.insert(deployment.to_owned(), row).is_none());
        self.journal
            .note(Event::DeploymentCreated(deployment.to_owned()));
    }

    /// The procedure.
    pub fn execute(&self, order: Order) -> Resultado {
        let mut rows = self.rows.lock().expect("no panic");
        let resultado = match rows.get_mut(&order.deployment) {
            None => Resultado::NotFound,
            Some(row) if is_final(&row.estado) => Resultado::AlreadyProcessed,
            Some(row) => {
                row.estado.clone_from(&order.estado);
                row.callback_info = Some(order.callback_info.clone());
                Resultado::Updated
            }
        };
        // With the rows still locked, so that the journal's order is that of the writes.
        self.journal.note(Event::Executed(order, resultado));
        resultado
    }

    /// The rows as they are now.
    pub fn rows(&self) -> Rows {
        self.rows.lock().expect("no panic").clone()
    }
}

pub fn is_final(estado: &str) -> bool {
    FINAL.contains(&estado)
}
