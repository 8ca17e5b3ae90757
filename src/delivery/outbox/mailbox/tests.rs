//! What a collector gets, what it costs while nothing comes, and that nothing is lost.

use std::time::Duration;

use futures_executor::block_on;
use futures_util::future::{join, join_all};
use serde_json::Value as Json;

use super::super::tests::{ORIGIN, change};
use super::super::{DeadLetter, Filter, Location, QueueReason};
use super::arrivals::LISTED_EVERY;
use super::*;
use crate::delivery::DeliveryError;
use crate::testing::FakeHost;

const SECOND: Duration = Duration::from_secs(1);

struct Edge {
    host: FakeHost,
    outbox: Outbox,
    mailbox: Mailbox,
}

impl Edge {
    fn requeue_all(&self) -> Vec<Scheduled> {
        let all = Filter::default();
        let requeued = self.outbox.requeue_all(&self.host, &all, false);
        block_on(requeued).expect("the store works").scheduled
    }

    fn new() -> Self {
        Self::at(FakeHost::default())
    }

    fn at(host: FakeHost) -> Self {
        Self {
            host,
            outbox: Outbox::new(Duration::from_secs(3600)).as_mailbox(true),
            mailbox: Mailbox::default(),
        }
    }

    /// Another instance, at the same store.
    fn beside(&self) -> Self {
        Self::at(self.host.beside())
    }

    async fn keep_now(&self, deployment_id: &str, status: &str) {
        let reason = QueueReason::Failed(DeliveryError::Uncollected);
        let change = change(deployment_id, status);
        let kept = self.outbox.enqueue(&self.host, change, ORIGIN, &reason);
        let kept = kept.await.expect("kept");
        assert_eq!(kept.announced, Ok(()));
    }

    fn keep(&self, deployment_id: &str) {
        block_on(self.keep_now(deployment_id, "RUN_COMPLETED"));
        self.host.advance(Duration::from_millis(1));
    }

    async fn collect_for(&self, wait: Duration) -> Vec<String> {
        let (host, outbox) = (&self.host, &self.outbox);
        let page = self.mailbox.collect(host, outbox, None, 100, wait).await;
        ids(&page.expect("the store works"))
    }

    fn page(&self, after: Option<EntryId>, limit: usize) -> MailboxPage {
        let (host, outbox) = (&self.host, &self.outbox);
        let page = self
            .mailbox
            .collect(host, outbox, after, limit, Duration::ZERO);
        block_on(page).expect("the store works")
    }

    fn collect(&self) -> Vec<String> {
        block_on(self.collect_for(Duration::ZERO))
    }

    fn acknowledge(&self, ids: &[String]) -> usize {
        let ids: Vec<_> = ids.iter().map(|id| scheduled(id)).collect();
        let removed = self.mailbox.acknowledge(&self.host, &ids);
        block_on(removed).expect("the store works")
    }
}

fn scheduled(id: &str) -> Scheduled {
    Scheduled::parse(id).expect("an id")
}

fn entries(page: &MailboxPage) -> Vec<Json> {
    let page: Json = serde_json::from_slice(&page.to_json()).expect("JSON");
    assert_eq!(page["version"], 1);
    page["entries"].as_array().expect("a list").clone()
}

fn ids(page: &MailboxPage) -> Vec<String> {
    let entries = entries(page);
    let ids = entries.iter().map(|entry| entry["id"].as_str());
    ids.map(|id| id.expect("a text").to_owned()).collect()
}

fn keys(page: &MailboxPage) -> Vec<String> {
    let entries = entries(page);
    let keys = entries.iter().map(|entry| entry["change"]["key"].as_str());
    keys.map(|key| key.expect("a text").to_owned()).collect()
}

