//! What happened to the rows of messages, events and calls, each thing with its place in the journal.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Breach, Spans};
use crate::data_api::REFUSES;
use crate::journal::{Answer, Event};
use crate::submissions::{
    self, Columns, Kind, Rows, Submission, TokenCheck, Write, WriteOutcome, parse_timestamp,
};

/// All rows' histories, and when the store was failing.
pub struct RowHistories<'a> {
    histories: BTreeMap<&'a str, RowHistory<'a>>,
    /// When the store took no write.
    pub outages: Spans,
    /// When it may have failed.
    pub unreliable: Spans,
    /// What was sent, by where it is remembered.
    slots: BTreeMap<u16, Vec<Span<'a>>>,
}

/// Whose it is, and from where to where in the journal it was under way.
struct Span<'a> {
    row: &'a str,
    id: &'a str,
    from: usize,
    to: usize,
}

/// What happened to one row.
#[derive(Default)]
pub struct RowHistory<'a> {
    pub attempts: Vec<Attempt<'a>>,
    /// Writes that changed the row.
    pub writes: Vec<AppliedWrite<'a>>,
    /// The row's timestamp, as the data API returned it.
    pub reads: Vec<(usize, Option<u64>)>,
    pub checks: Vec<(usize, TokenCheck)>,
    /// When the data API finally refused something of the row.
    pub refusals: Vec<usize>,
}

/// One time that a submission was sent.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    pub submission: &'a Submission,
    /// Where in the journal.
    pub from: usize,
    /// Where in the journal it was over.
    pub to: usize,
    /// The same on the clock, in microseconds since 1970.
    pub times: (u64, u64),
    pub answer: Answer,
    pub body: Option<&'a str>,
}

pub struct AppliedWrite<'a> {
    pub at: usize,
    pub write: &'a Write,
    pub outcome: WriteOutcome,
}

impl<'a> RowHistories<'a> {
    pub fn read(events: &'a [(Duration, Event)], outages: Spans) -> Self {
        let mut histories = BTreeMap::<&str, RowHistory>::new();
        let (mut unreliable, mut since) = (Spans::new(), None);
        for (at, (_, event)) in events.iter().enumerate() {
            match event {
                Event::Submitted(submission, time) => histories
                    .entry(&submission.row)
                    .or_default()
                    .attempts
                    .push(Attempt {
                        submission,
                        from: at,
                        to: usize::MAX,
                        times: (*time, u64::MAX),
                        answer: Answer::Nothing,
                        body: None,
                    }),
                Event::Replied(submission, replied) => {
                    let mut all = histories
                        .entry(&submission.row)
                        .or_default()
                        .attempts
                        .iter_mut();
                    let attempt = all.find(|it| it.from == replied.sent);
                    let attempt = attempt.expect("what was answered was sent");
                    (attempt.to, attempt.times.1) = (at, replied.at);
                    (attempt.answer, attempt.body) = (replied.answer, replied.body.as_deref());
                }
                Event::RowRead(row, timestamp) => histories
                    .entry(row)
                    .or_default()
                    .reads
                    .push((at, *timestamp)),
                Event::RowWritten(write, outcome) if *outcome != WriteOutcome::Unchanged => {
                    let outcome = *outcome;
                    histories
                        .entry(&write.row)
                        .or_default()
                        .writes
                        .push(AppliedWrite { at, write, outcome });
                }
                Event::TokenChecked(row, check) => {
                    histories.entry(row).or_default().checks.push((at, *check))
                }
                Event::Fault(row, _, REFUSES) => {
                    histories.entry(row).or_default().refusals.push(at)
                }
                Event::StoreUnreliable => since = Some(at),
                Event::StoreReliable => unreliable.extend(since.take().map(|since| (since, at))),
                _ => {}
            }
        }
        let mut slots = BTreeMap::<u16, Vec<Span>>::new();
        for attempt in histories.values().flat_map(|history| &history.attempts) {
            let Attempt {
                submission,
                from,
                to,
                ..
            } = *attempt;
            let (row, id) = (submission.row.as_str(), submission.id.as_str());
            for slot in &submission.slots {
                let spans = slots.entry(*slot).or_default();
                spans.push(Span { row, id, from, to });
            }
        }
        Self {
            histories,
            outages,
            unreliable,
            slots,
        }
    }

