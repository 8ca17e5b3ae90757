use futures_executor::block_on;

use super::*;
use crate::testing::FakeHost;

fn name(by: &'static str, text: &str) -> IdName {
    IdName {
        field: by,
        text: text.to_owned(),
        identifies: true,
    }
}

fn keyed(names: Vec<IdName>, content: &str) -> IdempotencyKey {
    let id = NotificationId {
        names,
        echoed: String::new(),
        content: Some(content.to_owned()),
        lifetime: Duration::from_secs(60),
    };
    IdempotencyKey::new("source", &id)
}

fn key(text: &str) -> IdempotencyKey {
    keyed(vec![name("test", text)], "content")
}

/// The receipts of what was found, and whether each said the same.
fn found(host: &FakeHost, key: &IdempotencyKey) -> Vec<(Receipt, bool)> {
    let found = block_on(find(host, key)).expect("read");
    found
        .iter()
        .map(|it| (it.receipt.clone(), it.is_same))
        .collect()
}

fn receipt(host: &FakeHost, number: u64) -> Receipt {
    Receipt {
        at: host.now(),
        disposition: Disposition::Queued,
        number,
        entry: None,
    }
}

#[test]
fn what_was_taken_is_known_for_its_time() {
    let host = FakeHost::default();
    let key = key("a");
    let first = receipt(&host, 1);
    assert_eq!(found(&host, &key), []);
    assert_eq!(block_on(remember(&host, &key, &first)), Ok(first.clone()));
    host.advance(Duration::from_millis(59_999));
    assert_eq!(found(&host, &key), [(first.clone(), true)]);
    let second = receipt(&host, 2);
    assert_eq!(block_on(remember(&host, &key, &second)), Ok(first.clone()));
    host.advance(Duration::from_millis(1));
    assert_eq!(found(&host, &key), []);
    assert_eq!(block_on(remember(&host, &key, &second)), Ok(second.clone()));
}

#[test]
fn what_is_taken_back_was_ones_own() {
    let host = FakeHost::default();
    let (key, other) = (key("a"), key("b"));
    for key in [&key, &other] {
        block_on(remember(&host, key, &receipt(&host, 1))).expect("kept");
    }
    block_on(forget(&host, &key, 2)).expect("read");
    assert_eq!(found(&host, &key).len(), 1);
    block_on(forget(&host, &key, 1)).expect("read");
    assert_eq!(found(&host, &key), []);
    assert_eq!(found(&host, &other).len(), 1);
}

#[test]
fn each_source_and_each_place_has_ids_of_its_own() {
    let id = |by, text: &str| NotificationId {
        names: vec![name(by, text)],
        echoed: text.to_owned(),
        content: None,
        lifetime: Duration::ZERO,
    };
    let keys = [
        IdempotencyKey::new("a", &id("b", "c")),
        IdempotencyKey::new("b", &id("b", "c")),
        IdempotencyKey::new("a", &id("c", "c")),
        IdempotencyKey::new("a", &id("b", "d")),
    ];
    for (index, key) in keys.iter().enumerate() {
        assert!(!keys[..index].contains(key), "{key:?}");
    }
}

#[test]
fn the_store_keeps_no_more_values_than_there_are_places_and_forgets_what_is_over() {
    let host = FakeHost::default();
    for n in 0..20_000 {
        let key = key(&n.to_string());
        block_on(remember(&host, &key, &receipt(&host, n))).expect("kept");
    }
    assert!(host.stored("seen/").len() <= 4096);
    let known = (0..20_000).filter(|n: &u64| {
        let found = found(&host, &key(&n.to_string()));
        found.iter().any(|(receipt, _)| receipt.number == *n)
    });
    assert_eq!(known.count(), 20_000);
    host.advance(Duration::from_secs(60));
    block_on(remember(&host, &key("0"), &receipt(&host, 0))).expect("kept");
    let store = host.store.borrow();
    let kept: Vec<serde_json::Value> =
        serde_json::from_slice(&store[&key("0").names[0].key()]).expect("JSON");
    assert_eq!(kept.len(), 1);
}

