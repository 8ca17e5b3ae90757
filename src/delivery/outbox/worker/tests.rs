//! Who looks, what it costs, and that nothing that waits is forgotten.

use futures_executor::block_on;
use futures_util::future::{join, join_all};

use super::super::marker::{KEY, LISTED_EVERY};
use super::super::tests::{ORIGIN, answer, away, change, desk, keep, outbox, sent};
use super::super::{Accepted, QueueReason};
use super::*;
use crate::delivery::tests::Desk;
use crate::delivery::{DeliveryError, Outcome};
use crate::ports::SendError;
use crate::testing::{Answers, FakeHost};

fn carry(outbox: &Outbox, desk: &Desk, new: bool) {
    let heard = |_, _, _: Option<&Entry>| ();
    let carried = block_on(outbox.deliver_due(&desk.host, desk.data_api(), heard, new));
    assert_eq!(carried.map(drop), Ok(()));
}

fn waiting(host: &FakeHost) -> usize {
    host.stored("0-outbox/a/").len()
}

/// It finds what waits due, and delivers it.
#[track_caller]
fn assert_delivers(outbox: &Outbox, desk: &Desk) {
    desk.host.will([answer("UPDATED")]);
    carry(outbox, desk, false);
    assert_eq!(waiting(&desk.host), 0);
}

fn put_marker(host: &FakeHost, value: &str) {
    let key = KEY.to_owned();
    host.store
        .borrow_mut()
        .insert(key, value.as_bytes().to_vec());
}

/// An outbox that was listed just now and found empty.
fn listed() -> (Outbox, Desk) {
    let (outbox, desk) = (outbox(), desk());
    carry(&outbox, &desk, false);
    desk.host.advance(Duration::from_secs(1));
    (outbox, desk)
}

#[test]
fn a_look_costs_one_get_in_ten_seconds_and_lists_nothing() {
    let (_, first) = listed();
    let (outbox, desk) = (outbox(), first.beside());
    for (seconds, accesses) in [(0, 1), (0, 1), (9, 1), (1, 2), (10, 3)] {
        desk.host.advance(Duration::from_secs(seconds));
        carry(&outbox, &desk, false);
        assert_eq!(desk.host.accesses.get(), accesses);
        assert_eq!((desk.host.shown.get(), desk.host.writes.get()), (0, 0));
    }
}

