//! The table of the history of activity.

use std::sync::Arc;

use super::{cases, timed};
use crate::journal::{ActivityRow, Callback, Event};
use crate::judge::activity::breaches;
use crate::submissions::{Columns, Kind, Submission};

pub fn check() {
    for case in cases(include_str!("activity.txt")) {
        let events = case.steps.iter().map(|step| {
            let event = event(step);
            event.unwrap_or_else(|| panic!("{}: {step}", case.name))
        });
        case.assert_is_judged(&breaches(&timed(events.collect())));
    }
}

fn event(step: &str) -> Option<Event> {
    let words: Vec<_> = step.split(' ').collect();
    Some(match words[..] {
        ["callback", deployment] => Event::Sent(Arc::new(Callback {
            deployment: deployment.to_owned(),
            status: "RUN_COMPLETED",
            payload: String::new(),
        })),
        ["event", row] => Event::Submitted(Arc::new(submission(row)), 0),
        ["row", request_id, source, status, key] => Event::ActivityAsked(ActivityRow {
            request_id: request_id.to_owned(),
            source: source.to_owned(),
            status: status.parse().ok()?,
            row_key: (key != "-").then(|| key.to_owned()),
        }),
        _ => return None,
    })
}

fn submission(row: &str) -> Submission {
    Submission {
        kind: Kind::Booking,
        row: row.to_owned(),
        id: String::new(),
        timestamp: None,
        columns: Columns::new(),
        body: String::new(),
        slots: Vec::new(),
    }
}
