//! Whether the history of activity is of what was sent, with one attempt for each request. That it is
//! complete is not promised.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Breach;
use crate::journal::{ActivityRow, Event};
use crate::submissions::Kind;

/// How the history is wrong.
pub fn breaches(events: &[(Duration, Event)]) -> Vec<Breach> {
    let (mut sent, mut asked, mut breaches) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    let (mut requests, mut rows) = (0, 0);
    for (at, (_, event)) in events.iter().enumerate() {
        match event {
            Event::Sent(callback) => {
                requests += 1;
                sent.insert(("a360", callback.deployment.as_str()));
            }
            Event::Submitted(submission, _) => {
                requests += 1;
                sent.insert((source(submission.kind), submission.row.as_str()));
            }
            Event::ActivityAsked(row) => {
                rows += 1;
                let is_new = asked.insert(row.request_id.as_str());
                let what = match what_is_wrong(row, &sent) {
                    None if !is_new => "is a second attempt for its request",
                    None if rows > requests => "is one more than requests were sent",
                    None => continue,
                    Some(what) => what,
                };
                breaches.push(Breach {
                    subject: row.request_id.clone(),
                    what: format!("the row of the history at #{at} {what}: {row:?}"),
                });
            }
            _ => {}
        }
    }
    breaches
}

fn source(kind: Kind) -> &'static str {
    match kind {
        Kind::Message => "messages",
        Kind::Booking => "cal",
        Kind::Call => "blizwork",
    }
}

fn what_is_wrong(row: &ActivityRow, sent: &BTreeSet<(&str, &str)>) -> Option<&'static str> {
    // All that is sent here is understood once its credential is valid.
    let Some(key) = &row.row_key else {
        return Some("has no key");
    };
    match row.status {
        200 | 202 | 503 => {}
        404 if row.source == "blizwork" => {}
        _ => return Some("has a status that no valid request gets"),
    }
    let is_sent = sent.contains(&(row.source.as_str(), key.as_str()));
    (!is_sent).then_some("is of what nobody had sent")
}
