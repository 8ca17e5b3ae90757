//! A day of samples, and what they cost.

use futures_executor::block_on;

use super::*;
use crate::delivery::outbox::OutboxStats;
use crate::delivery::outbox::tests::{change, desk, keep, outbox};
use crate::delivery::outbox::{Entry, EntryId, Location, QueueReason, Scheduled};
use crate::testing::FakeHost;

fn counts(waiting: usize) -> OutboxCounts {
    OutboxCounts {
        stats: OutboxStats {
            waiting,
            ..OutboxStats::default()
        },
        is_whole: true,
        ..OutboxCounts::default()
    }
}

fn note(host: &FakeHost, waiting: usize) {
    let noted = block_on(outbox().note_depth(host, &counts(waiting)));
    assert_eq!(noted, Ok(()));
}

fn depth(host: &FakeHost) -> Vec<Sample> {
    block_on(outbox().depth(host)).expect("read")
}

#[test]
fn there_is_one_sample_in_five_minutes_for_a_day() {
    let host = FakeHost::default();
    for minute in 0..2000 {
        note(&host, minute);
        host.advance(Duration::from_secs(60));
    }
    let samples = depth(&host);
    assert!((SAMPLES - 1..=SAMPLES).contains(&samples.len()));
    let every = unix_time::millis_in(EVERY);
    for pair in samples.windows(2) {
        assert_eq!(pair[1].time - pair[0].time, every);
        assert_eq!(pair[1].waiting - pair[0].waiting, 5);
    }
    let value = host.store.borrow()[KEY].len();
    assert!(value < 10_000, "{value}");
}

#[test]
fn where_nobody_looked_there_is_no_sample_and_a_damaged_value_begins_anew() {
    let host = FakeHost::default();
    note(&host, 1);
    host.advance(Duration::from_secs(3600));
    note(&host, 2);
    let samples = depth(&host);
    assert_eq!(
        samples.iter().map(|it| it.waiting).collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(samples[1].time - samples[0].time, 3_600_000);
    host.advance(Duration::from_secs(86_400));
    assert_eq!(depth(&host), []);
    for value in ["", "{}", "[[99999999999,1,1,false]]", "[[1,2]]"] {
        block_on(host.set(KEY, value.as_bytes())).expect("set");
        assert_eq!(depth(&host), [], "{value}");
        note(&host, 3);
        assert_eq!(depth(&host).len(), 1, "{value}");
    }
}

#[test]
fn a_worker_samples_once_in_five_minutes_and_lists_some_thousands_of_keys_at_most() {
    let (outbox, desk) = (outbox(), desk());
    let host = &desk.host;
    let far = unix_time::millis(host.now()) + 3_600_000;
    for number in 0..6000 {
        let change = change(&format!("d-{number}"), "COMPLETED");
        let id = EntryId::new(&change, far, number);
        let entry = Entry::new(change, super::super::tests::ORIGIN, far);
        let scheduled = Scheduled {
            due: far,
            id,
            tag: None,
        };
        let key = Location::Waiting(scheduled).key();
        host.store.borrow_mut().insert(key, entry.to_json());
    }
    let heard = |_, _, _: Option<&Entry>| ();
    let look = |desk: &crate::delivery::tests::Desk| {
        desk.host.shown.set(0);
        let outbox = super::super::tests::outbox();
        let looked = outbox.deliver_due(&desk.host, desk.data_api(), heard, false);
        assert_eq!(block_on(looked), Ok(()));
        desk.host.shown.get()
    };
    assert!((4096..4200).contains(&look(&desk)));
    let samples = depth(host);
    assert!(samples.len() == 1 && samples[0].is_least, "{samples:?}");
    assert!((4000..4100).contains(&samples[0].waiting));
    // A worker of another instance finds it, and an operator's look counts all.
    host.advance(Duration::from_secs(20));
    host.store.borrow_mut().remove("0-outbox-marker");
    assert!(look(&desk.beside()) < 100);
    host.advance(EVERY);
    keep(&outbox, host, "more", "COMPLETED", &QueueReason::NoRow);
    let counts = block_on(outbox.counts(host, usize::MAX)).expect("read");
    block_on(outbox.note_depth(host, &counts)).expect("noted");
    let last = *depth(host).last().expect("a sample");
    assert_eq!((last.waiting, last.is_least), (6001, false));
}