#[test]
fn a_marker_that_is_lost_or_speaks_of_no_time_there_is_has_the_keys_listed() {
    for broken in [
        None,
        Some(""),
        Some("{}"),
        Some(r#"{"due":1}"#),
        Some(r#"{"due":null,"listed":99999999999999,"announced":false,"lease":null}"#),
        Some(
            r#"{"due":null,"listed":1,"announced":false,"lease":{"holder":1,"until":99999999999999}}"#,
        ),
        Some(r#"{"due":99999999999999,"listed":1,"announced":true,"lease":null}"#),
    ] {
        let (outbox, desk) = listed();
        keep(&outbox, &desk.host, "d", "COMPLETED", &away());
        match broken {
            Some(value) => put_marker(&desk.host, value),
            None => drop(desk.host.store.borrow_mut().remove(KEY)),
        }
        desk.host.advance(Duration::from_secs(10));
        desk.host.will([answer("UPDATED")]);
        carry(&outbox, &desk, false);
        assert_eq!(waiting(&desk.host), 0, "{broken:?}");
    }
}

#[test]
fn what_no_marker_knows_of_is_found_after_ten_minutes() {
    let (outbox, desk) = listed();
    keep(&outbox, &desk.host, "d", "COMPLETED", &away());
    let nothing = desk.beside();
    let listed = unix_time::millis(desk.host.now());
    put_marker(
        &desk.host,
        &format!(r#"{{"due":null,"listed":{listed},"announced":false,"lease":null}}"#),
    );
    desk.host.advance(LISTED_EVERY - Duration::from_millis(1));
    carry(&outbox, &desk, false);
    assert_eq!(
        (waiting(&desk.host), nothing.host.sent.take().len()),
        (1, 0)
    );
    desk.host.advance(Duration::from_secs(10));
    assert_delivers(&outbox, &desk);
}

#[test]
fn what_is_due_is_delivered_by_one_instance_at_a_time() {
    let (outbox, desk) = listed();
    for number in 0..4 {
        keep(
            &outbox,
            &desk.host,
            &format!("d-{number}"),
            "COMPLETED",
            &away(),
        );
    }
    desk.host.advance(Duration::from_secs(10));
    let others: Vec<_> = (0..3).map(|_| desk.beside()).collect();
    let outboxes: Vec<_> = others
        .iter()
        .map(|_| super::super::tests::outbox())
        .collect();
    desk.host
        .will((0..4).map(|_| Answers::With(20, 201, &[], UPDATED.to_owned())));
    let heard = |_, _, _: Option<&Entry>| ();
    let carried = outbox.deliver_due(&desk.host, desk.data_api(), heard, false);
    let later = others.iter().zip(&outboxes).map(async |(other, outbox)| {
        desk.host.sleep(Duration::from_millis(10)).await;
        outbox
            .deliver_due(&other.host, other.data_api(), heard, false)
            .await
    });
    let (carried, later) = block_on(join(carried, join_all(later)));
    assert!(carried.is_ok() && later.iter().all(Result::is_ok));
    assert_eq!(sent(&desk.host).len(), 4);
    assert!(others.iter().all(|other| other.host.shown.get() == 0));
}

const UPDATED: &str = r#"{"value":[{"Resultado":"UPDATED"}]}"#;

#[test]
fn an_entry_that_comes_while_another_instance_carries_is_delivered_by_it() {
    for pause in 0..40 {
        let (outbox, desk) = listed();
        keep(
            &outbox,
            &desk.host,
            "first",
            "COMPLETED",
            &QueueReason::NoRow,
        );
        desk.host.advance(Duration::from_secs(2));
        let other = desk.beside();
        let others = super::super::tests::outbox();
        desk.host.will([answer("UPDATED"), answer("UPDATED")]);
        other.host.will([answer("UPDATED"), answer("UPDATED")]);
        let heard = |_, _, _: Option<&Entry>| ();
        let carried = outbox.deliver_due(&desk.host, desk.data_api(), heard, false);
        let kept = async {
            for _ in 0..pause {
                other.host.get("nothing").await.expect("the store works");
            }
            let change = change("second", "COMPLETED");
            others
                .enqueue(&other.host, change, ORIGIN, &QueueReason::NoRow)
                .await
                .expect("kept");
            // After its reply.
            others
                .deliver_due(&other.host, other.data_api(), heard, true)
                .await
        };
        let (carried, kept) = block_on(join(carried, kept));
        assert!(carried.is_ok() && kept.is_ok(), "{pause}");
        assert_eq!(waiting(&desk.host), 0, "{pause}");
    }
}

/// Drops a worker while the data API does not answer it.
fn stop_in_a_delivery(outbox: &Outbox, desk: &Desk) {
    desk.host.will([Answers::Stalls]);
    let heard = |_, _, _: Option<&Entry>| ();
    let stopped = outbox.deliver_due(&desk.host, desk.data_api(), heard, false);
    let mut stopped = Box::pin(stopped);
    for _ in 0..20 {
        assert!(block_on(futures_util::future::poll_immediate(&mut stopped)).is_none());
    }
}

/// An outbox whose entry is due, and whose worker was dropped.
fn stopped_in_a_delivery() -> (Outbox, Desk) {
    let (outbox, desk) = listed();
    keep(&outbox, &desk.host, "d", "COMPLETED", &away());
    desk.host.advance(Duration::from_secs(10));
    stop_in_a_delivery(&outbox, &desk);
    (outbox, desk)
}

fn give_lease_back(outbox: &Outbox, desk: &Desk) {
    assert_eq!(block_on(outbox.give_lease_back(&desk.host)), Ok(()));
}

#[test]
fn a_carrier_that_was_stopped_gives_its_lease_back_and_nobody_waits_for_it() {
    let (outbox, desk) = stopped_in_a_delivery();
    give_lease_back(&outbox, &desk);
    // The same instance need not wait until it would look again by itself.
    assert_delivers(&outbox, &desk);
}

#[test]
fn a_lease_that_another_has_by_now_stays_with_it() {
    let (outbox, desk) = stopped_in_a_delivery();
    desk.host.advance(Duration::from_secs(20));
    let (other, third) = (desk.beside(), desk.beside());
    stop_in_a_delivery(&super::super::tests::outbox(), &other);
    give_lease_back(&outbox, &desk);
    carry(&super::super::tests::outbox(), &third, false);
    assert_eq!(third.host.shown.get(), 0, "the other may be at it");
}

#[test]
fn a_carrier_that_was_killed_holds_the_others_up_for_its_lease_and_no_longer() {
    let (_, desk) = stopped_in_a_delivery();
    let other = desk.beside();
    let others = super::super::tests::outbox();
    carry(&others, &other, false);
    assert_eq!(other.host.shown.get(), 0, "it may still be alive");
    desk.host.advance(Duration::from_secs(20));
    assert_delivers(&others, &other);
}

#[test]
fn a_carrier_waits_for_what_is_due_in_moments_and_for_nothing_else() {
    let (outbox, desk) = listed();
    keep(
        &outbox,
        &desk.host,
        "soon",
        "COMPLETED",
        &QueueReason::NoRow,
    );
    desk.host
        .will([answer("NOT_FOUND"), answer("NOT_FOUND"), answer("UPDATED")]);
    carry(&outbox, &desk, true);
    assert_eq!(sent(&desk.host).len(), 3);
    assert_eq!(waiting(&desk.host), 0);

    keep(
        &outbox,
        &desk.host,
        "late",
        "COMPLETED",
        &QueueReason::NoRow,
    );
    desk.host.will((0..5).map(|_| answer("NOT_FOUND")));
    carry(&outbox, &desk, true);
    assert!(sent(&desk.host).len() < 5, "not for minutes");
    assert_eq!(waiting(&desk.host), 1);
}

#[test]
fn what_waits_for_its_time_does_not_keep_the_others_from_theirs() {
    for shuffles in [false, true] {
        let (outbox, mut desk) = listed();
        desk.host.shuffles_keys = shuffles;
        for number in 0..300 {
            let place = keep(
                &outbox,
                &desk.host,
                &format!("w-{number}"),
                "COMPLETED",
                &away(),
            );
            let mut store = desk.host.store.borrow_mut();
            let value = store.remove(&format!("0-outbox/a/{place}")).expect("there");
            let due = place.due + 3_600_000;
            store.insert(format!("0-outbox/a/{}", Scheduled { due, ..place }), value);
        }
        keep(&outbox, &desk.host, "due", "COMPLETED", &QueueReason::NoRow);
        desk.host.advance(Duration::from_secs(10));
        desk.host.will([answer("UPDATED")]);
        carry(&outbox, &desk, false);
        assert_eq!(sent(&desk.host), ["due COMPLETED"]);
        // And when they are due there is somebody who looks.
        let marker = block_on(Marker::read(&desk.host)).expect("read");
        let first = desk.host.stored("0-outbox/a/")[0].clone();
        let first = first.strip_prefix("0-outbox/a/").and_then(Scheduled::parse);
        assert_eq!(marker.due, first.map(|place| place.due));
    }
}

#[test]
fn all_that_is_due_is_delivered_though_a_listing_shows_a_part_of_it() {
    for shuffles in [false, true] {
        let (outbox, mut desk) = listed();
        desk.host.shuffles_keys = shuffles;
        for number in 0..300 {
            keep(
                &outbox,
                &desk.host,
                &format!("d-{number}"),
                "COMPLETED",
                &away(),
            );
        }
        desk.host.advance(Duration::from_secs(10));
        desk.host.will((0..300).map(|_| answer("UPDATED")));
        carry(&outbox, &desk, false);
        assert_eq!((sent(&desk.host).len(), waiting(&desk.host)), (300, 0));
    }
}

#[test]
fn while_the_data_api_is_away_nobody_looks() {
    let (outbox, desk) = listed();
    let looks = |outbox: &Outbox| {
        desk.host.accesses.set(0);
        carry(outbox, &desk, false);
        desk.host.accesses.get()
    };
    desk.host.advance(Duration::from_secs(10));
    let failed = Err(DeliveryError::Remote(
        crate::outbound::OutboundError::NoReply(SendError::Refused),
    ));
    outbox.note_result(&desk.host, &failed);
    assert_eq!(looks(&outbox), 0);
    outbox.note_result(&desk.host, &Ok(Outcome::AlreadyFinal));
    assert_eq!(looks(&outbox), 1);
    outbox.note_result(&desk.host, &failed);
    desk.host.advance(Duration::from_secs(10));
    assert_eq!(looks(&outbox), 1, "once in a while all the same");
}

#[test]
fn a_carrier_that_finds_the_data_api_away_leaves_it_alone_for_all() {
    let (outbox, desk) = listed();
    for number in 0..20 {
        keep(
            &outbox,
            &desk.host,
            &format!("d-{number}"),
            "COMPLETED",
            &away(),
        );
    }
    desk.host.advance(Duration::from_secs(10));
    desk.host
        .will((0..8).map(|_| Answers::Fails(SendError::Refused)));
    carry(&outbox, &desk, false);
    assert_eq!(
        sent(&desk.host).len(),
        8,
        "four, with a second attempt each"
    );
    let other = desk.beside();
    carry(&super::super::tests::outbox(), &other, false);
    assert_eq!(other.host.shown.get(), 0);
    desk.host.advance(Duration::from_secs(10));
    let again = desk.beside();
    again.host.will((0..20).map(|_| answer("UPDATED")));
    carry(&super::super::tests::outbox(), &again, false);
    desk.host.advance(Duration::from_secs(10));
    again.host.will((0..4).map(|_| answer("UPDATED")));
    carry(&super::super::tests::outbox(), &again, false);
    assert_eq!(waiting(&desk.host), 0);
}

#[test]
fn an_accepted_change_is_delivered_by_its_instance_and_else_by_whoever_finds_it() {
    let (outbox, desk) = listed();
    let accept = |n: usize| -> Accepted {
        let change = change(&format!("d-{n}"), "COMPLETED");
        block_on(outbox.accept(&desk.host, change, ORIGIN)).expect("kept")
    };
    let places: Vec<_> = (0..20).map(|n| accept(n).scheduled).collect();
    let heard = |_, _, _: Option<&Entry>| ();
    desk.host.will((0..19).map(|_| answer("UPDATED")));
    let deliver =
        |place: &Scheduled| outbox.deliver_accepted(&desk.host, desk.data_api(), heard, *place);
    let delivered = block_on(join_all(places[1..].iter().map(deliver)));
    assert!(delivered.iter().all(Result::is_ok));
    assert_eq!((sent(&desk.host).len(), waiting(&desk.host)), (19, 1));
    // The instance of the first one was killed.
    desk.host.advance(DELIVERED_WITHIN);
    let other = desk.beside();
    assert_delivers(&super::super::tests::outbox(), &other);
}
