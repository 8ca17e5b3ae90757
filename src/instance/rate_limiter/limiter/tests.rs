//! Guessing, by one and by many, at one instance and at several.

use futures_executor::block_on;
use futures_util::future::join_all;

use super::*;
use crate::testing::FakeHost;

const SECOND: Duration = Duration::from_secs(1);

/// A rate limiter with its limit.
struct Limited {
    attempts: RateLimiter,
    limit: usize,
}

impl Limited {
    fn to(limit: usize) -> Self {
        let attempts = RateLimiter::new("attempts");
        Self { attempts, limit }
    }

    async fn hit(&self, host: &FakeHost, address: Option<IpAddr>) -> Decision {
        self.attempts.hit(host, address, self.limit).await
    }

    async fn flush(&self, host: &FakeHost) -> Result<(), StoreError> {
        self.attempts.flush(host, self.limit).await
    }
}

fn address(text: &str) -> Option<IpAddr> {
    Some(text.parse().expect("an address"))
}

/// A failed attempt, and what is left to do after it. How long the client has to wait.
fn attempt(attempts: &Limited, host: &FakeHost, client: &str) -> Option<Duration> {
    let decision = block_on(attempts.hit(host, address(client)));
    assert_eq!(decision.failure, None);
    block_on(attempts.flush(host)).expect("the store works");
    decision.retry_after
}

/// How many failed attempts of `client` are counted before it is sent away.
fn allowed(attempts: &Limited, host: &FakeHost, client: &str) -> usize {
    std::iter::repeat_with(|| block_on(attempts.hit(host, address(client))))
        .take(200)
        .take_while(|decision| decision.retry_after.is_none())
        .count()
}

#[test]
fn the_minute_slides() {
    let (attempts, host) = (Limited::to(3), FakeHost::default());
    assert_eq!(attempt(&attempts, &host, "10.0.0.1"), None);
    host.advance(SECOND * 20);
    assert_eq!(attempt(&attempts, &host, "10.0.0.1"), None);
    assert_eq!(attempt(&attempts, &host, "10.0.0.1"), None);
    host.advance(SECOND * 10);
    let waits = attempt(&attempts, &host, "10.0.0.1").expect("sent away");
    assert!(waits > SECOND * 20 && waits <= SECOND * 30, "{waits:?}");
    host.advance(waits - SECOND / 10);
    assert!(attempt(&attempts, &host, "10.0.0.1").is_some());
    host.advance(SECOND);
    assert_eq!(attempt(&attempts, &host, "10.0.0.1"), None);
    let waits = attempt(&attempts, &host, "10.0.0.1").expect("sent away");
    assert!(waits < SECOND * 21, "{waits:?}");
}

#[test]
fn each_client_has_its_own_attempts() {
    let (attempts, host) = (Limited::to(5), FakeHost::default());
    for (client, left) in [
        ("10.0.0.1", 5),
        ("10.0.0.1", 0),
        ("10.0.0.2", 5),
        ("2001:db8:1:2::1", 5),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", 0),
        ("2001:db8:1:3::1", 5),
    ] {
        assert_eq!(allowed(&attempts, &host, client), left, "{client}");
    }
    let unknown = || block_on(attempts.hit(&host, None)).retry_after;
    assert_eq!((0..6).filter(|_| unknown().is_none()).count(), 5);
}

#[test]
fn off_is_off() {
    let (attempts, host) = (Limited::to(0), FakeHost::default());
    assert_eq!(allowed(&attempts, &host, "10.0.0.1"), 200);
    block_on(attempts.flush(&host)).expect("nothing to do");
    assert_eq!(host.accesses.get(), 0);
}

#[test]
fn a_new_instance_knows_what_others_have_counted() {
    let host = FakeHost::default();
    let first = Limited::to(5);
    for _ in 0..3 {
        assert_eq!(attempt(&first, &host, "10.0.0.1"), None);
    }
    let (second, other) = (Limited::to(5), host.beside());
    assert_eq!(allowed(&second, &other, "10.0.0.1"), 2);
    assert_eq!(allowed(&second, &other, "10.0.0.2"), 5);
}

#[test]
fn a_client_that_has_used_up_its_attempts_is_known_to_all_at_once() {
    let host = FakeHost::default();
    let first = Limited::to(20);
    assert_eq!(allowed(&first, &host, "10.0.0.1"), 20);
    assert_eq!(allowed(&Limited::to(20), &host.beside(), "10.0.0.1"), 0);
}

#[test]
fn two_instances_that_count_one_client_add_up() {
    let host = FakeHost::default();
    let other = host.beside();
    let (first, second) = (Limited::to(6), Limited::to(6));
    for _ in 0..3 {
        assert_eq!(attempt(&first, &host, "10.0.0.1"), None);
        assert_eq!(attempt(&second, &other, "10.0.0.1"), None);
    }
    assert_eq!(allowed(&Limited::to(6), &other, "10.0.0.1"), 0);
}

#[test]
fn requests_that_interleave_lose_no_count() {
    let (attempts, host) = (Limited::to(20), FakeHost::default());
    let guess = || async {
        let decision = attempts.hit(&host, address("10.0.0.1")).await;
        attempts.flush(&host).await.expect("the store works");
        decision.retry_after.is_none()
    };
    for _ in 0..5 {
        block_on(join_all((0..4).map(|_| guess())));
    }
    assert_eq!(allowed(&attempts, &host, "10.0.0.1"), 0);
    assert_eq!(allowed(&Limited::to(20), &host.beside(), "10.0.0.1"), 0);
}

