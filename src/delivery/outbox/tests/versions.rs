//! A store that another version of the component has written to.

use super::*;
use crate::delivery::outbox::location::{DeadLetter, Location};

/// The same entry, as a version that calls itself `version` would have stored it.
fn rewrite(host: &FakeHost, place: Scheduled, version: &str) -> Vec<u8> {
    let key = Location::Waiting(place).key();
    let value = block_on(host.get(&key)).expect("the store works");
    let text = String::from_utf8(value.expect("there")).expect("text");
    assert!(text.contains("\"version\":1,"), "{text}");
    let text = text.replace("\"version\":1,", version).into_bytes();
    block_on(host.set(&key, &text)).expect("the store works");
    text
}

#[test]
fn what_was_stored_before_entries_had_a_version_is_delivered() {
    let (outbox, desk) = (outbox(), desk());
    let place = keep(&outbox, &desk.host, "d", "COMPLETED", &away());
    rewrite(&desk.host, place, "");
    let drained = drain(&outbox, &desk, vec![answer("UPDATED")], true);
    assert_eq!((drained.delivered, drained.waiting), (1, 0));
}

#[test]
fn what_a_newer_version_has_stored_is_put_off_and_kept_byte_for_byte() {
    let (outbox, desk) = (outbox(), desk());
    let place = keep(&outbox, &desk.host, "d", "COMPLETED", &away());
    let stored = rewrite(&desk.host, place, "\"version\":2,\"more\":[],");
    let attempt = outbox.attempt(&desk.host, desk.data_api(), place, true);
    let attempt = block_on(attempt).expect("the store works");
    assert_eq!(attempt.outcome, AttemptOutcome::Newer);
    let next = attempt.next.expect("it waits");
    assert!(next.due > place.due, "{next:?}");
    assert_eq!(
        desk.host.stored("0-outbox/"),
        [format!("0-outbox/a/{next}")]
    );
    let kept = block_on(desk.host.get(&Location::Waiting(next).key()));
    assert_eq!(kept, Ok(Some(stored)));
    assert_eq!(sent(&desk.host), [""; 0]);
}

#[test]
fn a_version_that_is_no_number_makes_an_entry_a_dead_letter_that_is_kept() {
    let (outbox, desk) = (outbox(), desk());
    let place = keep(&outbox, &desk.host, "d", "COMPLETED", &away());
    let stored = rewrite(&desk.host, place, "\"version\":\"x\",");
    let drained = drain(&outbox, &desk, vec![], true);
    assert_eq!((drained.dead, drained.waiting), (1, 0));
    let dead = block_on(
        desk.host.get(
            &Location::Dead(DeadLetter {
                id: place.id,
                tag: None,
            })
            .key(),
        ),
    );
    assert_eq!(dead, Ok(Some(stored)));
}