#[test]
fn what_waits_is_given_oldest_first_until_it_is_acknowledged() {
    let edge = Edge::new();
    for id in ["a", "b", "c"] {
        edge.keep(id);
    }
    assert_eq!(keys(&edge.page(None, 2)), ["a", "b"]);
    let all = edge.collect();
    assert_eq!(all.len(), 3);
    // A lost acknowledgement, or another collector.
    assert_eq!(edge.collect(), all);
    assert_eq!(edge.beside().collect(), all);

    assert_eq!(edge.acknowledge(&all[..2]), 2);
    assert_eq!(edge.acknowledge(&all[..2]), 0);
    assert_eq!(edge.collect(), all[2..]);
    let other = edge.beside();
    assert_eq!(other.acknowledge(&all[2..]), 1);
    // This instance still knows of it, and finds it gone.
    assert_eq!(edge.collect(), [""; 0]);
    assert_eq!(edge.host.stored("0-outbox/"), [""; 0]);
}

#[test]
fn what_crosses_is_read_as_it_was_kept() {
    let edge = Edge::new();
    edge.keep("d/1 ñ");
    let page = edge.page(None, 100);
    let CollectedPage(read) = CollectedPage::parse(&page.to_json()).expect("a page");
    let [entry] = &*read else { panic!("{read:?}") };
    assert_eq!(entry.change, Some(change("d/1 ñ", "RUN_COMPLETED")));
    assert_eq!((&*entry.source, &*entry.request_id), ("a360", "r-1"));
    assert_eq!(entry.id.to_string(), ids(&page)[0]);
    assert_eq!(entries(&page)[0]["kept"], "2026-01-02T03:04:05.000Z");
}

