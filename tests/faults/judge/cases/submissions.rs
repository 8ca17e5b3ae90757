//! The table of messages, events and calls to one row.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use super::{answer, cases, store, timed};
use crate::data_api::REFUSES;
use crate::journal::Event;
use crate::judge::judge;
use crate::sam;
use crate::submissions::{Columns, Kind, Reply, Submission, TokenCheck, Write, WriteOutcome};

const ROW: &str = "t/k";

/// The microsecond that everything without a timestamp of its own is sent in.
const NOW: u64 = 1_700_000_000_000_000;

/// The body of a reply that the table says nothing of.
const BODY: &str = "x";

pub fn check() {
    for case in cases(include_str!("submissions.txt")) {
        let mut row = None::<Columns>;
        let mut events = Vec::new();
        for step in &case.steps {
            let event = event(step, &events);
            let event = event.unwrap_or_else(|| panic!("{}: {step}", case.name));
            match &event {
                Event::RowCreated(_) => row = Some(Columns::new()),
                Event::RowWritten(write, WriteOutcome::Updated | WriteOutcome::Inserted) => {
                    row.get_or_insert_default().extend(write.columns.clone());
                }
                // As a database must not.
                Event::Host("row lost") => row = None,
                _ => {}
            }
            events.push(event);
        }
        let rows = row.map(|row| (ROW.to_owned(), row)).into_iter().collect();
        let found = judge(&timed(events), &sam::Rows::new(), &rows);
        case.assert_is_judged(&found);
    }
}

/// What a step of the table is, after these.
fn event(step: &str, before: &[Event]) -> Option<Event> {
    if let Some((sent, answer, body)) = answer(step) {
        let Event::Submitted(submission, _) = before.get(sent)? else {
            return None;
        };
        let reply = Reply {
            sent,
            answer,
            body: Some(body.unwrap_or(BODY).to_owned()),
            at: NOW,
        };
        return Some(Event::Replied(Arc::clone(submission), reply));
    }
    if let Some(event) = fixed(step).or_else(|| store(step)) {
        return Some(event);
    }
    let (what, name) = step.rsplit_once(' ')?;
    let submitted = |kind| Event::Submitted(Arc::new(submission(kind, name)), NOW);
    Some(match what {
        "send" => submitted(Kind::Message),
        "event" => submitted(Kind::Booking),
        "call" => submitted(Kind::Call),
        "read" => Event::RowRead(ROW.to_owned(), Some(at(name.parse().ok()?))),
        "write" => write(Kind::Message, name, true, WriteOutcome::Updated),
        "unguarded write" => write(Kind::Message, name, false, WriteOutcome::Updated),
        "no write" => write(Kind::Message, name, true, WriteOutcome::Unchanged),
        "write event" => write(Kind::Booking, name, true, WriteOutcome::Updated),
        "unguarded write event" => write(Kind::Booking, name, false, WriteOutcome::Updated),
        "insert event" => write(Kind::Booking, name, true, WriteOutcome::Inserted),
        "insert" => write(Kind::Call, name, true, WriteOutcome::Inserted),
        "overwrite" => write(Kind::Call, name, true, WriteOutcome::Updated),
        _ => return None,
    })
}

/// The steps that are always the same.
fn fixed(step: &str) -> Option<Event> {
    let row = || ROW.to_owned();
    Some(match step {
        "row created" => Event::RowCreated(row()),
        "row lost" => Event::Host("row lost"),
        "read none" => Event::RowRead(row(), None),
        "final refusal" => Event::Fault(row(), String::new(), REFUSES),
        "valid" => Event::TokenChecked(row(), TokenCheck::Valid),
        "invalid" => Event::TokenChecked(row(), TokenCheck::Invalid),
        "check failed" => Event::TokenChecked(row(), TokenCheck::Fault("fails")),
        _ => return None,
    })
}

/// By its name: its content, and the second of its timestamp, if it has one.
fn submission(kind: Kind, name: &str) -> Submission {
    Submission {
        kind,
        row: ROW.to_owned(),
        id: match kind {
            Kind::Message | Kind::Booking => name.to_owned(),
            Kind::Call => "token".to_owned(),
        },
        timestamp: name[1..].parse().ok().map(at),
        columns: columns(name),
        body: String::new(),
        slots: vec![0],
    }
}

fn columns(name: &str) -> Columns {
    Columns::from([("payload".to_owned(), name[..1].to_owned())])
}

/// This second of this minute.
fn at(second: u64) -> u64 {
    NOW + second * 1_000_000
}

fn write(kind: Kind, name: &str, guarded: bool, outcome: WriteOutcome) -> Event {
    let mut columns = columns(name);
    let timestamp = Duration::from_micros(name[1..].parse().map_or(NOW, at));
    let timestamp = humantime::format_rfc3339_micros(UNIX_EPOCH + timestamp);
    columns.insert(kind.timestamp_column().to_owned(), timestamp.to_string());
    let row = ROW.to_owned();
    let write = Write {
        row,
        columns,
        guarded,
    };
    Event::RowWritten(write, outcome)
}
