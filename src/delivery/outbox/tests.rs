//! What is acknowledged and not yet delivered.

mod counted;
mod earlier_version;
mod filters;
mod versions;

use std::time::Duration;

use futures_executor::block_on;
use proptest::prelude::*;

use super::*;
use crate::delivery::Change;
use crate::delivery::tests::Desk;
use crate::delivery::{DeploymentId, Status, ended};
use crate::ports::{Clock as _, KeyValue as _};
use crate::testing::{Answers, FakeHost, json};

pub(super) const ORIGIN: Origin = Origin {
    source: "a360",
    request_id: "r-1",
};

pub(super) fn change(deployment_id: &str, status: &str) -> Change {
    ended(
        DeploymentId::new(deployment_id).expect("fits"),
        Status::new(status).expect("fits"),
        format!("{{\"s\":\"{status}\",\"ñ\":\"\\\"\"}}"),
    )
}

pub(super) fn outbox() -> Outbox {
    Outbox::new(Duration::from_secs(72 * 3600))
}

pub(super) fn away() -> QueueReason {
    let answer = Answers::Fails(crate::ports::SendError::Refused);
    let desk = desk();
    let failed = desk.apply(&change("x", "COMPLETED"), [answer.clone(), answer]);
    QueueReason::of(&failed).expect("a reason")
}

pub(super) fn desk() -> Desk {
    Desk::with(&[("data_api", "dab")])
}

pub(super) fn keep(
    outbox: &Outbox,
    host: &FakeHost,
    deployment_id: &str,
    status: &str,
    why: &QueueReason,
) -> Scheduled {
    let change = change(deployment_id, status);
    let kept = block_on(outbox.enqueue(host, change, ORIGIN, why)).expect("kept");
    assert_eq!(kept.announced, Ok(()));
    waiting(kept.location)
}

/// The entry, which waits.
fn waiting(location: Location) -> Scheduled {
    match location {
        Location::Waiting(scheduled) => scheduled,
        Location::Dead(dead) => panic!("{dead} is a dead letter"),
    }
}