#[test]
fn two_tasks_that_write_one_client_at_once_lose_no_count() {
    let (attempts, host) = (Limited::to(5), FakeHost::default());
    let client = Client::at(address("10.0.0.1"));
    for _ in 0..4 {
        attempts
            .attempts
            .add(client, unix_time::millis(host.now()), 5)
            .expect("room");
    }
    let saved = block_on(join_all(
        (0..2).map(|_| attempts.attempts.save(&host, client, 5)),
    ));
    assert_eq!(saved, [Ok(()), Ok(())]);
    assert_eq!(allowed(&attempts, &host, "10.0.0.1"), 1);
    assert_eq!(allowed(&Limited::to(4), &host.beside(), "10.0.0.1"), 0);
}

#[test]
fn an_instance_learns_of_a_client_that_others_have_sent_away() {
    let host = FakeHost::default();
    let (first, second, other) = (Limited::to(5), Limited::to(5), host.beside());
    assert_eq!(attempt(&first, &host, "10.0.0.1"), None);
    assert_eq!(allowed(&second, &other, "10.0.0.1"), 4);
    host.advance(FRESH);
    assert!(attempt(&first, &host, "10.0.0.1").is_some());
}

#[test]
fn a_store_that_has_forgotten_a_client_does_not_make_an_instance_forget() {
    let (attempts, host) = (Limited::to(5), FakeHost::default());
    for _ in 0..4 {
        assert_eq!(attempt(&attempts, &host, "10.0.0.1"), None);
        host.store.borrow_mut().clear();
        host.advance(FRESH);
    }
    assert_eq!(allowed(&attempts, &host, "10.0.0.1"), 1);
}

#[test]
fn what_no_longer_counts_is_not_written() {
    let (attempts, host) = (Limited::to(20), FakeHost::default());
    for number in 0..200 {
        let client = format!("10.0.0.{number}");
        for _ in 0..5 {
            block_on(attempts.hit(&host, address(&client)));
        }
    }
    host.advance(SECOND * 600);
    assert_eq!(attempt(&attempts, &host, "10.0.1.1"), None);
    let store = host.store.borrow();
    let values: Vec<_> = store
        .values()
        .map(|value| String::from_utf8_lossy(value))
        .collect();
    assert!(
        values.len() == 1 && values[0].contains("10.0.1.1"),
        "{values:?}"
    );
}

#[test]
fn many_addresses_cannot_spend_the_store() {
    let (attempts, host) = (Limited::to(20), FakeHost::default());
    for number in 0..5000 {
        let client = format!("10.{}.{}.1", number / 250, number % 250);
        block_on(attempts.hit(&host, address(&client)));
    }
    assert_eq!(host.accesses.get(), 16, "reads, at once");
    let begun = host.monotonic();
    block_on(attempts.flush(&host)).expect("the store works");
    let seconds = (host.monotonic() - begun).as_secs_f64();
    let writes = host.writes.get() as f64;
    assert!(writes <= 1.0 + 2.0 * seconds, "{writes} in {seconds} s");
    assert!(writes >= 1.0);
    assert!(attempts.attempts.state().clients.len() <= super::super::tally::CLIENTS);
}

#[test]
fn the_store_holds_no_more_for_a_million_clients_than_for_some_thousand() {
    let host = FakeHost::default();
    for number in 0..20_000_u32 {
        let client = Client::at(Some(IpAddr::from(number.to_be_bytes())));
        let now = 1_767_323_045_000 + u64::from(number);
        let slot =
            block_on(StoredClients::read(&host, "attempts", client, now)).expect("the store works");
        block_on(slot.write(&host, client, vec![now; 20])).expect("the store works");
    }
    let store = host.store.borrow();
    assert!(store.len() <= 256);
    let longest = store.values().map(Vec::len).max().expect("values");
    assert!(longest < 16 * (50 + 20 * 20), "{longest}");
}

#[test]
fn a_value_that_makes_no_sense_counts_for_nobody() {
    for value in [
        "",
        "null",
        "[]",
        r#"[{"client":"10.0.0.1","times":[9,99999999999999999]}]"#,
        r#"[{"client":"10.0.0.1","times":"x"}]"#,
    ] {
        let (attempts, host) = (Limited::to(5), FakeHost::default());
        let client = Client::at(address("10.0.0.1"));
        let slot =
            block_on(StoredClients::read(&host, "attempts", client, 0)).expect("the store works");
        block_on(slot.write(&host, client, vec![0])).expect("the store works");
        for stored in host.store.borrow_mut().values_mut() {
            *stored = value.into();
        }
        assert_eq!(allowed(&attempts, &host, "10.0.0.1"), 5, "{value}");
    }
}

#[test]
fn a_store_that_fails_is_told_and_the_instance_counts_by_itself() {
    let (attempts, mut host) = (Limited::to(3), FakeHost::default());
    host.store_fails = true;
    let decision = block_on(attempts.hit(&host, address("10.0.0.1")));
    assert!(decision.failure.is_some() && decision.retry_after.is_none());
    block_on(attempts.flush(&host)).expect_err("the store is broken");
    assert_eq!(allowed(&attempts, &host, "10.0.0.1"), 2);

    host.store_fails = false;
    host.advance(SECOND);
    block_on(attempts.flush(&host)).expect("the store works again");
    assert_eq!(allowed(&Limited::to(3), &host.beside(), "10.0.0.1"), 0);
}