#[test]
fn a_value_that_cannot_be_read_counts_for_nothing() {
    let host = FakeHost::default();
    let key = key("a");
    for value in ["", "null", "{}", r#"[{"mark":1}]"#] {
        block_on(host.set(&key.names[0].key(), value.as_bytes())).expect("set");
        assert_eq!(found(&host, &key), [], "{value}");
    }
    let first = receipt(&host, 1);
    assert_eq!(block_on(remember(&host, &key, &first)), Ok(first.clone()));
    assert_eq!(found(&host, &key), [(first.clone(), true)]);
}

#[test]
fn each_name_of_a_notification_finds_it() {
    let host = FakeHost::default();
    let both = keyed(vec![name("a", "1"), name("b", "2")], "content");
    let first = receipt(&host, 1);
    block_on(remember(&host, &both, &first)).expect("kept");
    for (by, text) in [("a", "1"), ("b", "2")] {
        let one = keyed(vec![name(by, text)], "content");
        assert_eq!(found(&host, &one), [(first.clone(), true)], "{by}");
        let other = keyed(vec![name(by, text)], "other");
        assert_eq!(found(&host, &other), [(first.clone(), false)], "{by}");
    }
    assert_eq!(
        found(&host, &both),
        [(first.clone(), true), (first.clone(), true)]
    );
    block_on(forget(&host, &both, 1)).expect("forgotten");
    assert_eq!(found(&host, &both), []);
}

#[test]
fn a_name_that_tells_nothing_is_remembered_all_the_same() {
    let host = FakeHost::default();
    let quiet = IdName {
        identifies: false,
        ..name("bytes", "1")
    };
    let with = |id| keyed(vec![name("id", id), quiet.clone()], "content");
    block_on(remember(&host, &with("m-1"), &receipt(&host, 1))).expect("kept");
    assert_eq!(found(&host, &with("m-2")), []);
    let second = receipt(&host, 2);
    assert_eq!(
        block_on(remember(&host, &with("m-2"), &second)),
        Ok(second.clone())
    );
    let alone = keyed(vec![name("bytes", "1")], "content");
    assert_eq!(found(&host, &alone), [(second.clone(), true)]);
}

#[test]
fn what_was_kept_before_contents_were_is_the_same() {
    let host = FakeHost::default();
    let key = key("a");
    let at = unix_time::millis(host.now());
    let kept = format!(
        r#"[{{"mark":"{}","at":{at},"until":{},"taken":"queued","number":7}}]"#,
        key.names[0].hash,
        at + 1
    );
    block_on(host.set(&key.names[0].key(), kept.as_bytes())).expect("set");
    let first = Receipt {
        disposition: Disposition::Queued,
        ..receipt(&host, 7)
    };
    assert_eq!(found(&host, &key), [(first.clone(), true)]);
}

#[test]
fn a_value_is_bounded_and_forgets_first_what_was_taken_first() {
    let host = FakeHost::default();
    let entry = "019b7c3a5f8-00000001-n0123456789abcdef0123456789abcdef";
    let entry = entry.to_owned();
    let key = |n: usize| IdempotencyKey {
        names: vec![Name {
            field: "test",
            hash: format!("abc{n:029}"),
            identifies: true,
        }],
        content: Some("f".repeat(32)),
        lifetime: Duration::from_secs(60),
    };
    for n in 0..2500 {
        let receipt = Receipt {
            disposition: Disposition::AlreadyFinal,
            entry: Some(entry.clone()),
            ..receipt(&host, u64::MAX)
        };
        block_on(remember(&host, &key(n), &receipt)).expect("kept");
    }
    assert!(host.store.borrow()["seen/abc"].len() <= 128 * 300);
    let known = |n: &usize| !found(&host, &key(*n)).is_empty();
    assert!((2500 - MOST..2500).all(|n| known(&n)));
    assert!(!(0..2500 - MOST).any(|n| known(&n)));
}
