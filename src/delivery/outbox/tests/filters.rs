//! Choosing entries: by source and cause without their values, by row with them.

use super::*;

const MESSAGES: Origin = Origin {
    source: "messages",
    request_id: "r-2",
};

fn key(text: &str) -> Filter {
    Filter {
        key: Some(text.to_owned()),
        ..Filter::default()
    }
}

/// A hundred dead letters of A360 that were refused, and ten of messages that found no row.
fn dead() -> (Outbox, Desk) {
    let (outbox, desk) = (outbox(), desk());
    for number in 0..110 {
        let (origin, reason) = match number % 11 {
            0 => (MESSAGES, QueueReason::NoRow),
            _ => (ORIGIN, away()),
        };
        let change = change(&format!("d-{number:03}"), "COMPLETED");
        let kept = outbox.enqueue(&desk.host, change, origin, &reason);
        block_on(kept).expect("kept");
        desk.host.advance(Duration::from_millis(1));
    }
    desk.host.advance(Duration::from_secs(73 * 3600));
    let mut left = desk.host.stored("0-outbox/a/");
    while !left.is_empty() {
        for key in left {
            let place = key.strip_prefix("0-outbox/a/").and_then(Scheduled::parse);
            let place = place.expect("a place");
            let is_message = place.tag.expect("a tag").is_of("messages");
            desk.host.will([if is_message {
                answer("NOT_FOUND")
            } else {
                refused()
            }]);
            let tried = outbox.attempt(&desk.host, desk.data_api(), place, true);
            let tried = block_on(tried).expect("the store works");
            assert_eq!(tried.outcome, AttemptOutcome::Dead);
        }
        left = desk.host.stored("0-outbox/a/");
    }
    (outbox, desk)
}

fn page(outbox: &Outbox, host: &FakeHost, filter: &Filter, before: Option<EntryId>) -> Page {
    let page = outbox.page(host, EntryState::Dead, filter, before, 50);
    block_on(page).expect("read")
}

fn keys(page: &Page) -> Vec<&str> {
    let entries = page.entries.iter();
    let keys = entries.map(|found| &*found.entry.as_ref().expect("readable").change.key);
    keys.collect()
}

#[test]
fn entries_are_chosen_by_source_and_cause_without_reading_others() {
    let (outbox, desk) = dead();
    let of_messages = Filter {
        source: Some("messages".to_owned()),
        ..Filter::default()
    };
    let of_cause = Filter {
        cause: Some(Cause::NoRow),
        ..Filter::default()
    };
    for filter in [of_messages, of_cause] {
        desk.host.accesses.set(0);
        let found = page(&outbox, &desk.host, &filter, None);
        assert_eq!(found.entries.len(), 10);
        assert_eq!((keys(&found)[0], found.next), ("d-099", None));
        assert_eq!(
            desk.host.accesses.get(),
            11,
            "a listing, and what is wanted"
        );
    }
    let neither = Filter {
        source: Some("messages".to_owned()),
        cause: Some(Cause::RefusedByDatabase),
        key: None,
    };
    assert_eq!(page(&outbox, &desk.host, &neither, None).entries.len(), 0);
}

#[test]
fn rows_are_found_by_the_beginning_of_their_key_in_either_case() {
    let (outbox, desk) = dead();
    let found = page(&outbox, &desk.host, &key("D-04"), None);
    assert_eq!(found.entries.len(), 10);
    assert_eq!((keys(&found)[0], found.next), ("d-049", None));
    for none in ["04", "d-0400", "ñ"] {
        let found = page(&outbox, &desk.host, &key(none), None);
        assert_eq!(found.entries.len(), 0, "{none}");
    }
}

#[test]
fn a_search_reads_for_some_seconds_and_goes_on_from_there() {
    let (outbox, mut desk) = dead();
    desk.host.access_takes = Duration::from_millis(100);
    let (mut found, mut before, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = page(&outbox, &desk.host, &key("d-00"), before);
        found.extend(keys(&page).into_iter().map(str::to_owned));
        (before, pages) = (page.next, pages + 1);
        if before.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 10);
    assert!((3..=6).contains(&pages), "{pages}");
}

#[test]
fn dead_letters_are_put_back_by_cause_and_counted_before() {
    let (outbox, desk) = dead();
    let filter = Filter {
        source: Some("a360".to_owned()),
        cause: Some(Cause::RefusedByDatabase),
        key: None,
    };
    let writes = desk.host.writes.get();
    let counted = block_on(outbox.requeue_all(&desk.host, &filter, true)).expect("read");
    assert_eq!((counted.matched, counted.left), (100, 100));
    assert_eq!(
        (counted.scheduled.len(), desk.host.writes.get()),
        (0, writes)
    );
    let requeued = block_on(outbox.requeue_all(&desk.host, &filter, false)).expect("done");
    assert_eq!((requeued.matched, requeued.left), (100, 0));
    assert_eq!(requeued.scheduled.len(), 100);
    let stats = block_on(outbox.stats(&desk.host)).expect("read");
    assert_eq!((stats.waiting, stats.dead), (100, 10));
}
