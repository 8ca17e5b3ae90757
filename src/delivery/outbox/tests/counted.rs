//! How much there is and why, by the keys alone.

use super::*;
use crate::delivery::DeliveryError;
use crate::outbound::OutboundError;
use crate::ports::{SendError, StoreError};

fn counts(outbox: &Outbox, host: &FakeHost) -> OutboxCounts {
    block_on(outbox.counts(host, usize::MAX)).expect("read")
}

fn by_cause(counts: &OutboxCounts) -> Vec<(&'static str, &'static str, usize)> {
    let causes = counts.causes.iter();
    causes
        .map(|it| (it.cause.code(), it.state.name(), it.count))
        .collect()
}

#[test]
fn rows_are_counted_by_the_cause_of_their_next_entry_without_reading_a_value() {
    for shuffles in [false, true] {
        let (outbox, mut desk) = (outbox(), desk());
        desk.host.shuffles_keys = shuffles;
        for number in 0..3 {
            let id = format!("n-{number}");
            keep(&outbox, &desk.host, &id, "COMPLETED", &QueueReason::NoRow);
        }
        keep(&outbox, &desk.host, "a", "RUNNING", &QueueReason::NoRow);
        desk.host.advance(Duration::from_secs(5));
        keep(&outbox, &desk.host, "a", "COMPLETED", &away());
        let accepted = outbox.accept(&desk.host, change("new", "COMPLETED"), ORIGIN);
        block_on(accepted).expect("kept");
        desk.host.accesses.set(0);
        let counted = counts(&outbox, &desk.host);
        assert_eq!(desk.host.accesses.get(), 1);
        let expected = [
            ("no_row", "waiting", 3),
            // The change that ends the row is the one that counts.
            ("data_api_away", "waiting", 1),
            ("untried", "waiting", 1),
        ];
        assert_eq!(by_cause(&counted), expected, "{shuffles}");
        let expected = OutboxStats {
            waiting: 5,
            dead: 0,
            oldest_seconds: Some(5),
        };
        assert_eq!((counted.stats, counted.is_whole), (expected, true));
    }
}

#[test]
fn what_becomes_a_dead_letter_keeps_the_cause_it_had() {
    let (outbox, desk) = (outbox(), desk());
    keep(
        &outbox,
        &desk.host,
        "late",
        "COMPLETED",
        &QueueReason::NoRow,
    );
    desk.host.advance(Duration::from_secs(73 * 3600));
    assert_eq!(
        drain(&outbox, &desk, vec![answer("NOT_FOUND")], true).dead,
        1
    );
    keep(&outbox, &desk.host, "bad", "COMPLETED", &away());
    assert_eq!(drain(&outbox, &desk, vec![refused()], true).dead, 1);
    let expected = [("no_row", "dead", 1), ("refused_by_database", "dead", 1)];
    assert_eq!(by_cause(&counts(&outbox, &desk.host)), expected);
    // Put back they wait for what they have died of, until they are tried.
    let requeued = requeue_all(&outbox, &desk.host);
    assert_eq!(requeued.scheduled.len(), 2);
    let expected = [
        ("no_row", "waiting", 1),
        ("refused_by_database", "waiting", 1),
    ];
    assert_eq!(by_cause(&counts(&outbox, &desk.host)), expected);
}

#[test]
fn each_reason_has_one_cause() {
    let status = |code: u16, body: &str| {
        let desk = desk();
        // What may pass at once is tried twice.
        let answers = vec![json(code, body); if code == 503 { 2 } else { 1 }];
        let failed = desk.apply(&change("x", "COMPLETED"), answers);
        QueueReason::of(&failed).expect("a reason")
    };
    let failed = |error: DeliveryError| QueueReason::Failed(error);
    let no_reply = |error: SendError| failed(OutboundError::NoReply(error).into());
    let bad_request = r#"{"error":{"code":"BadRequest"}}"#;
    let not_known = r#"{"error":{"code":"EntityNotFound"}}"#;
    for (reason, code) in [
        (QueueReason::NoRow, "no_row"),
        (status(400, bad_request), "refused_by_database"),
        (status(413, ""), "refused_by_database"),
        (status(503, ""), "data_api_away"),
        (status(500, ""), "data_api_failed"),
        (status(401, ""), "data_api_refuses"),
        (status(404, not_known), "data_api_refuses"),
        (status(200, "<html>"), "data_api_refuses"),
        (no_reply(SendError::Refused), "data_api_away"),
        (no_reply(SendError::Tls), "data_api_away"),
        (no_reply(SendError::Denied), "data_api_away"),
        (failed(OutboundError::NoTimeLeft.into()), "data_api_away"),
        (failed(DeliveryError::Withheld), "data_api_failed"),
        (failed(DeliveryError::Contended), "data_api_failed"),
        (failed(DeliveryError::UnknownTable), "data_api_refuses"),
        (failed(DeliveryError::Unaddressable), "unaddressable"),
        (failed(StoreError("full".to_owned()).into()), "store"),
        (failed(DeliveryError::Corrupt(String::new())), "store"),
    ] {
        assert_eq!(Cause::of(&reason).code(), code, "{reason}");
    }
}