#[test]
fn what_is_no_page_of_this_version_is_refused_whole() {
    let version = |number| Err(PageError::Version(number));
    for (body, expected) in [
        ("", Err(PageError::NoPage)),
        ("<html>", Err(PageError::NoPage)),
        (r#"{"status":"OK"}"#, Err(PageError::NoPage)),
        (r#"{"entries":[]}"#, Err(PageError::NoPage)),
        (r#"{"version":1}"#, Err(PageError::NoPage)),
        (r#"{"version":1,"entries":[{}]}"#, Err(PageError::NoPage)),
        (r#"{"version":2,"entries":[]}"#, version(2)),
        (r#"{"version":2,"pages":[]}"#, version(2)),
        (r#"{"version":1,"entries":[],"more":1}"#, Ok(0)),
        // One that cannot be read leaves the others as they are.
        (
            r#"{"version":1,"entries":[{"id":"0018f3a5b2c-0018f3a5b2c-0000002a-f000102030405060708090a0b0c0d0e0f","source":"a360","change":{"entity":1}}]}"#,
            Ok(1),
        ),
    ] {
        let read = CollectedPage::parse(body.as_bytes());
        assert_eq!(read.map(|page| page.0.len()), expected, "{body}");
    }
}

#[test]
fn an_entry_is_never_a_dead_letter_by_its_age() {
    let edge = Edge::new();
    edge.keep("a");
    edge.host.advance(Duration::from_secs(30 * 86_400));
    edge.keep("a");
    assert_eq!(edge.collect().len(), 1);
    assert_eq!(edge.host.stored("0-outbox/d/"), [""; 0]);
}

#[test]
fn of_a_row_the_change_that_ends_it_goes_first_and_the_next_once_it_is_gone() {
    let edge = Edge::new();
    for status in ["RUNNING", "RUN_FAILED", "RUN_COMPLETED"] {
        block_on(edge.keep_now("a", status));
        edge.host.advance(Duration::from_millis(1));
    }
    edge.keep("b");
    let mut order = Vec::new();
    loop {
        let page = edge.page(None, 100);
        if page.is_empty() {
            break;
        }
        let (rows, states) = (keys(&page), entries(&page));
        order.extend(rows.iter().zip(states).filter_map(|(row, entry)| {
            let state = entry["change"]["values"][0][2].as_str()?.to_owned();
            (row == "a").then_some(state)
        }));
        edge.acknowledge(&ids(&page));
    }
    assert_eq!(order, ["RUN_FAILED", "RUN_COMPLETED", "RUNNING"]);
}

#[test]
fn a_collector_that_waits_is_answered_as_soon_as_something_comes() {
    let edge = Edge::new();
    let kept = async {
        edge.host.sleep(3 * SECOND).await;
        edge.keep_now("a", "RUN_COMPLETED").await;
        // The instance that kept it tells its collectors.
        edge.mailbox.note_arrival();
        edge.host.monotonic()
    };
    let (found, kept) = block_on(join(edge.collect_for(25 * SECOND), kept));
    assert_eq!(found.len(), 1);
    assert!(edge.host.monotonic() - kept < Duration::from_millis(100));
    edge.acknowledge(&found);

    let other = edge.beside();
    let kept = async {
        other.host.sleep(3 * SECOND).await;
        other.keep_now("b", "RUN_COMPLETED").await;
        other.host.monotonic()
    };
    let (found, kept) = block_on(join(edge.collect_for(25 * SECOND), kept));
    assert_eq!(found.len(), 1);
    assert!(edge.host.monotonic() - kept < Duration::from_millis(400));
}

#[test]
fn while_nothing_comes_all_collectors_together_cost_four_reads_a_second_and_no_listing() {
    let edge = Edge::new();
    assert_eq!(edge.collect(), [""; 0]);
    for _ in 0..3 {
        let (shown, accesses) = (edge.host.shown.get(), edge.host.accesses.get());
        let writes = edge.host.writes.get();
        let began = edge.host.monotonic();
        let waiting = (0..10).map(|_| edge.collect_for(25 * SECOND));
        let found = block_on(join_all(waiting));
        assert!(found.iter().all(Vec::is_empty));
        // Of the fake each waiting task advances the clock.
        let seconds = (edge.host.monotonic() - began).as_secs() as usize + 1;
        let reads = edge.host.accesses.get() - accesses;
        assert!(reads <= 4 * seconds, "{reads} in {seconds} s");
        assert_eq!(
            (edge.host.shown.get(), edge.host.writes.get()),
            (shown, writes)
        );
    }
}

#[test]
fn a_new_instance_does_not_list_what_another_found_empty() {
    let edge = Edge::new();
    edge.keep("a");
    let found = edge.collect();
    edge.acknowledge(&found);
    assert_eq!(edge.collect(), [""; 0]);

    let other = edge.beside();
    assert_eq!(block_on(other.collect_for(25 * SECOND)), [""; 0]);
    assert_eq!(other.host.shown.get(), 0);
    other.keep("b");
    assert_eq!(edge.beside().collect().len(), 1);
    assert_eq!(other.collect().len(), 1);
}

#[test]
fn an_arrival_that_could_not_be_announced_is_found_within_ten_minutes() {
    let mut edge = Edge::new();
    assert_eq!(edge.collect(), [""; 0]);
    edge.host.refuses_writes_to = Some(arrivals::ARRIVED);
    let reason = QueueReason::Failed(DeliveryError::Uncollected);
    let kept = edge
        .outbox
        .enqueue(&edge.host, change("a", "COMPLETED"), ORIGIN, &reason);
    let kept = block_on(kept).expect("kept");
    assert!(kept.announced.is_err());
    edge.host.refuses_writes_to = None;
    assert_eq!(edge.collect(), [""; 0]);
    edge.host.advance(LISTED_EVERY);
    assert_eq!(edge.beside().collect().len(), 1);
    assert_eq!(edge.collect().len(), 1);
}

#[test]
fn what_the_collector_leaves_does_not_keep_the_rest_from_it() {
    for shuffled in [false, true] {
        let mut edge = Edge::new();
        edge.host.shuffles_keys = shuffled;
        let number = 2 * KNOWN + 100;
        for number in 0..number {
            edge.keep(&format!("{number:05}"));
        }
        let (mut after, mut seen) = (None, 0);
        while let Some(last) = ids(&edge.page(after, 500)).last() {
            seen += ids(&edge.page(after, 500)).len();
            after = Some(scheduled(last).id);
        }
        assert_eq!(seen, number);
        // Nothing was acknowledged.
        assert_eq!(keys(&edge.page(None, 1)), ["00000"]);
    }
}

#[test]
fn a_long_mailbox_is_listed_once_for_many_pages() {
    let edge = Edge::new();
    for number in 0..2 * KNOWN {
        edge.keep(&format!("{number:05}"));
    }
    edge.host.shown.set(0);
    let mut collected = 0;
    loop {
        let found = edge.collect();
        if found.is_empty() {
            break;
        }
        collected += edge.acknowledge(&found);
    }
    assert_eq!(collected, 2 * KNOWN);
    // Each listing ends a key behind those that it looks at.
    let shown = edge.host.shown.get();
    assert!(shown < 2 * KNOWN + 100, "{shown}");
}

#[test]
fn a_page_has_a_mebibyte_and_an_entry_that_is_larger_is_alone() {
    let edge = Edge::new();
    let reason = QueueReason::Failed(DeliveryError::Uncollected);
    for (id, bytes) in [
        ("a", 400_000),
        ("b", 400_000),
        ("c", 400_000),
        ("d", 2 << 20),
        ("e", 10),
    ] {
        let mut change = change(id, "COMPLETED");
        change.values[1].1 = crate::delivery::Value::Text("x".repeat(bytes));
        let kept = edge.outbox.enqueue(&edge.host, change, ORIGIN, &reason);
        block_on(kept).expect("kept");
        edge.host.advance(Duration::from_millis(1));
    }
    let mut pages = Vec::new();
    loop {
        let page = edge.page(None, 100);
        if page.is_empty() {
            break;
        }
        edge.acknowledge(&ids(&page));
        pages.push(keys(&page).concat());
    }
    assert_eq!(pages, ["ab", "c", "d", "e"]);
}

#[test]
fn an_entry_that_cannot_be_read_is_put_where_somebody_sees_it() {
    let edge = Edge::new();
    edge.keep("a");
    edge.keep("b");
    let first = edge.host.stored("0-outbox/a/")[0].clone();
    block_on(edge.host.set(&first, b"{}")).expect("set");
    assert_eq!(keys(&edge.page(None, 100)), ["b"]);
    let dead = edge.host.stored("0-outbox/d/");
    assert_eq!(dead.len(), 1);
    assert_eq!(edge.requeue_all(), []);
}

#[test]
fn an_entry_of_a_newer_version_stays_for_one_and_keeps_no_other() {
    let edge = Edge::new();
    edge.keep("a");
    edge.keep("b");
    let first = edge.host.stored("0-outbox/a/")[0].clone();
    let newer = b"{\"version\":2}".to_vec();
    edge.host.store.borrow_mut().insert(first.clone(), newer);
    assert_eq!(keys(&edge.page(None, 100)), ["b"]);
    edge.acknowledge(&edge.collect());
    assert_eq!(edge.collect(), [""; 0]);
    assert_eq!(edge.host.stored("0-outbox/"), [first]);
}

#[test]
fn a_dead_letter_that_is_put_back_can_be_collected_at_once() {
    let edge = Edge::new();
    edge.keep("a");
    let id = scheduled(&edge.collect()[0]).id;
    let waiting = edge.host.stored("0-outbox/a/").remove(0);
    let value = edge.host.store.borrow_mut().remove(&waiting).expect("kept");
    let dead = Location::Dead(DeadLetter { id, tag: None });
    block_on(edge.host.set(&dead.key(), &value)).expect("set");
    assert_eq!(edge.collect(), [""; 0]);
    assert_eq!(edge.requeue_all().len(), 1);
    assert_eq!(edge.collect().len(), 1);
}

#[test]
fn when_somebody_came_last_is_noted_twice_a_minute() {
    let edge = Edge::new();
    assert_eq!(block_on(edge.mailbox.last_collected(&edge.host)), Ok(None));
    for _ in 0..120 {
        block_on(edge.mailbox.note_collector(&edge.host)).expect("noted");
        edge.host.advance(SECOND);
    }
    assert_eq!(edge.host.writes.get(), 4);
    let last = block_on(edge.mailbox.last_collected(&edge.beside().host));
    let last = last.expect("read").expect("somebody came");
    let now = crate::instance::unix_time::millis(edge.host.now());
    assert_eq!(now - last, 30_000);
}
