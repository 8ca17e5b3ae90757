//! Whether a message that comes again is answered as it was the first time.
//!
//! An accepted message is remembered before its reply goes out, so whoever sends it again after that
//! gets the same reply. That is not promised where the store was failing when it was written or read,
//! nor where another submission that is remembered in the same value was under way at the same time,
//! nor of what the data API has finally refused: that is accepted anew. Of several at once, any may be
//! the one that is remembered.

use std::collections::BTreeMap;

use super::row_history::{Attempt, RowHistories, RowHistory};
use crate::journal::Answer;

impl RowHistories<'_> {
    pub fn what_is_wrong_when_sent_again(&self, history: &RowHistory<'_>) -> Option<String> {
        let mut messages = BTreeMap::<&str, Vec<&Attempt>>::new();
        for attempt in &history.attempts {
            let same = messages.entry(&attempt.submission.id).or_default();
            same.push(attempt);
        }
        let mut messages = messages.values();
        messages.find_map(|same| self.what_is_wrong_with_one(same, &history.refusals))
    }

    /// `same`: each time that one message was sent.
    fn what_is_wrong_with_one(&self, same: &[&Attempt<'_>], refusals: &[usize]) -> Option<String> {
        let is_sure = |it: &&&Attempt| it.is_acknowledged() && !it.meets(&self.unreliable);
        let first = same.iter().filter(is_sure).min_by_key(|it| it.to)?;
        // Any of these may have been remembered, or may have been after another was.
        let racing = || same.iter().filter(|it| it.from < first.to);
        let settled = racing().map(|it| it.to).max()?;
        let since = racing().map(|it| it.from).min()?;
        if self.may_forget(first.submission, since, settled) {
            return None;
        }
        // One that was not answered may be remembered all the same; one that was refused is not.
        let replies = racing().filter(|it| it.is_acknowledged());
        let replies: Vec<_> = replies.map(|it| it.body).collect();
        let all_are_known = racing().all(|it| match it.answer {
            Answer::Nothing => false,
            Answer::Refused(_) => true,
            Answer::Done | Answer::Queued => it.body.is_some(),
        });
        let mut remembered = None;
        let refused = |until| refusals.iter().any(|at| first.from < *at && *at < until);
        let later = same
            .iter()
            .filter(|it| it.from > first.to && !refused(it.to));
        for it in later.filter(|it| !it.meets(&self.unreliable)) {
            let at = it.to;
            match it.answer {
                Answer::Nothing => continue,
                Answer::Refused(_) => {
                    return Some(format!("#{at} was refused, and had been accepted before"));
                }
                Answer::Done | Answer::Queued if it.body.is_none() => continue,
                Answer::Done | Answer::Queued => {}
            }
            let is_one_of_them = !all_are_known || replies.contains(&it.body);
            // Once all of those at once are over, it is always the same.
            let is_settled = it.from > settled;
            let is_that = !is_settled || *remembered.get_or_insert(it.body) == it.body;
            if !is_one_of_them || !is_that {
                return Some(format!(
                    "#{at} was answered differently than before: {:?}",
                    it.body
                ));
            }
        }
        None
    }
}
