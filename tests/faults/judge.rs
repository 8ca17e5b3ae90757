//! Whether the promise was kept, as the journal and the rows tell it.

mod cases;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::journal::{Answer, Event, Message, Order, Resultado};
use crate::sam::{Row, Rows, is_final};

pub use cases::check;

/// A way in which the promise was broken.
#[derive(Debug, PartialEq, Eq)]
pub struct Breach {
    pub deployment: String,
    pub what: String,
}

/// What happened to one deployment; each thing with its place in the journal.
#[derive(Default)]
struct Story<'a> {
    sent: Vec<(usize, &'a Message)>,
    answered: Vec<Answered<'a>>,
    executed: Vec<(usize, &'a Order, Resultado)>,
}

struct Answered<'a> {
    sent: usize,
    at: usize,
    message: &'a Message,
    answer: Answer,
}

/// From when to when the store took no write.
type Outages = Vec<(usize, usize)>;

pub fn judge(events: &[(Duration, Event)], rows: &Rows) -> Vec<Breach> {
    let (stories, outages, mut breaches) = read(events);
    for (deployment, story) in &stories {
        let row = rows.get(*deployment);
        let found = [
            story.what_is_wrong_with_the_writes(row),
            story.answers().find_map(|it| it.what_is_wrong(&outages)),
            story.answers().find_map(|it| story.what_is_missing(it)),
        ];
        breaches.extend(found.into_iter().flatten().map(|what| Breach {
            deployment: (*deployment).to_owned(),
            what,
        }));
    }
    let acknowledged = |story: &Story| story.answers().any(Answered::is_acknowledged);
    if !stories.values().any(acknowledged) {
        breaches.push(general("nothing was acknowledged, so nothing was tested"));
    }
    breaches
}

fn general(what: &str) -> Breach {
    Breach {
        deployment: "all".to_owned(),
        what: what.to_owned(),
    }
}

fn read(events: &[(Duration, Event)]) -> (BTreeMap<&str, Story<'_>>, Outages, Vec<Breach>) {
    let mut stories = BTreeMap::<&str, Story>::new();
    let (mut outages, mut breaches, mut since) = (Outages::new(), Vec::new(), None);
    for (at, (_, event)) in events.iter().enumerate() {
        let story = event
            .deployment()
            .map(|deployment| stories.entry(deployment).or_default());
        match (event, story) {
            (Event::Sent(message), Some(story)) => story.sent.push((at, message)),
            (Event::Answered(sent, message, answer), Some(story)) => {
                story.answered.push(Answered {
                    sent: *sent,
                    at,
                    message,
                    answer: *answer,
                });
            }
            (Event::Executed(order, resultado), Some(story)) => {
                story.executed.push((at, order, *resultado));
            }
            (Event::StoreFails(_), _) => since = Some(at),
            (Event::StoreHeals, _) => outages.extend(since.take().map(|since| (since, at))),
            (Event::Strange(what), _) => breaches.push(general(what)),
            _ => {}
        }
    }
    (stories, outages, breaches)
}

impl Answered<'_> {
    fn is_acknowledged(&self) -> bool {
        matches!(self.answer, Answer::Done | Answer::Queued)
    }

    fn what_is_wrong(&self, outages: &Outages) -> Option<String> {
        let out = |(from, to): &(usize, usize)| *from < self.sent && self.at < *to;
        match self.answer {
            Answer::Queued if outages.iter().any(out) => Some(format!(
                "#{} was told that it is kept, while the store took no write",
                self.at
            )),
            Answer::Refused(status) if status != 503 => {
                Some(format!("#{} was told {status}", self.at))
            }
            _ => None,
        }
    }
}

impl<'a> Story<'a> {
    fn answers(&self) -> impl Iterator<Item = &Answered<'a>> {
        self.answered.iter()
    }

    fn writes(&self) -> impl Iterator<Item = (usize, &'a Order)> {
        let executed = self.executed.iter();
        executed
            .filter(|(_, _, resultado)| *resultado == Resultado::Updated)
            .map(|(at, order, _)| (*at, *order))
    }

    fn what_is_wrong_with_the_writes(&self, row: Option<&Row>) -> Option<String> {
        let foreign = |(at, order): &(usize, &Order)| {
            let mut sent = self.sent.iter().take_while(|(sent, _)| sent < at);
            !sent.any(|(_, message)| is_same(message, order))
        };
        let Some(row) = row else {
            return Some("there is no row".to_owned());
        };
        if let Some((at, _)) = self.writes().find(foreign) {
            return Some(format!("#{at} wrote what nobody had sent"));
        }
        let mut after = self
            .writes()
            .skip_while(|(_, order)| !is_final(&order.estado));
        if let Some((at, _)) = after.nth(1) {
            return Some(format!("#{at} wrote over a final state"));
        }
        match self.writes().last() {
            Some((at, order)) if !holds(row, order) => {
                Some(format!("the row does not hold what #{at} wrote: {row:?}"))
            }
            None if row.callback_info.is_some() => {
                Some(format!("nothing was written, but the row holds {row:?}"))
            }
            _ => None,
        }
    }

    /// What an acknowledged change has not become.
    fn what_is_missing(&self, answered: &Answered) -> Option<String> {
        let Answered { at, message, .. } = answered;
        // It was written, or came when the row was final.
        let has_come = |until: usize| {
            let mut executed = self.executed.iter().filter(|(at, ..)| *at < until);
            executed.any(|(_, order, resultado)| {
                *resultado != Resultado::NotFound && is_same(message, order)
            })
        };
        match answered.answer {
            Answer::Done if !has_come(*at) => Some(format!(
                "#{at} was told that it is done, but it had not come to the database"
            )),
            Answer::Queued if !has_come(usize::MAX) => Some(format!(
                "#{at} was told that it is kept, but it has not come to the database"
            )),
            _ => None,
        }
    }
}

fn is_same(message: &Message, order: &Order) -> bool {
    (message.status, &message.payload) == (order.estado.as_str(), &order.callback_info)
}

fn holds(row: &Row, order: &Order) -> bool {
    (&row.estado, row.callback_info.as_ref()) == (&order.estado, Some(&order.callback_info))
}