pub(super) fn answer(word: &str) -> Answers {
    json(201, &format!(r#"{{"value":[{{"Resultado":"{word}"}}]}}"#))
}

/// Which deployments were sent, in order.
pub(super) fn sent(host: &FakeHost) -> Vec<String> {
    let sent = host.sent.take();
    let ids = sent.iter().map(|request| {
        let body: serde_json::Value = serde_json::from_slice(&request.body).expect("JSON");
        format!("{} {}", body["DeploymentId"], body["Estado"]).replace('"', "")
    });
    ids.collect()
}

fn requeue_all(outbox: &Outbox, host: &FakeHost) -> Requeued {
    let all = Filter::default();
    let requeued = outbox.requeue_all(host, &all, false);
    block_on(requeued).expect("the store works")
}

/// The key of a dead letter that the database has refused.
fn dead_key(id: EntryId) -> String {
    let tag = Tag::new(ORIGIN.source, Cause::RefusedByDatabase);
    format!("0-outbox/d/{id}-{tag}")
}

fn drain(outbox: &Outbox, desk: &Desk, answers: Vec<Answers>, early: bool) -> DrainSummary {
    desk.host.will(answers);
    let heard = |_, _, _: Option<&Entry>| ();
    let drained = block_on(outbox.drain(&desk.host, desk.data_api(), heard, early));
    assert!(desk.host.answers.take().is_empty());
    drained.expect("the store works")
}

#[test]
fn an_entry_is_kept_whole_and_goes_once_its_row_has_it() {
    let (outbox, desk) = (outbox(), desk());
    let place = keep(&outbox, &desk.host, "d/1 ñ", "RUN_FAILED", &away());
    let found = block_on(outbox.find(&desk.host, place.id)).expect("read");
    let found = found.expect("it is there");
    assert_eq!(found.location, Location::Waiting(place));
    let entry = found.entry.expect("readable");
    assert_eq!(entry.change, change("d/1 ñ", "RUN_FAILED"));
    assert_eq!((&*entry.source, &*entry.request_id), ("a360", "r-1"));
    assert_eq!(entry.tries, 1);
    assert_eq!(entry.attempts[0].1, "data API: connection refused");

    desk.host.advance(Duration::from_secs(6));
    let drained = drain(&outbox, &desk, vec![answer("UPDATED")], false);
    let expected = DrainSummary {
        delivered: 1,
        ..DrainSummary::default()
    };
    assert_eq!(drained, expected);
    assert_eq!(sent(&desk.host), ["d/1 ñ RUN_FAILED"]);
    assert_eq!(desk.host.stored("0-outbox/"), [""; 0]);
}

#[test]
fn nothing_is_tried_before_its_time_unless_an_operator_says_so() {
    let (outbox, desk) = (outbox(), desk());
    keep(&outbox, &desk.host, "d", "COMPLETED", &away());
    assert_eq!(drain(&outbox, &desk, vec![], false).waiting, 1);
    assert_eq!(
        drain(&outbox, &desk, vec![answer("UPDATED")], true).delivered,
        1
    );
}

#[test]
fn of_a_rows_changes_the_first_that_ends_it_counts() {
    let (outbox, desk) = (outbox(), desk());
    for status in ["RUNNING", "RUN_FAILED", "RUN_COMPLETED"] {
        keep(&outbox, &desk.host, "d", status, &away());
        desk.host.advance(Duration::from_millis(1));
    }
    keep(&outbox, &desk.host, "other", "RUNNING", &away());
    let stats = block_on(outbox.stats(&desk.host)).expect("read");
    assert_eq!((stats.waiting, stats.dead), (2, 0));

    let final_already = || answer("ALREADY_PROCESSED");
    let answers = vec![
        answer("UPDATED"),
        answer("UPDATED"),
        final_already(),
        final_already(),
    ];
    let drained = drain(&outbox, &desk, answers, true);
    assert_eq!((drained.delivered, drained.already_final), (2, 2));
    let mut sent = sent(&desk.host);
    sent[..2].sort();
    let expected = [
        "d RUN_FAILED",
        "other RUNNING",
        "d RUN_COMPLETED",
        "d RUNNING",
    ];
    assert_eq!(sent, expected);
}

#[test]
fn where_the_data_api_is_away_the_rest_is_left_alone() {
    let (outbox, desk) = (outbox(), desk());
    for number in 0..100 {
        let id = format!("d-{number}");
        keep(&outbox, &desk.host, &id, "COMPLETED", &away());
    }
    let refused = Answers::Fails(crate::ports::SendError::Refused);
    let drained = drain(&outbox, &desk, vec![refused; 32], true);
    assert_eq!((drained.failed, drained.waiting), (16, 100));
    assert_eq!(
        desk.host.sent.take().len(),
        32,
        "each with its second attempt"
    );
}

#[test]
fn rows_that_are_not_there_hold_nobody_up() {
    for early in [true, false] {
        let (outbox, desk) = (outbox(), desk());
        for number in 0..40 {
            let id = format!("d-{number}");
            keep(&outbox, &desk.host, &id, "COMPLETED", &QueueReason::NoRow);
        }
        desk.host.advance(Duration::from_secs(2));
        let mut answers = vec![answer("NOT_FOUND"); 32];
        answers.extend(vec![answer("UPDATED"); 8]);
        let drained = drain(&outbox, &desk, answers, early);
        assert_eq!((drained.delivered, drained.waiting), (8, 32), "{early}");
    }
}

#[test]
fn rows_that_the_data_api_fails_for_hold_nobody_up_either() {
    let (outbox, desk) = (outbox(), desk());
    for number in 0..17 {
        let id = format!("d-{number}");
        keep(&outbox, &desk.host, &id, "COMPLETED", &away());
    }
    desk.host.advance(Duration::from_secs(6));
    let mut answers = vec![json(500, ""); 16];
    answers.push(answer("UPDATED"));
    let drained = drain(&outbox, &desk, answers, false);
    assert_eq!((drained.failed, drained.delivered), (16, 1));
}

/// A refusal that the data API words itself.
fn refused() -> Answers {
    json(400, r#"{"error":{"code":"BadRequest"}}"#)
}

#[test]
fn what_a_proxy_says_is_not_the_data_apis_word() {
    let page = "<html><h1>Not Found</h1></html>";
    for (status, body) in [
        (400, page),
        (402, r#"{"message":"exceed_egress_quota"}"#),
        (404, "404 page not found"),
        (404, r#"{"error":{"code":"EntityNotFound"}}"#),
        (409, r#"{"error":{"code":"DatabaseOperationFailed"}}"#),
        (410, page),
        (421, page),
        (423, page),
    ] {
        let (outbox, desk) = (outbox(), desk());
        keep(&outbox, &desk.host, "d", "COMPLETED", &away());
        // One that is tried again at once gets the same reply.
        let answers = vec![json(status, body); if status == 409 { 2 } else { 1 }];
        let drained = drain(&outbox, &desk, answers, true);
        assert_eq!((drained.dead, drained.waiting), (0, 1), "{status}");
        let drained = drain(&outbox, &desk, vec![answer("UPDATED")], true);
        assert_eq!(drained.delivered, 1, "{status}");
    }
}

#[test]
fn a_data_api_that_refuses_everything_does_not_end_all_that_waits() {
    let (outbox, desk) = (outbox(), desk());
    for number in 0..10 {
        let id = format!("d-{number}");
        keep(&outbox, &desk.host, &id, "COMPLETED", &away());
    }
    let drained = drain(&outbox, &desk, vec![refused(); 10], true);
    assert_eq!((drained.dead, drained.waiting), (2, 8));
    // As soon as it takes one, its word about the next counts again.
    desk.host.advance(Duration::from_secs(3600));
    let answers = vec![answer("UPDATED"), refused()];
    let more = vec![answer("UPDATED"); 6];
    let drained = drain(&outbox, &desk, [answers, more].concat(), true);
    assert_eq!((drained.dead, drained.delivered), (1, 7));
}

#[test]
fn what_will_never_be_taken_is_a_dead_letter_until_it_is_put_back() {
    let (outbox, desk) = (outbox(), desk());
    let id = keep(&outbox, &desk.host, "d", "COMPLETED", &away()).id;
    assert_eq!(drain(&outbox, &desk, vec![refused()], true).dead, 1);
    assert_eq!(drain(&outbox, &desk, vec![], true), DrainSummary::default());
    assert_eq!(desk.host.stored("0-outbox/"), [dead_key(id)]);

    let place = block_on(outbox.requeue(&desk.host, id)).expect("the store works");
    assert!(place.is_some_and(|place| place.id != id && place.id.row == id.row));
    assert_eq!(block_on(outbox.requeue(&desk.host, id)), Ok(None));
    assert_eq!(
        drain(&outbox, &desk, vec![answer("UPDATED")], false).delivered,
        1
    );
    assert_eq!(desk.host.stored("0-outbox/"), [""; 0]);
}

#[test]
fn a_dead_letter_that_is_put_back_while_it_becomes_one_is_not_lost() {
    for pause in 0..12 {
        let (outbox, mut desk) = (outbox(), desk());
        desk.host.removal_takes = 5;
        let place = keep(&outbox, &desk.host, "d", "COMPLETED", &away());
        let id = place.id;
        desk.host.will([refused()]);
        let attempt = outbox.attempt(&desk.host, desk.data_api(), place, true);
        let put_back = async {
            // Between the write of the dead letter and the removal of what waited, for one of these.
            for _ in 0..pause {
                desk.host.get("nothing").await.expect("the store works");
            }
            outbox.requeue(&desk.host, id).await
        };
        let (attempted, put_back) = block_on(futures_util::future::join(attempt, put_back));
        let attempted = attempted.expect("the store works").outcome;
        assert_eq!(attempted, AttemptOutcome::Dead);
        let place = match put_back.expect("the store works") {
            Some(place) => format!("0-outbox/a/{place}"),
            None => dead_key(id),
        };
        assert_eq!(desk.host.stored("0-outbox/"), [place], "{pause}");
    }
}

#[test]
fn what_has_waited_too_long_is_a_dead_letter() {
    let (outbox, desk) = (Outbox::new(Duration::from_secs(3600)), desk());
    keep(&outbox, &desk.host, "d", "COMPLETED", &QueueReason::NoRow);
    desk.host.advance(Duration::from_secs(3599));
    assert_eq!(
        drain(&outbox, &desk, vec![answer("NOT_FOUND")], true).dead,
        0
    );
    desk.host.advance(Duration::from_secs(1));
    assert_eq!(
        drain(&outbox, &desk, vec![answer("NOT_FOUND")], true).dead,
        1
    );
}

#[test]
fn two_instances_at_once_do_no_harm() {
    let first = desk();
    let outbox = outbox();
    for number in 0..20 {
        let id = format!("d-{number}");
        keep(&outbox, &first.host, &id, "COMPLETED", &away());
    }
    let second = first.beside();
    for desk in [&first, &second] {
        let answers = (0..20).map(|_| {
            Answers::With(
                1,
                201,
                &[],
                String::from(r#"{"value":[{"Resultado":"ALREADY_PROCESSED"}]}"#),
            )
        });
        desk.host.will(answers);
    }
    let heard = |_, _, _: Option<&Entry>| ();
    let drains =
        [&first, &second].map(|desk| outbox.drain(&desk.host, desk.data_api(), heard, true));
    let drained = block_on(futures_util::future::join_all(drains));
    assert!(drained.iter().all(Result::is_ok), "{drained:?}");
    assert_eq!(first.host.stored("0-outbox/"), [""; 0]);
}

#[test]
fn an_entry_that_somebody_else_delivered_meanwhile_does_not_come_back() {
    let (outbox, desk) = (outbox(), desk());
    let place = keep(&outbox, &desk.host, "d", "COMPLETED", &away());
    desk.host
        .will([Answers::With(100, 500, &[], String::new())]);
    let attempt = outbox.attempt(&desk.host, desk.data_api(), place, true);
    let removed = async {
        desk.host.sleep(Duration::from_millis(50)).await;
        outbox.remove(&desk.host, place.id).await
    };
    let (attempted, removed) = block_on(futures_util::future::join(attempt, removed));
    assert_eq!(removed, Ok(true));
    let attempted = attempted.expect("the store works").outcome;
    assert_eq!(attempted, AttemptOutcome::Gone);
    assert_eq!(desk.host.stored("0-outbox/"), [""; 0]);
}

#[test]
fn no_more_keys_are_shown_than_are_needed_where_the_store_shows_them_in_order() {
    let (outbox, mut desk) = (outbox(), desk());
    for number in 0..500 {
        let id = format!("d-{number}");
        keep(&outbox, &desk.host, &id, "COMPLETED", &QueueReason::NoRow);
        desk.host.advance(Duration::from_millis(1));
    }
    for number in 0..500 {
        let key = format!("0-outbox/d/{number}");
        block_on(desk.host.set(&key, b"")).expect("set");
    }
    // Of what else there is in a store nothing is said here.
    let mut store = desk.host.store.borrow_mut();
    store.retain(|key, _| key.starts_with("0-outbox/"));
    drop(store);
    let far = u64::MAX;
    let all = block_on(outbox.due(&desk.host, far, usize::MAX, |_| true)).expect("read");
    let (all, next) = (all.scheduled, all.next);
    assert_eq!((all.len(), next), (500, None));
    for (shuffles, until, enough, found, shown) in [
        (false, far, 128, 128, 129),
        (false, 0, 128, 0, 16),
        (false, far, usize::MAX, 500, 501),
        (true, far, 128, 500, 1000),
        (true, 0, 128, 0, 1000),
    ] {
        desk.host.shuffles_keys = shuffles;
        desk.host.shown.set(0);
        let due = block_on(outbox.due(&desk.host, until, enough, |_| true)).expect("read");
        let (places, next) = (due.scheduled, due.next);
        assert!(
            places == all[..found],
            "{shuffles} {until}: {}",
            places.len()
        );
        assert_eq!(
            next,
            all.get(found).map(|place| place.due),
            "{shuffles} {until}"
        );
        assert_eq!(desk.host.shown.get(), shown, "{shuffles} {until}");
    }
}

#[test]
fn a_dead_letter_that_was_put_back_waits_as_long_as_a_new_one() {
    let (outbox, desk) = (outbox(), desk());
    keep(&outbox, &desk.host, "d", "COMPLETED", &QueueReason::NoRow);
    desk.host.advance(Duration::from_secs(73 * 3600));
    let missing = || vec![answer("NOT_FOUND")];
    assert_eq!(drain(&outbox, &desk, missing(), true).dead, 1);
    let back = requeue_all(&outbox, &desk.host);
    assert_eq!((back.matched, back.scheduled.len(), back.left), (1, 1, 0));
    let drained = drain(&outbox, &desk, missing(), true);
    assert_eq!((drained.dead, drained.waiting), (0, 1));
}

#[test]
fn all_of_a_rows_dead_letters_are_put_back() {
    let (outbox, desk) = (outbox(), desk());
    for status in ["DEPLOYED", "RUNNING"] {
        keep(&outbox, &desk.host, "d", status, &away());
        desk.host.advance(Duration::from_millis(1));
    }
    let answers = vec![refused(), refused()];
    assert_eq!(drain(&outbox, &desk, answers, true).dead, 2);
    let back = requeue_all(&outbox, &desk.host).scheduled;
    assert_eq!(back.len(), 2);
    desk.host.sent.take();
    let answers = vec![answer("UPDATED"), answer("UPDATED")];
    assert_eq!(drain(&outbox, &desk, answers, true).delivered, 2);
    assert_eq!(sent(&desk.host), ["d DEPLOYED", "d RUNNING"]);
}

#[test]
fn what_is_no_entry_becomes_a_dead_letter_as_it_is() {
    let (outbox, desk) = (outbox(), desk());
    let id = EntryId::new(&change("d", "COMPLETED"), 7, 7);
    let scheduled = Scheduled {
        due: 7,
        id,
        tag: None,
    };
    let key = format!("0-outbox/a/{scheduled}");
    block_on(desk.host.set(&key, b"no entry")).expect("set");
    assert_eq!(drain(&outbox, &desk, vec![], true).dead, 1);
    assert_eq!(desk.host.stored("0-outbox/"), [format!("0-outbox/d/{id}")]);
    assert_eq!(block_on(outbox.remove(&desk.host, id)), Ok(true));
}

#[test]
fn pages_go_from_the_newest_to_the_oldest() {
    let (outbox, host) = (outbox(), FakeHost::default());
    for number in 0..25 {
        keep(
            &outbox,
            &host,
            &format!("d-{number}"),
            "COMPLETED",
            &QueueReason::NoRow,
        );
        host.advance(Duration::from_millis(1));
    }
    let (all, mut seen, mut before) = (Filter::default(), Vec::new(), None);
    loop {
        let page = outbox.page(&host, EntryState::Waiting, &all, before, 10);
        let page = block_on(page).expect("read");
        let keys = page
            .entries
            .iter()
            .map(|found| found.entry.as_ref().expect("readable").change.key.clone());
        seen.extend(keys);
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (0..25).rev().map(|number| format!("d-{number}")).collect();
    assert_eq!(seen, expected);
}

proptest! {
    #[test]
    fn a_name_is_read_as_it_was_written_and_in_no_other_way(
        at in 0..1_u64 << 44, random: u128, key in "[a-z]{1,9}", last: bool, cut in 0..60_usize,
    ) {
        let status = if last { "COMPLETED" } else { "RUNNING" };
        let id = EntryId::new(&change(&key, status), at, random);
        prop_assert_eq!(id.is_last, last);
        let text = id.to_string();
        prop_assert_eq!(EntryId::parse(&text), Some(id));
        prop_assert_eq!(EntryId::parse(&text.to_uppercase()), None);
        prop_assert_eq!(EntryId::parse(&text[..cut.min(text.len() - 1)]), None);
        prop_assert_eq!(EntryId::parse(&format!("{text}0")), None);
        let tags = Cause::all().map(|cause| Some(Tag::new(&key, cause)));
        for tag in tags.chain([None]) {
            let place = Scheduled { due: at, id, tag };
            prop_assert_eq!(Scheduled::parse(&place.to_string()), Some(place));
            let dead = DeadLetter { id, tag };
            prop_assert_eq!(DeadLetter::parse(&dead.to_string()), Some(dead));
        }
        for broken in ["-", "-c9", "-c9N", "-C9n", "-c9nn", "-ñn"] {
            prop_assert_eq!(DeadLetter::parse(&format!("{text}{broken}")), None);
        }
    }

    #[test]
    fn no_value_in_the_store_makes_it_panic(value: Vec<u8>, text in "\\PC{0,80}") {
        let _ = Entry::parse(&value);
        let _ = Entry::parse(text.as_bytes());
        let _ = EntryId::parse(&text);
    }
}

/// How often a row's callback is kept, and with how much in it.
fn keep_often(host: &FakeHost, outbox: &Outbox, contents: &[&str], status: &str) {
    for content in contents {
        let change = ended(
            DeploymentId::new("d-1").expect("fits"),
            Status::new(status).expect("fits"),
            format!(
                "{{\"s\":\"{content}\",\"long\":\"{}\"}}",
                "x".repeat(900_000)
            ),
        );
        block_on(outbox.enqueue(host, change, ORIGIN, &QueueReason::NoRow)).expect("kept");
    }
}

fn kept_bytes(host: &FakeHost) -> usize {
    let store = host.store.borrow();
    store.values().map(Vec::len).sum()
}

#[test]
fn equal_changes_of_one_row_wait_once() {
    for status in ["RUN_FAILED", "RUNNING"] {
        let host = FakeHost::default();
        for _ in 0..30 {
            // Each in an instance of its own.
            keep_often(&host, &outbox(), &["a"], status);
            host.advance(Duration::from_secs(2));
        }
        assert!(kept_bytes(&host) < 1_000_000, "{status}");
        assert_eq!(host.stored("0-outbox/a/").len(), 1, "{status}");
        assert_eq!(host.shown.get(), 0, "no keys are listed");
    }
}

#[test]
fn equal_changes_that_come_at_once_wait_once() {
    let (host, outbox) = (FakeHost::default(), outbox());
    let kept = (0..16)
        .map(|_| outbox.enqueue(&host, change("d", "COMPLETED"), ORIGIN, &QueueReason::NoRow));
    for kept in block_on(futures_util::future::join_all(kept)) {
        kept.expect("kept");
    }
    assert_eq!(host.stored("0-outbox/a/").len(), 1);
}

#[test]
fn an_equal_change_that_has_been_tried_meanwhile_is_still_known() {
    let (outbox, desk) = (outbox(), desk());
    keep(&outbox, &desk.host, "d", "COMPLETED", &QueueReason::NoRow);
    assert_eq!(
        drain(&outbox, &desk, vec![answer("NOT_FOUND")], true).failed,
        1
    );
    let again = outbox.enqueue(
        &desk.host,
        change("d", "COMPLETED"),
        ORIGIN,
        &QueueReason::NoRow,
    );
    let Scheduled { id, .. } = waiting(block_on(again).expect("kept").location);
    assert!(
        block_on(outbox.find(&desk.host, id))
            .expect("read")
            .is_some()
    );
    assert_eq!(desk.host.stored("0-outbox/a/").len(), 1);
    // Once it was delivered the next one is another.
    assert_eq!(
        drain(&outbox, &desk, vec![answer("UPDATED")], true).delivered,
        1
    );
    keep(&outbox, &desk.host, "d", "COMPLETED", &QueueReason::NoRow);
    assert_eq!(desk.host.stored("0-outbox/a/").len(), 1);
}

#[test]
fn other_changes_of_the_row_and_equal_ones_of_others_wait_beside_it() {
    let (outbox, host) = (outbox(), FakeHost::default());
    keep_often(&host, &outbox, &["a", "b", "a"], "RUNNING");
    keep(&outbox, &host, "d-2", "RUNNING", &QueueReason::NoRow);
    keep(&outbox, &host, "d-3", "RUNNING", &QueueReason::NoRow);
    assert_eq!(host.stored("0-outbox/a/").len(), 4);
}

#[test]
fn of_equal_changes_that_end_nothing_the_last_counts() {
    let (outbox, desk) = (outbox(), desk());
    for status in ["RUNNING", "QUEUED", "RUNNING"] {
        keep(&outbox, &desk.host, "d", status, &QueueReason::NoRow);
        desk.host.advance(Duration::from_secs(1));
    }
    drain(&outbox, &desk, vec![answer("UPDATED"); 2], true);
    assert_eq!(sent(&desk.host), ["d QUEUED", "d RUNNING"]);
}
