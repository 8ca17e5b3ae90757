//! Small histories of messages and calls, and what the judge is to say of them.

mod again;
mod calls;
mod messages;

use std::sync::Arc;
use std::time::Duration;

use super::judge;
use crate::journal::{Answer, Event};
use crate::notices::{Came, Columns, Kind, Notice, Replied, Verdict, Write};
use crate::sam;

const ROW: &str = "t/k";

/// The microsecond that everything without a moment of its own is sent in.
const NOW: u64 = 1_700_000_000_000_000;

/// A name, the history, and a part of the verdict; `""`: the promise was kept.
type Case = (&'static str, Vec<Event>, &'static str);

/// Panics where the judge is wrong about one of them.
pub fn check() {
    let cases = [
        messages::kept(),
        messages::broken(),
        again::cases(),
        calls::kept(),
        calls::broken(),
    ];
    for (name, events, expected) in cases.into_iter().flatten() {
        let mut row = None::<Columns>;
        for event in &events {
            match event {
                Event::Made(_) => row = Some(Columns::new()),
                Event::Wrote(write, Came::Updated | Came::Inserted) => {
                    row.get_or_insert_default().extend(write.columns.clone());
                }
                // As a database must not.
                Event::Host("row lost") => row = None,
                _ => {}
            }
        }
        let rows = row.map(|row| (ROW.to_owned(), row)).into_iter().collect();
        let events: Vec<_> = events
            .into_iter()
            .map(|event| (Duration::ZERO, event))
            .collect();
        let found = judge(&events, &sam::Rows::new(), &rows);
        let as_expected = match expected {
            "" => found.is_empty(),
            _ => found.iter().any(|breach| breach.what.contains(expected)),
        };
        assert!(as_expected, "the judge is wrong: {name}: {found:?}");
    }
}

const DONE: Answer = Answer::Done;
const KEPT: Answer = Answer::Queued;
const LATER: Answer = Answer::Refused(503);
const LOST: Answer = Answer::Nothing;

fn good(cases: impl IntoIterator<Item = (&'static str, Vec<Event>)>) -> Vec<Case> {
    let cases = cases.into_iter();
    cases.map(|(name, events)| (name, events, "")).collect()
}

/// A message by its name, whose second sign is the second that it is of, if it has one.
fn notice(name: &str) -> Notice {
    let moment = name[1..].parse().ok().map(at);
    Notice {
        kind: Kind::Message,
        row: ROW.to_owned(),
        id: name.to_owned(),
        moment,
        columns: columns(&name[..1]),
        body: String::new(),
        slots: vec![0],
    }
}

fn call_of(name: &str) -> Notice {
    let (kind, id) = (Kind::Call, "token".to_owned());
    let notice = notice(name);
    Notice { kind, id, ..notice }
}

fn columns(content: &str) -> Columns {
    Columns::from([("payload".to_owned(), content.to_owned())])
}

/// This second of this minute.
fn at(second: u64) -> u64 {
    NOW + second * 1_000_000
}

fn sent(name: &str) -> Event {
    Event::Notified(Arc::new(notice(name)), NOW)
}

fn call(name: &str) -> Event {
    Event::Notified(Arc::new(call_of(name)), NOW)
}

fn replied(sent: usize, notice: Notice, answer: Answer, body: &str) -> Event {
    let replied = Replied {
        sent,
        answer,
        body: Some(body.to_owned()),
        at: NOW,
    };
    Event::Replied(Arc::new(notice), replied)
}

fn told(sent: usize, name: &str, answer: Answer) -> Event {
    replied(sent, notice(name), answer, "x")
}

fn answered(sent: usize, name: &str, body: &str) -> Event {
    replied(sent, notice(name), DONE, body)
}

fn heard(sent: usize, name: &str, answer: Answer) -> Event {
    replied(sent, call_of(name), answer, "x")
}

fn write(kind: Kind, name: &str, guarded: bool, came: Came) -> Event {
    let mut columns = columns(&name[..1]);
    let moment = Duration::from_micros(name[1..].parse().map_or(NOW, at));
    let moment = humantime::format_rfc3339_micros(std::time::UNIX_EPOCH + moment);
    columns.insert(kind.moment_column().to_owned(), moment.to_string());
    let row = ROW.to_owned();
    let write = Write {
        row,
        columns,
        guarded,
    };
    Event::Wrote(write, came)
}

fn wrote(name: &str) -> Event {
    write(Kind::Message, name, true, Came::Updated)
}

/// The same, of what need not have been sent.
fn wrote_as(name: &str) -> Event {
    wrote(name)
}

fn unguarded(name: &str) -> Event {
    write(Kind::Message, name, false, Came::Updated)
}

fn missed(name: &str) -> Event {
    write(Kind::Message, name, true, Came::Nothing)
}

fn row(name: &str) -> Event {
    write(Kind::Call, name, true, Came::Inserted)
}

fn changed(name: &str) -> Event {
    write(Kind::Call, name, true, Came::Updated)
}

fn made() -> Event {
    Event::Made(ROW.to_owned())
}

fn looked(second: Option<u64>) -> Event {
    Event::Looked(ROW.to_owned(), second.map(at))
}

fn checked(verdict: Verdict) -> Event {
    Event::Checked(ROW.to_owned(), verdict)
}

fn valid() -> Event {
    checked(Verdict::Valid)
}

fn invalid() -> Event {
    checked(Verdict::Invalid)
}

fn failed() -> Event {
    checked(Verdict::Fault("fails"))
}