#[test]
fn codes_and_letters_are_each_of_one_cause() {
    for cause in Cause::all() {
        assert_eq!(Cause::parse(cause.code()), Some(cause));
        let tag = Tag::new("a360", cause);
        assert_eq!(tag.cause(), cause);
        assert!(tag.is_of("a360") && !tag.is_of("messages"));
    }
    // One that a later version has written stays what it is.
    let later = Tag::parse("c9z").expect("a tag");
    assert_eq!(later.cause(), Cause::Unknown);
    assert_eq!(later.to_string(), "c9z");
}

#[test]
fn a_listing_ends_behind_the_outbox_whatever_else_is_stored() {
    let (outbox, host) = (outbox(), FakeHost::default());
    for number in 0..20 {
        let id = format!("d-{number}");
        keep(&outbox, &host, &id, "COMPLETED", &QueueReason::NoRow);
    }
    for number in 0..5000 {
        let key = format!("row-{number}");
        host.store.borrow_mut().insert(key, Vec::new());
    }
    assert_eq!(counts(&outbox, &host).stats.waiting, 20);
    assert!(host.shown.get() < 30, "{}", host.shown.get());
    host.shown.set(0);
    let all = Filter::default();
    let page = outbox.page(&host, EntryState::Waiting, &all, None, 50);
    assert_eq!(block_on(page).expect("read").entries.len(), 20);
    assert!(host.shown.get() < 30, "{}", host.shown.get());
}

#[test]
fn counting_a_part_says_that_it_is_one() {
    let (outbox, host) = (outbox(), FakeHost::default());
    for number in 0..30 {
        let id = format!("d-{number}");
        keep(&outbox, &host, &id, "COMPLETED", &QueueReason::NoRow);
    }
    let counted = block_on(outbox.counts(&host, 10)).expect("read");
    assert!(!counted.is_whole && counted.stats.waiting < 10);
    assert_eq!(host.shown.get(), 11);
}

#[test]
fn who_watches_over_a_mailbox_leaves_the_last_callback_that_others_know_of() {
    let (first, desk) = (outbox().as_mailbox(true), desk());
    first.note_callback(&desk.host);
    let at = crate::instance::unix_time::millis(desk.host.now());
    let every = Duration::from_secs(60);
    assert_eq!(block_on(first.watch(&desk.host, every)), Ok(true));
    desk.host.advance(every);
    // An instance that has had none itself.
    let other = outbox().as_mailbox(true);
    assert_eq!(block_on(other.watch(&desk.host, every)), Ok(true));
    assert_eq!(block_on(other.watch(&desk.host, every)), Ok(false), "once");
    let newest = block_on(outbox().newest_callback(&desk.host));
    assert_eq!(newest, Ok(Some(at)));
}

#[test]
fn the_last_callback_is_known_to_all_once_the_marker_is_written() {
    let (first, desk) = (outbox(), desk());
    let newest = |outbox: &Outbox| block_on(outbox.newest_callback(&desk.host)).expect("read");
    assert_eq!(newest(&first), None);
    first.note_callback(&desk.host);
    let at = crate::instance::unix_time::millis(desk.host.now());
    assert_eq!((newest(&first), newest(&outbox())), (Some(at), None));
    // A look ten minutes later, or a change that is queued, writes it.
    desk.host.advance(Duration::from_secs(3));
    let heard = |_, _, _: Option<&Entry>| ();
    let looked = first.deliver_due(&desk.host, desk.data_api(), heard, false);
    assert_eq!(block_on(looked), Ok(true));
    assert_eq!(newest(&outbox()), Some(at));
    // A callback that is queued writes it too, as the last one.
    keep(&outbox(), &desk.host, "d", "COMPLETED", &away());
    assert_eq!(newest(&outbox()), Some(at + 3000));
    // Who knows of an earlier one takes nothing away.
    desk.host.advance(Duration::from_secs(700));
    desk.host.will([answer("UPDATED")]);
    let delivered = first.deliver_due(&desk.host, desk.data_api(), heard, false);
    assert_eq!(block_on(delivered), Ok(true));
    assert_eq!(newest(&outbox()), Some(at + 3000));
}
