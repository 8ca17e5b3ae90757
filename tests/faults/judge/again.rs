//! Whether a message that comes again is answered as it was the first time.
//!
//! What was taken is remembered before its reply goes out, so whoever sends it again after that gets
//! the same reply. That is not promised where the store was failing when it was to be remembered or
//! is asked, nor where another notice, which is remembered in the same value, was under way at the
//! same time, nor of what the data API has refused for good: that is taken anew. Of several at once any may be the one that is remembered.

use std::collections::BTreeMap;

use super::tale::{Sending, Tale, Tales};
use crate::journal::Answer;

impl Tales<'_> {
    pub fn what_is_wrong_when_sent_again(&self, tale: &Tale<'_>) -> Option<String> {
        let mut messages = BTreeMap::<&str, Vec<&Sending>>::new();
        for sending in &tale.sendings {
            let same = messages.entry(&sending.notice.id).or_default();
            same.push(sending);
        }
        let mut messages = messages.values();
        messages.find_map(|same| self.what_is_wrong_with_one(same, &tale.refusals))
    }

    /// `same`: each time that one message was sent.
    fn what_is_wrong_with_one(&self, same: &[&Sending<'_>], refusals: &[usize]) -> Option<String> {
        let is_sure = |it: &&&Sending| it.is_acknowledged() && !it.meets(&self.doubts);
        let first = same.iter().filter(is_sure).min_by_key(|it| it.to)?;
        // Any of these may have been remembered, or may have been after another was.
        let racing = || same.iter().filter(|it| it.from < first.to);
        let settled = racing().map(|it| it.to).max()?;
        let since = racing().map(|it| it.from).min()?;
        if self.may_forget(first.notice, since, settled) {
            return None;
        }
        // One that was not answered may be remembered all the same; one that was refused is not.
        let told = racing().filter(|it| it.is_acknowledged());
        let told: Vec<_> = told.map(|it| it.body).collect();
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
        for it in later.filter(|it| !it.meets(&self.doubts)) {
            let at = it.to;
            match it.answer {
                Answer::Nothing => continue,
                Answer::Refused(_) => {
                    return Some(format!("#{at} was refused, and had been taken before"));
                }
                Answer::Done | Answer::Queued if it.body.is_none() => continue,
                Answer::Done | Answer::Queued => {}
            }
            let is_one_of_them = !all_are_known || told.contains(&it.body);
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
