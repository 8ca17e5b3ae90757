//! How much there is in the outbox, as far as a bounded listing shows it: for those that look again and
//! again without an operator having asked.

use super::counts::OutboxCounts;
use super::entry::Entry;
use super::listing::{Listed, listed};
use super::location::{Location, Scheduled, earlier};
use super::queue::Outbox;
use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, StoreError};

/// How many of the oldest entries are read at most, to see since when they wait.
const READ: usize = 8;

/// What a sample has found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct OutboxSample {
    /// How much there is, and why.
    pub counts: OutboxCounts,
    /// Since when the oldest change waits, in milliseconds since 1970.
    pub oldest: Option<u64>,
}

impl Outbox {
    /// Counts the first `most` keys that the store lists. Where that is in order, as in most, they are
    /// those of the outbox alone. Entries are read where one seems to wait since before `before`.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn sample(
        &self,
        host: &(impl KeyValue + Clock),
        most: usize,
        before: u64,
    ) -> Result<OutboxSample, StoreError> {
        let Listed { found, is_whole } = listed(host, &|_| true, most).await?;
        let waiting: Vec<_> = found
            .iter()
            .filter_map(|location| match location {
                Location::Waiting(scheduled) => Some(*scheduled),
                Location::Dead(_) => None,
            })
            .collect();
        let oldest = oldest(host, &waiting, before).await?;
        let now = unix_time::millis(host.now());
        Ok(OutboxSample {
            counts: OutboxCounts::of(found, is_whole, now),
            oldest,
        })
    }
}

/// Since when the oldest waits. A dead letter that was put back has its old name, and so seems to wait
/// since it came: of those that seem too old the first is read that is, and [`READ`] at most.
async fn oldest(
    store: &impl KeyValue,
    waiting: &[Scheduled],
    before: u64,
) -> Result<Option<u64>, StoreError> {
    let (mut oldest, mut last) = (None, None);
    for _ in 0..READ {
        let rest = waiting.iter().filter(|it| Some(it.id) > last);
        let Some(scheduled) = rest.min_by_key(|it| it.id) else {
            break;
        };
        last = Some(scheduled.id);
        if scheduled.id.at >= before {
            return Ok(earlier(oldest, Some(scheduled.id.at)));
        }
        let Some(value) = store.get(&Location::Waiting(*scheduled).key()).await? else {
            continue;
        };
        let since = Entry::parse(&value).map_or(scheduled.id.at, |entry| entry.since);
        oldest = earlier(oldest, Some(since));
        if since < before {
            break;
        }
    }
    Ok(oldest)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_executor::block_on;

    use super::super::location::DeadLetter;
    use super::super::reason::QueueReason;
    use super::super::tests::{away, desk, keep, outbox};
    use super::*;
    use crate::instance::unix_time::millis;
    use crate::testing::FakeHost;

    fn sampled(outbox: &Outbox, store: &FakeHost, most: usize, before: u64) -> OutboxSample {
        block_on(outbox.sample(store, most, before)).expect("the store works")
    }

    #[test]
    fn of_a_long_outbox_no_more_is_listed_than_was_asked_for() {
        let (outbox, desk) = (outbox(), desk());
        for number in 0..50 {
            keep(&outbox, &desk.host, &number.to_string(), "S", &away());
        }
        let before = desk.host.shown.get();
        let part = sampled(&outbox, &desk.host, 20, 0);
        // The marker is among them.
        assert_eq!(
            (part.counts.stats.waiting, part.counts.is_whole),
            (19, false)
        );
        assert_eq!(desk.host.shown.get() - before, 21);
        let whole = sampled(&outbox, &desk.host, 2000, 0);
        assert_eq!(
            (whole.counts.stats.waiting, whole.counts.is_whole),
            (50, true)
        );
    }

    #[test]
    fn what_else_is_stored_is_not_listed_where_keys_are_in_order() {
        let (outbox, desk) = (outbox(), desk());
        for number in 0..20 {
            keep(&outbox, &desk.host, &number.to_string(), "S", &away());
        }
        for number in 0..1000 {
            let key = format!("rows/{number}");
            desk.host.store.borrow_mut().insert(key, Vec::new());
        }
        let before = desk.host.shown.get();
        assert!(sampled(&outbox, &desk.host, 2000, 0).counts.is_whole);
        assert!(desk.host.shown.get() - before < 80);
    }

    #[test]
    fn a_dead_letter_that_was_put_back_waits_since_then() {
        let (outbox, mut desk) = (outbox(), desk());
        let place = keep(&outbox, &desk.host, "d", "S", &QueueReason::NoRow);
        let came = millis(desk.host.now());
        let waiting = Location::Waiting(place).key();
        let value = desk.host.store.borrow_mut().remove(&waiting);
        let dead = DeadLetter {
            id: place.id,
            tag: None,
        };
        let dead = Location::Dead(dead).key();
        let value = value.expect("it waits");
        desk.host.store.borrow_mut().insert(dead, value);
        assert_eq!(sampled(&outbox, &desk.host, 2000, 0).counts.stats.dead, 1);

        desk.host.advance(Duration::from_secs(3600));
        let requeued = millis(desk.host.now());
        block_on(outbox.requeue(&desk.host, place.id)).expect("put back");
        let before = requeued - 300_000;
        let sample = sampled(&outbox, &desk.host, 2000, before);
        assert_eq!(
            (sample.counts.stats.waiting, sample.oldest),
            (1, Some(requeued))
        );
        // Beside one that has waited all the time.
        desk.host = desk.host.beside();
        let old = keep(&outbox, &desk.host, "e", "S", &QueueReason::NoRow);
        assert!(old.id.at > came);
        let before = requeued + 1;
        let sample = sampled(&outbox, &desk.host, 2000, before);
        assert_eq!(sample.oldest, Some(requeued));
    }
}
