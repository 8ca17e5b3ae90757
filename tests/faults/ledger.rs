//! Whether what the operators' overview counts is what the journal has: each row for which a change was
//! kept is written, or is in the outbox, and the overview counts the rows of the outbox.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::journal::{Answer, Event, Resultado};

/// The rows for which a change was kept (202), and those that the data API has written or found final.
#[derive(Debug, Default)]
pub struct Ledger {
    kept: BTreeSet<String>,
    written: BTreeSet<String>,
}

/// The rows of the outbox, as they are listed.
#[derive(Debug, Default)]
pub struct OutboxRows {
    pub waiting: BTreeSet<String>,
    pub dead: BTreeSet<String>,
}

impl Ledger {
    pub fn read<'a>(events: impl Iterator<Item = &'a Event>) -> Self {
        let mut ledger = Self::default();
        for event in events {
            match event {
                Event::Answered(_, callback, Answer::Queued) => {
                    ledger.kept.insert(callback.deployment.clone());
                }
                Event::Replied(submission, reply) if reply.answer == Answer::Queued => {
                    ledger.kept.insert(submission.row.clone());
                }
                Event::Executed(order, Resultado::Updated | Resultado::AlreadyProcessed) => {
                    ledger.written.insert(order.deployment.clone());
                }
                Event::RowWritten(write, _) => {
                    ledger.written.insert(write.row.clone());
                }
                _ => {}
            }
        }
        ledger
    }

    /// What of it is not so: kept = written + waiting + dead, each row counted once.
    pub fn mismatch(&self, overview: &Value, rows: &OutboxRows) -> Option<String> {
        let figures = &overview["outbox"];
        for (name, listed) in [("waiting", &rows.waiting), ("dead", &rows.dead)] {
            let (counted, listed) = (&figures[name], listed.len());
            if *counted != json!(listed) {
                return Some(format!(
                    "{counted} are counted as {name}, and {listed} listed"
                ));
            }
        }
        let is_lost = |row: &&String| {
            let is_there = rows.waiting.contains(*row) || rows.dead.contains(*row);
            !is_there && !self.written.contains(*row)
        };
        let lost = self.kept.iter().find(is_lost)?;
        Some(format!("{lost} is neither written nor in the outbox"))
    }
}

/// What is wrong with an overview by itself.
pub fn contradiction(overview: &Value) -> Option<String> {
    let figures = &overview["outbox"];
    let causes = figures["causes"].as_array()?;
    let of = |state: &str| {
        let own = causes.iter().filter(|it| it["state"] == state);
        own.filter_map(|it| it["count"].as_u64()).sum::<u64>()
    };
    let is_sum = |state: &str| figures[state].as_u64() == Some(of(state));
    let is_known = |it: &Value| it["cause"] != "unknown";
    let is_consistent = is_sum("waiting") && is_sum("dead") && causes.iter().all(is_known);
    (!is_consistent).then(|| format!("the figures contradict each other: {figures}"))
}

/// Panics where it would not find out.
pub fn check() {
    let row = |name: &str| BTreeSet::from([name.to_owned()]);
    let ledger = Ledger {
        kept: ["a", "b", "c"].map(str::to_owned).into(),
        written: row("a"),
    };
    let counted = |waiting: u64, dead: u64| {
        json!({"outbox": {"waiting": waiting, "dead": dead, "causes": [
            {"cause": "no_row", "state": "waiting", "count": 1},
            {"cause": "refused_by_database", "state": "dead", "count": 1},
        ]}})
    };
    let rows = OutboxRows {
        waiting: row("b"),
        dead: row("c"),
    };
    assert_eq!(ledger.mismatch(&counted(1, 1), &rows), None);
    assert!(ledger.mismatch(&counted(2, 1), &rows).is_some());
    assert!(ledger.mismatch(&counted(1, 0), &rows).is_some());
    let without = OutboxRows {
        waiting: row("b"),
        dead: row("a"),
    };
    let lost = ledger.mismatch(&counted(1, 1), &without);
    assert!(lost.is_some_and(|lost| lost.starts_with("c ")));
    assert_eq!(contradiction(&counted(1, 1)), None);
    assert!(contradiction(&counted(1, 2)).is_some());
}
