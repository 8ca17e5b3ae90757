//! Whether messages have come to the database, the newest of each row at last.

use super::tale::{Sending, Tale, Tales, Written};
use crate::journal::Answer;
use crate::notices::{Came, Columns, Kind};

impl Tales<'_> {
    /// How the promise was broken to those who sent messages for this row.
    pub fn of_messages(&self, tale: &Tale<'_>, row: Option<&Columns>) -> Vec<String> {
        let sendings = || tale.sendings.iter();
        let found = [
            tale.what_is_wrong_with_the_content(row),
            what_was_written_over(tale),
            sendings().find_map(|it| self.what_is_wrong_with_the_answer(tale, it)),
            sendings().find_map(|it| what_is_missing(tale, it)),
            self.what_is_wrong_when_sent_again(tale),
        ];
        found.into_iter().flatten().collect()
    }

    fn what_is_wrong_with_the_answer(&self, tale: &Tale<'_>, it: &Sending<'_>) -> Option<String> {
        let at = it.to;
        match it.answer {
            // What was kept before is remembered, for which nothing has to be written.
            Answer::Queued if it.is_within(&self.outages) && is_first(tale, it) => Some(format!(
                "#{at} was told that it is kept, while the store took no write"
            )),
            Answer::Refused(status) if status != 503 => Some(format!("#{at} was told {status}")),
            _ => None,
        }
    }
}

fn is_first(tale: &Tale<'_>, it: &Sending<'_>) -> bool {
    let mut same = tale.sendings.iter().filter(|other| is_same(other, it));
    same.all(|other| other.from >= it.from)
}

fn is_same(one: &Sending<'_>, other: &Sending<'_>) -> bool {
    one.notice.id == other.notice.id
}

/// A write of something older over something newer. Where the data API has no guard, a write has to
/// have a look of its own before it that showed nothing newer, and what came between the two is
/// written over: that much is said of such a data API.
fn what_was_written_over(tale: &Tale<'_>) -> Option<String> {
    let (mut held, mut looks) = (None, tale.looks.clone());
    for written in &tale.writes {
        let Written { at, write, came } = written;
        let own = written.moment(Kind::Message);
        match write.guarded || *came == Came::Inserted {
            true if own < held => return Some(format!("#{at} wrote over what is newer")),
            true => {}
            false => {
                let usable = looks.iter().enumerate();
                let usable = usable.filter(|(_, (seen, shown))| seen < at && *shown <= own);
                // The one that fewest others could use.
                let best = usable.max_by_key(|(_, (_, shown))| *shown);
                let Some((best, _)) = best else {
                    return Some(format!(
                        "#{at} wrote over what is newer, and had been shown it"
                    ));
                };
                looks.swap_remove(best);
            }
        }
        held = own;
    }
    None
}

/// What an acknowledged message has not become.
fn what_is_missing(tale: &Tale<'_>, it: &Sending<'_>) -> Option<String> {
    // The first time it was sent is the earliest moment that it may be of.
    let same = tale.sendings.iter().filter(|other| is_same(other, it));
    let own = it.notice.moment.or(same.map(|it| it.times.0).min());
    let has_come = |until: usize| {
        let mut before = tale.writes.iter().filter(|written| written.at < until);
        before.any(|written| written.moment(Kind::Message) >= own)
    };
    let at = it.to;
    match it.answer {
        Answer::Done if !has_come(at) => Some(format!(
            "#{at} was told that it is done, but it had not come to the database"
        )),
        Answer::Queued if !has_come(usize::MAX) => Some(format!(
            "#{at} was told that it is kept, but it has not come to the database"
        )),
        _ => None,
    }
}
