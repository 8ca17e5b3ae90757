//! Whether the promise was kept, by the journal and the rows.

mod activity;
mod calls;
mod cases;
mod duplicates;
mod messages;
mod row_history;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::data_api::REFUSES;
use crate::journal::{Answer, Callback, Event, Order, Resultado};
use crate::sam::{Row, Rows, is_final};
use crate::submissions;
use row_history::RowHistories;

/// Panics where the judge is wrong about a history that is known to be good or bad.
pub fn check() {
    cases::check();
}

/// A way in which the promise was broken.
#[derive(Debug, PartialEq, Eq)]
pub struct Breach {
    /// The deployment or the row.
    pub subject: String,
    pub what: String,
}

/// What happened to one deployment; each thing with its place in the journal.
#[derive(Default)]
struct DeploymentHistory<'a> {
    sent: Vec<(usize, &'a Callback)>,
    answered: Vec<Answered<'a>>,
    executed: Vec<(usize, &'a Order, Resultado)>,
    /// When the data API has refused one of its changes for good.
    refused: Vec<usize>,
}

struct Answered<'a> {
    sent: usize,
    at: usize,
    callback: &'a Callback,
    answer: Answer,
}

/// From where to where in the journal something was so.
type Spans = Vec<(usize, usize)>;

/// `rows` are the deployments', `others` those of messages, events and calls.
pub fn judge(events: &[(Duration, Event)], rows: &Rows, others: &submissions::Rows) -> Vec<Breach> {
    let (deployments, outages, mut breaches) = read(events);
    for (deployment, history) in &deployments {
        let row = rows.get(*deployment);
        let found = [
            history.what_is_wrong_with_the_writes(row),
            history
                .answers()
                .find_map(|it| history.what_is_wrong_with(it, &outages)),
            history.answers().find_map(|it| history.what_is_missing(it)),
        ];
        breaches.extend(found.into_iter().flatten().map(|what| Breach {
            subject: (*deployment).to_owned(),
            what,
        }));
    }
    let row_histories = RowHistories::read(events, outages);
    breaches.extend(row_histories.breaches(others));
    breaches.extend(activity::breaches(events));
    let is_acknowledged =
        |history: &DeploymentHistory| history.answers().any(Answered::is_acknowledged);
    let is_sent = deployments.values().any(|history| !history.sent.is_empty());
    let mut untested = row_histories.untested();
    if is_sent && !deployments.values().any(is_acknowledged) {
        untested.push("callback");
    }
    breaches.extend(untested.into_iter().map(|what| {
        let what = format!("no {what} was acknowledged, so nothing was tested");
        general(&what)
    }));
    breaches
}

fn general(what: &str) -> Breach {
    Breach {
        subject: "all".to_owned(),
        what: what.to_owned(),
    }
}

fn read(
    events: &[(Duration, Event)],
) -> (BTreeMap<&str, DeploymentHistory<'_>>, Spans, Vec<Breach>) {
    let mut deployments = BTreeMap::<&str, DeploymentHistory>::new();
    let (mut outages, mut breaches, mut since) = (Spans::new(), Vec::new(), None);
    for (at, (_, event)) in events.iter().enumerate() {
        match event {
            Event::DeploymentCreated(deployment) => {
                deployments.entry(deployment).or_default();
            }
            Event::Sent(callback) => deployments
                .entry(&callback.deployment)
                .or_default()
                .sent
                .push((at, callback)),
            Event::Answered(sent, callback, answer) => {
                deployments
                    .entry(&callback.deployment)
                    .or_default()
                    .answered
                    .push(Answered {
                        sent: *sent,
                        at,
                        callback,
                        answer: *answer,
                    });
            }
            Event::Executed(order, resultado) => {
                let order = (at, order, *resultado);
                deployments
                    .entry(&order.1.deployment)
                    .or_default()
                    .executed
                    .push(order);
            }
            Event::Fault(deployment, _, REFUSES) => {
                // Otherwise it is a row of another table.
                if let Some(history) = deployments.get_mut(deployment.as_str()) {
                    history.refused.push(at);
                }
            }
            Event::StoreFails(_) => since = Some(at),
            Event::StoreHeals => outages.extend(since.take().map(|since| (since, at))),
            Event::Unexpected(what) => breaches.push(general(what)),
            Event::DeadLetter(entry) => {
                breaches.push(general(&format!(
                    "a dead letter without a final refusal: {entry}"
                )));
            }
            _ => {}
        }
    }
    (deployments, outages, breaches)
}

impl Answered<'_> {
    fn is_acknowledged(&self) -> bool {
        matches!(self.answer, Answer::Done | Answer::Queued)
    }
}

impl<'a> DeploymentHistory<'a> {
    fn answers(&self) -> impl Iterator<Item = &Answered<'a>> {
        self.answered.iter()
    }

    fn what_is_wrong_with(&self, answered: &Answered, outages: &Spans) -> Option<String> {
        let Answered {
            sent,
            at,
            callback,
            answer,
        } = answered;
        // One that ends the row and waits already is not written again, nor is one that is refused for
        // good and is a dead letter already.
        let is_refused = |(from, to): (usize, usize)| {
            let mut refused = self.refused.iter();
            refused.any(|at| (from..to).contains(at))
        };
        let may_wait = |since: usize| {
            let mut before = self.sent.iter().take_while(|(sent, _)| *sent < since);
            let ends_alike =
                is_final(callback.status) || is_refused((0, since)) && is_refused((*sent, *at));
            ends_alike && before.any(|(_, other)| other == callback)
        };
        let mut out = outages.iter().filter(|(from, to)| from < sent && at < to);
        match answer {
            Answer::Queued if out.any(|(from, _)| !may_wait(*from)) => Some(format!(
                "#{at} was answered that it is kept, while the store took no write"
            )),
            Answer::Refused(status) if *status != 503 => {
                Some(format!("#{at} was answered {status}"))
            }
            _ => None,
        }
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
            !sent.any(|(_, callback)| is_same(callback, order))
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
        let Answered { at, callback, .. } = answered;
        // It was written, or came when the row was final.
        let has_come = |until: usize| {
            let mut executed = self.executed.iter().filter(|(at, ..)| *at < until);
            executed.any(|(_, order, resultado)| {
                *resultado != Resultado::NotFound && is_same(callback, order)
            })
        };
        match answered.answer {
            Answer::Done if !has_come(*at) => Some(format!(
                "#{at} was answered that it is done, but it had not come to the database"
            )),
            Answer::Queued if !has_come(usize::MAX) => Some(format!(
                "#{at} was answered that it is kept, but it has not come to the database"
            )),
            _ => None,
        }
    }
}

fn is_same(callback: &Callback, order: &Order) -> bool {
    (callback.status, &callback.payload) == (order.estado.as_str(), &order.callback_info)
}

fn holds(row: &Row, order: &Order) -> bool {
    (&row.estado, row.callback_info.as_ref()) == (&order.estado, Some(&order.callback_info))
}
