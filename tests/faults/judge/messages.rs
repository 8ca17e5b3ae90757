//! Whether messages, and Cal.com's events, have come to the database, the newest of each row at last.

use super::row_history::{AppliedWrite, Attempt, RowHistories, RowHistory};
use crate::journal::Answer;
use crate::submissions::{Columns, WriteOutcome};

impl RowHistories<'_> {
    /// How the promise was broken to those who sent messages for this row.
    pub fn of_messages(&self, history: &RowHistory<'_>, row: Option<&Columns>) -> Vec<String> {
        let attempts = || history.attempts.iter();
        let found = [
            history.what_is_wrong_with_the_content(row),
            what_was_written_over(history),
            attempts().find_map(|it| self.what_is_wrong_with_the_answer(history, it)),
            attempts().find_map(|it| what_is_missing(history, it)),
            self.what_is_wrong_when_sent_again(history),
        ];
        found.into_iter().flatten().collect()
    }

    fn what_is_wrong_with_the_answer(
        &self,
        history: &RowHistory<'_>,
        it: &Attempt<'_>,
    ) -> Option<String> {
        let at = it.to;
        match it.answer {
            // What was kept before is remembered, for which nothing has to be written.
            Answer::Queued if it.is_within(&self.outages) && is_first(history, it) => Some(
                format!("#{at} was answered that it is kept, while the store took no write"),
            ),
            Answer::Refused(status) if status != 503 => {
                Some(format!("#{at} was answered {status}"))
            }
            _ => None,
        }
    }
}

fn is_first(history: &RowHistory<'_>, it: &Attempt<'_>) -> bool {
    let mut same = history.attempts.iter().filter(|other| is_same(other, it));
    same.all(|other| other.from >= it.from)
}

fn is_same(one: &Attempt<'_>, other: &Attempt<'_>) -> bool {
    one.submission.id == other.submission.id
}

/// A write of something older over something newer. Where the data API has no guard, a write has to
/// have a look of its own before it that showed nothing newer, and what came between the two is
/// written over: that much is said of such a data API.
fn what_was_written_over(history: &RowHistory<'_>) -> Option<String> {
    let (mut held, mut reads) = (None, history.reads.clone());
    for written in &history.writes {
        let AppliedWrite { at, write, outcome } = written;
        let own = written.timestamp();
        match write.guarded || *outcome == WriteOutcome::Inserted {
            true if own < held => return Some(format!("#{at} wrote over what is newer")),
            true => {}
            false => {
                let usable = reads.iter().enumerate();
                let usable = usable.filter(|(_, (seen, shown))| seen < at && *shown <= own);
                // The one that fewest others could use.
                let best = usable.max_by_key(|(_, (_, shown))| *shown);
                let Some((best, _)) = best else {
                    return Some(format!("#{at} wrote over what is newer, and had read it"));
                };
                reads.swap_remove(best);
            }
        }
        held = own;
    }
    None
}

/// What an acknowledged message has not become.
fn what_is_missing(history: &RowHistory<'_>, it: &Attempt<'_>) -> Option<String> {
    // The first time it was sent is the earliest timestamp that it may be of.
    let same = history.attempts.iter().filter(|other| is_same(other, it));
    let own = it.submission.timestamp.or(same.map(|it| it.times.0).min());
    let has_come = |until: usize| {
        let mut before = history.writes.iter().filter(|written| written.at < until);
        before.any(|written| written.timestamp() >= own)
    };
    let at = it.to;
    match it.answer {
        Answer::Done if !has_come(at) => Some(format!(
            "#{at} was answered that it is done, but it had not come to the database"
        )),
        Answer::Queued if !has_come(usize::MAX) => Some(format!(
            "#{at} was answered that it is kept, but it has not come to the database"
        )),
        _ => None,
    }
}
