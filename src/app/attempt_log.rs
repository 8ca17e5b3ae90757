//! The log line of an attempt at an entry of the outbox.

use crate::audit::AttemptEvent;
use crate::config::Level;
use crate::delivery::outbox::{AttemptOutcome, Entry, EntryId};
use crate::delivery::subject;

/// What to log of an attempt; `None` where nothing was tried.
pub fn attempt_event(
    id: EntryId,
    outcome: AttemptOutcome,
    entry: Option<&Entry>,
) -> Option<AttemptEvent<'_>> {
    let level = match outcome {
        AttemptOutcome::Updated | AttemptOutcome::AlreadyFinal => Level::Info,
        AttemptOutcome::NoRow
        | AttemptOutcome::Failed
        | AttemptOutcome::Newer
        | AttemptOutcome::Away => Level::Warn,
        AttemptOutcome::Dead => Level::Error,
        AttemptOutcome::NotDue | AttemptOutcome::Gone => return None,
    };
    let last = entry.and_then(|entry| entry.attempts.last());
    let failure = match outcome {
        AttemptOutcome::Updated | AttemptOutcome::AlreadyFinal => None,
        _ => last.map(|(_, why)| why.as_str()),
    };
    Some(AttemptEvent {
        level,
        outcome: outcome.name(),
        entry: id.to_string(),
        request_id: entry.map(|entry| entry.request_id.as_str()),
        subject: entry.map(|entry| subject(&entry.change)),
        tries: entry.map(|entry| entry.tries),
        failure,
    })
}
