//! What happened to the rows of messages and calls, each thing with its place in the journal.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Breach, Spans};
use crate::data_api::REFUSES;
use crate::journal::{Answer, Event};
use crate::notices::{Came, Columns, Kind, Notice, Rows, Verdict, Write, moment};

/// All rows' tales, and when the store could not be relied on.
pub struct Tales<'a> {
    tales: BTreeMap<&'a str, Tale<'a>>,
    /// When the store took no write.
    pub outages: Spans,
    /// When it was not certain what it took and gave.
    pub doubts: Spans,
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
pub struct Tale<'a> {
    pub sendings: Vec<Sending<'a>>,
    /// Writes that came to something.
    pub writes: Vec<Written<'a>>,
    /// The row's moment, as it was shown.
    pub looks: Vec<(usize, Option<u64>)>,
    pub checks: Vec<(usize, Verdict)>,
    /// When the data API refused something of the row for good.
    pub refusals: Vec<usize>,
}

/// One time that a notice was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    pub notice: &'a Notice,
    /// Where in the journal.
    pub from: usize,
    /// Where in the journal it was over.
    pub to: usize,
    /// The same on the clock, in microseconds since 1970.
    pub times: (u64, u64),
    pub answer: Answer,
    pub body: Option<&'a str>,
}

pub struct Written<'a> {
    pub at: usize,
    pub write: &'a Write,
    pub came: Came,
}

impl<'a> Tales<'a> {
    pub fn read(events: &'a [(Duration, Event)], outages: Spans) -> Self {
        let mut tales = BTreeMap::<&str, Tale>::new();
        let (mut doubts, mut since) = (Spans::new(), None);
        for (at, (_, event)) in events.iter().enumerate() {
            match event {
                Event::Notified(notice, time) => tales
                    .entry(&notice.row)
                    .or_default()
                    .sendings
                    .push(Sending {
                        notice,
                        from: at,
                        to: usize::MAX,
                        times: (*time, u64::MAX),
                        answer: Answer::Nothing,
                        body: None,
                    }),
                Event::Replied(notice, replied) => {
                    let mut all = tales.entry(&notice.row).or_default().sendings.iter_mut();
                    let sending = all.find(|it| it.from == replied.sent);
                    let sending = sending.expect("what was answered was sent");
                    (sending.to, sending.times.1) = (at, replied.at);
                    (sending.answer, sending.body) = (replied.answer, replied.body.as_deref());
                }
                Event::Looked(row, held) => tales.entry(row).or_default().looks.push((at, *held)),
                Event::Wrote(write, came) if *came != Came::Nothing => {
                    let came = *came;
                    tales
                        .entry(&write.row)
                        .or_default()
                        .writes
                        .push(Written { at, write, came });
                }
                Event::Checked(row, verdict) => {
                    tales.entry(row).or_default().checks.push((at, *verdict))
                }
                Event::Fault(row, _, REFUSES) => tales.entry(row).or_default().refusals.push(at),
                Event::StoreInDoubt => since = Some(at),
                Event::StoreIsSound => doubts.extend(since.take().map(|since| (since, at))),
                _ => {}
            }
        }
        let mut slots = BTreeMap::<u16, Vec<Span>>::new();
        for sending in tales.values().flat_map(|tale| &tale.sendings) {
            let Sending {
                notice, from, to, ..
            } = *sending;
            let (row, id) = (notice.row.as_str(), notice.id.as_str());
            for slot in &notice.slots {
                let spans = slots.entry(*slot).or_default();
                spans.push(Span { row, id, from, to });
            }
        }
        Self {
            tales,
            outages,
            doubts,
            slots,
        }
    }

    /// What was sent without one of them being acknowledged.
    pub fn untested(&self) -> Vec<&'static str> {
        let kinds = [(Kind::Message, "message"), (Kind::Call, "call")];
        let is_untested = |kind: Kind| {
            let all = self.tales.values().flat_map(|tale| &tale.sendings);
            let mut of_kind = all.filter(|it| it.notice.kind == kind).peekable();
            of_kind.peek().is_some() && !of_kind.any(Sending::is_acknowledged)
        };
        let untested = kinds.into_iter().filter(|(kind, _)| is_untested(*kind));
        untested.map(|(_, name)| name).collect()
    }

    pub fn breaches(&self, rows: &Rows) -> Vec<Breach> {
        let mut breaches = Vec::new();
        for (row, tale) in &self.tales {
            let found = rows.get(*row);
            let found = match tale.sendings.first().map(|it| it.notice.kind) {
                Some(Kind::Message) => self.of_messages(tale, found),
                Some(Kind::Call) => self.of_calls(tale, found),
                None if tale.writes.is_empty() => Vec::new(),
                None => vec!["it was written to, and nobody had sent anything".to_owned()],
            };
            breaches.extend(found.into_iter().map(|what| Breach {
                subject: (*row).to_owned(),
                what,
            }));
        }
        breaches
    }

    /// Whether another notice, which is remembered in the same value, was under way meanwhile: then
    /// one of the two may be forgotten.
    pub fn may_forget(&self, notice: &Notice, from: usize, to: usize) -> bool {
        let own = notice.slots.first();
        let spans = own
            .and_then(|slot| self.slots.get(slot))
            .into_iter()
            .flatten();
        let mut others =
            spans.filter(|it| (it.row, it.id) != (notice.row.as_str(), notice.id.as_str()));
        others.any(|it| it.from < to && from < it.to)
    }
}

impl Tale<'_> {
    /// What is wrong with what was written, or with what has become of it.
    pub fn what_is_wrong_with_the_content(&self, row: Option<&Columns>) -> Option<String> {
        for Written { at, write, .. } in &self.writes {
            let before = self.sendings.iter().filter(|it| it.from < *at);
            if !before.into_iter().any(|it| self.is_of(write, it)) {
                return Some(format!("#{at} wrote what nobody had sent"));
            }
        }
        let Written { at, write, .. } = self.writes.last()?;
        let holds = |(name, text)| row.is_some_and(|row| row.get(name) == Some(text));
        let is_kept = write.columns.iter().all(holds);
        (!is_kept).then(|| format!("the row does not hold what #{at} wrote: {row:?}"))
    }

    /// Whether this is what the notice was to become.
    fn is_of(&self, write: &Write, sending: &Sending) -> bool {
        let Notice { kind, columns, .. } = sending.notice;
        let column = kind.moment_column();
        let mut written = write.columns.clone();
        let moment = written.remove(column).and_then(|text| moment(&text));
        let is_its = |moment| match sending.notice.moment {
            Some(own) => moment == own,
            None => (sending.times.0..=sending.times.1).contains(&moment),
        };
        written == *columns && moment.is_some_and(is_its)
    }
}

impl Sending<'_> {
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

impl Written<'_> {
    /// The moment that it brought.
    pub fn moment(&self, kind: Kind) -> Option<u64> {
        moment(self.write.columns.get(kind.moment_column())?)
    }
}