    /// What was sent without one of them being acknowledged.
    pub fn untested(&self) -> Vec<&'static str> {
        let kinds = [
            (Kind::Message, "message"),
            (Kind::Booking, "event of Cal.com's"),
            (Kind::Call, "call"),
        ];
        let is_untested = |kind: Kind| {
            let all = self
                .histories
                .values()
                .flat_map(|history| &history.attempts);
            let mut of_kind = all.filter(|it| it.submission.kind == kind).peekable();
            of_kind.peek().is_some() && !of_kind.any(Attempt::is_acknowledged)
        };
        let untested = kinds.into_iter().filter(|(kind, _)| is_untested(*kind));
        untested.map(|(_, name)| name).collect()
    }

    pub fn breaches(&self, rows: &Rows) -> Vec<Breach> {
        let mut breaches = Vec::new();
        for (row, history) in &self.histories {
            let found = rows.get(*row);
            let found = match history.attempts.first().map(|it| it.submission.kind) {
                Some(Kind::Message | Kind::Booking) => self.of_messages(history, found),
                Some(Kind::Call) => self.of_calls(history, found),
                None if history.writes.is_empty() => Vec::new(),
                None => vec!["it was written to, and nobody had sent anything".to_owned()],
            };
            breaches.extend(found.into_iter().map(|what| Breach {
                subject: (*row).to_owned(),
                what,
            }));
        }
        breaches
    }

    /// Whether another submission, which is remembered in the same value, was under way meanwhile: then
    /// one of the two may be forgotten.
    pub fn may_forget(&self, submission: &Submission, from: usize, to: usize) -> bool {
        let own = submission.slots.first();
        let spans = own
            .and_then(|slot| self.slots.get(slot))
            .into_iter()
            .flatten();
        let mut others =
            spans.filter(|it| (it.row, it.id) != (submission.row.as_str(), submission.id.as_str()));
        others.any(|it| it.from < to && from < it.to)
    }
}

impl RowHistory<'_> {
    /// What is wrong with what was written, or with what has become of it.
    pub fn what_is_wrong_with_the_content(&self, row: Option<&Columns>) -> Option<String> {
        for AppliedWrite { at, write, .. } in &self.writes {
            let before = self.attempts.iter().filter(|it| it.from < *at);
            if !before.into_iter().any(|it| self.is_of(write, it)) {
                return Some(format!("#{at} wrote what nobody had sent"));
            }
        }
        let AppliedWrite { at, write, .. } = self.writes.last()?;
        let holds = |(name, text)| row.is_some_and(|row| row.get(name) == Some(text));
        let is_kept = write.columns.iter().all(holds);
        (!is_kept).then(|| format!("the row does not hold what #{at} wrote: {row:?}"))
    }

    /// Whether this is what the submission was to become.
    fn is_of(&self, write: &Write, attempt: &Attempt) -> bool {
        let Submission { kind, columns, .. } = attempt.submission;
        let column = kind.timestamp_column();
        let mut written = write.columns.clone();
        let timestamp = written
            .remove(column)
            .and_then(|text| parse_timestamp(&text));
        let is_its = |timestamp| match attempt.submission.timestamp {
            Some(own) => timestamp == own,
            None => (attempt.times.0..=attempt.times.1).contains(&timestamp),
        };
        written == *columns && timestamp.is_some_and(is_its)
    }
}

impl Attempt<'_> {
    pub fn is_acknowledged(&self) -> bool {
        matches!(self.answer, Answer::Done | Answer::Queued)
    }

    /// Whether all of it was within one of these.
    pub fn is_within(&self, spans: &Spans) -> bool {
        spans
            .iter()
            .any(|(from, to)| *from < self.from && self.to < *to)
    }

    /// Whether any of it was within one of these.
    pub fn meets(&self, spans: &Spans) -> bool {
        spans
            .iter()
            .any(|(from, to)| *from < self.to && self.from < *to)
    }
}

impl AppliedWrite<'_> {
    /// The timestamp of what was written.
    pub fn timestamp(&self) -> Option<u64> {
        submissions::timestamp(&self.write.columns)
    }
}
