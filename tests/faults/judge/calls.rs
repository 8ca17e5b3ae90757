//! Whether each call of BlizWork's that was acknowledged has its row, and no other has one.
//!
//! Of calls with one token that are under way at once, the row may be another's than the one that was
//! acknowledged. The store has no compare-and-set: each may come into the outbox before it shows
//! which of them counts, and one that does not is delivered where it cannot be withdrawn in time.

use super::row_history::{AppliedWrite, Attempt, RowHistories, RowHistory};
use crate::journal::Answer;
use crate::submissions::{Columns, TokenCheck, WriteOutcome};

impl RowHistories<'_> {
    /// How the promise was broken to BlizWork, for calls with the token of this row.
    pub fn of_calls(&self, history: &RowHistory<'_>, row: Option<&Columns>) -> Vec<String> {
        let attempts = || history.attempts.iter();
        let found = [
            history.what_is_wrong_with_the_content(row),
            what_is_wrong_with_the_row(history),
            attempts().find_map(|it| self.what_is_wrong_with_the_reply(history, it)),
            attempts().find_map(|it| self.what_was_taken_again(history, it)),
        ];
        found.into_iter().flatten().collect()
    }

    fn what_is_wrong_with_the_reply(
        &self,
        history: &RowHistory<'_>,
        it: &Attempt<'_>,
    ) -> Option<String> {
        let at = it.to;
        let what = match it.answer {
            Answer::Queued if !is_checked(history, it.from, it.to) => {
                "was acknowledged, and nobody had said that its token is valid"
            }
            Answer::Queued if it.is_within(&self.outages) => {
                "was answered that it is kept, while the store took no write"
            }
            // One that was under way at the same time may be the one that counts.
            Answer::Refused(404) if is_only(history, it) && was_found_valid(history, it) => {
                "was answered 404, and its token was valid"
            }
            Answer::Queued | Answer::Nothing | Answer::Refused(404 | 503) => return None,
            Answer::Done | Answer::Refused(_) => "was answered as no call is",
        };
        Some(format!("#{at} {what}: {:?}", it.answer))
    }

    /// A token is good once: where it was acknowledged, it is not again for whoever comes later. That
    /// is not promised where another submission, which is remembered in the same value, was under way
    /// at the same time.
    fn what_was_taken_again(&self, history: &RowHistory<'_>, it: &Attempt<'_>) -> Option<String> {
        let acknowledged = || history.attempts.iter().filter(|it| it.is_acknowledged());
        let mut earlier = acknowledged().filter(|first| first.to < it.from);
        let first = earlier.next().filter(|_| it.is_acknowledged())?;
        // Those who came before the first was done may have written over its mark.
        let racing = history
            .attempts
            .iter()
            .filter(|other| other.from < first.to);
        let settled = racing.map(|other| other.to).max()?;
        let may_be_forgotten = self.may_forget(it.submission, first.from, settled);
        (!may_be_forgotten).then(|| {
            format!(
                "#{} was acknowledged, and its token had been used: #{}",
                it.to, first.to
            )
        })
    }
}

fn what_is_wrong_with_the_row(history: &RowHistory<'_>) -> Option<String> {
    let inserted = history
        .writes
        .iter()
        .filter(|it| it.outcome == WriteOutcome::Inserted);
    if inserted.count() != history.writes.len() {
        return Some("the row was written over".to_owned());
    }
    let acknowledged = || history.attempts.iter().filter(|it| it.is_acknowledged());
    match (&history.writes[..], acknowledged().next()) {
        ([], None) => None,
        ([], Some(it)) => Some(format!(
            "#{} was answered that it is kept, but it has not come to the database",
            it.to
        )),
        ([AppliedWrite { at, .. }], _) if !is_checked(history, 0, *at) => Some(format!(
            "#{at} wrote, and nobody had said that its token is valid"
        )),
        ([_], None) => None,
        ([AppliedWrite { at, write, .. }], Some(_)) => {
            let is_its = |it: &Attempt| {
                let columns = &it.submission.columns;
                columns.get("payload") == write.columns.get("payload")
            };
            let at_once = |it: &Attempt| {
                let mut others = acknowledged();
                others.any(|other| it.from <= other.to && other.from <= it.to)
            };
            let is_one = history.attempts.iter().any(|it| is_its(it) && at_once(it));
            (!is_one).then(|| format!("#{at} wrote another call than was acknowledged"))
        }
        _ => Some("there were two rows".to_owned()),
    }
}

/// Whether BlizWork has said between these two that the token is valid.
fn is_checked(history: &RowHistory<'_>, from: usize, to: usize) -> bool {
    let mut checks = history.checks.iter();
    checks.any(|(at, check)| (from..to).contains(at) && *check == TokenCheck::Valid)
}

/// Whether nobody else had called with this token before it was answered.
fn is_only(history: &RowHistory<'_>, it: &Attempt<'_>) -> bool {
    let mut others = history
        .attempts
        .iter()
        .filter(|other| other.from != it.from);
    others.all(|other| other.from > it.to)
}

/// Whether whatever BlizWork has said meanwhile is that the token is valid.
fn was_found_valid(history: &RowHistory<'_>, it: &Attempt<'_>) -> bool {
    let mut checks = history.checks.iter();
    let other = |(at, check): &(usize, TokenCheck)| {
        (it.from..it.to).contains(at) && *check != TokenCheck::Valid
    };
    is_checked(history, it.from, it.to) && !checks.any(other)
}
