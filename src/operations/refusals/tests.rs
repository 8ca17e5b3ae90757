//! What is kept of refusals, and what a flood can make of it.

use std::net::IpAddr;
use std::time::Duration;

use futures_executor::block_on;
use futures_util::future::join_all;

use super::*;
use crate::audit::Masking;
use crate::instance::rate_limiter::Client;
use crate::testing::FakeHost;

fn client(number: u32) -> Client {
    Client::at(Some(IpAddr::from(number.to_be_bytes())))
}

fn refused(from: u32, status: u16, code: &'static str) -> RefusedRequest {
    RefusedRequest {
        client: client(from),
        source: Some("a360"),
        status,
        code,
        rejected: Vec::new(),
        is_verified: false,
        deployment_id: None,
        beginning: Vec::new(),
    }
}

/// A callback with a wrong token.
fn wrong_token(from: u32, deployment_id: &str) -> RefusedRequest {
    RefusedRequest {
        rejected: vec!["static_token: wrong".to_owned()],
        beginning: format!(r#"{{"deploymentId":"{deployment_id}","x":"#).into_bytes(),
        ..refused(from, 401, "invalid_credentials")
    }
}

fn note(log: &RefusalLog, host: &FakeHost, refused: RefusedRequest) {
    block_on(log.note(host, &Masking::new(&[]), refused)).expect("noted");
}

fn note_at_once(log: &RefusalLog, host: &FakeHost, all: impl IntoIterator<Item = RefusedRequest>) {
    let masking = Masking::new(&[]);
    let all = all.into_iter().map(|one| log.note(host, &masking, one));
    let noted = block_on(join_all(all));
    assert!(noted.iter().all(Result::is_ok), "{noted:?}");
}

fn read(host: &FakeHost) -> Vec<RefusalRecord> {
    block_on(read_all(host)).expect("read")
}

/// Whether a refusal is listed that names this deployment.
fn names(host: &FakeHost, deployment_id: &str) -> bool {
    let records = read(host);
    let views = views(&records);
    views
        .iter()
        .any(|it| it.deployment_id == Some(deployment_id))
}

#[test]
fn equal_refusals_of_a_client_are_one_record_with_their_number_and_their_deployments() {
    let (host, log) = (FakeHost::default(), RefusalLog::default());
    let ids = ["d-1", "d-2", "d-1"];
    note_at_once(&log, &host, ids.map(|id| wrong_token(7, id)));
    note_at_once(&log, &host, [refused(7, 401, "invalid_credentials")]);
    host.advance(Duration::from_secs(5));
    note(&log, &host, wrong_token(7, "d-3"));

    let records = read(&host);
    assert_eq!(records.len(), 2, "{records:#?}");
    let named = records
        .iter()
        .find(|it| it.rejected.is_some())
        .expect("one");
    assert_eq!(named.count, 4);
    let views = views(&records);
    let seen: Vec<_> = views.iter().map(|it| it.deployment_id).collect();
    assert_eq!(seen[0], Some("d-3"), "newest first");
    assert_eq!(seen.iter().filter(|id| **id == Some("d-1")).count(), 1);
    assert!(views.iter().all(|view| !view.verified));
}

#[test]
fn one_stranger_fills_no_more_than_his_own_part_of_his_own_value() {
    let host = FakeHost::default();
    let codes = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    for (number, code) in codes.into_iter().cycle().take(100).enumerate() {
        let status = if number % 2 == 0 { 401 } else { 404 };
        note(&RefusalLog::default(), &host, refused(7, status, code));
        host.advance(Duration::from_secs(5));
    }
    assert_eq!(host.stored("0-refusals/").len(), 1);
    assert_eq!(read(&host).len(), 6);
}

#[test]
fn a_flood_from_many_addresses_does_not_push_out_a_wrong_token_that_names_a_deployment() {
    let host = FakeHost::default();
    note(&RefusalLog::default(), &host, wrong_token(1_000_000, "d-1"));
    let verified = RefusedRequest {
        is_verified: true,
        deployment_id: Some("d-2".to_owned()),
        ..refused(1_000_000, 422, "invalid_callback")
    };
    host.advance(Duration::from_secs(5));
    note(&RefusalLog::default(), &host, verified);
    for round in 0..40 {
        let log = RefusalLog::default();
        let all = (0..128).map(|from| {
            let from = round * 128 + from;
            match from % 3 {
                0 => refused(from, 401, "invalid_credentials"),
                1 => refused(from, 429, "too_many_attempts"),
                _ => RefusedRequest {
                    rejected: vec!["jwt: malformed".to_owned()],
                    ..refused(from, 401, "invalid_credentials")
                },
            }
        });
        note_at_once(&log, &host, all);
        host.advance(Duration::from_secs(2));
    }
    assert!(names(&host, "d-1") && names(&host, "d-2"));
    let records = read(&host);
    assert!((200..=256).contains(&records.len()), "{}", records.len());
    let size: usize = host.store.borrow().values().map(Vec::len).sum();
    assert!(size < 256 << 10, "{size}");
}

#[test]
fn a_flood_costs_a_write_each_few_seconds_whatever_the_number_of_instances() {
    let host = FakeHost::default();
    let seconds = 20;
    // 3,000 a second, each instance with 128 of them.
    for round in 0..seconds * 23 {
        let log = RefusalLog::default();
        let instance = host.beside();
        let all = (0..128).map(|_| refused(7, 429, "too_many_attempts"));
        note_at_once(&log, &instance, all);
        host.writes.set(host.writes.get() + instance.writes.get());
        assert!(instance.accesses.get() <= 2, "{}", instance.accesses.get());
        // What collecting has taken, all others take at the same time.
        let taken = Duration::from_millis(250 + 1000 / 23);
        host.advance(Duration::from_millis(500).saturating_sub(taken));
        assert!(round < 10_000);
    }
    // Here each instance comes half a second after the other: fewer than one in eight may write.
    let most = seconds as usize * 23 / 8 + 1;
    assert!(host.writes.get() <= most, "{} of {most}", host.writes.get());
    assert_eq!(read(&host).len(), 1);
}

#[test]
fn what_matters_waits_until_its_value_may_be_written_again() {
    let host = FakeHost::default();
    note(&RefusalLog::default(), &host, refused(7, 404, "not_found"));
    note(
        &RefusalLog::default(),
        &host,
        refused(7, 401, "invalid_credentials"),
    );
    assert_eq!(read(&host).len(), 1, "the second is left out for now");
    note(&RefusalLog::default(), &host, wrong_token(7, "d-1"));
    assert!(!names(&host, "d-1"), "a stranger keeps no instance waiting");
    let verified = RefusedRequest {
        is_verified: true,
        status: 422,
        ..wrong_token(7, "d-2")
    };
    note(&RefusalLog::default(), &host, verified);
    assert!(names(&host, "d-2"));
}

#[test]
fn what_a_stranger_sent_is_bounded_and_masked() {
    let host = FakeHost::default();
    let secret = "un-secreto-muy-secreto";
    let masking = Masking::new(&[crate::config::Secret::new(secret)]);
    for id in [
        secret.to_owned(),
        "x".repeat(51),
        "x".repeat(5000),
        "a\\u0000".to_owned(),
    ] {
        let log = RefusalLog::default();
        block_on(log.note(&host, &masking, wrong_token(7, &id))).expect("noted");
        host.advance(Duration::from_secs(5));
    }
    let stored = host.store.borrow().values().flatten().copied().collect();
    let stored = String::from_utf8(stored).expect("text");
    assert!(
        !stored.contains(secret) && !stored.contains("xxx"),
        "{stored}"
    );
    let records = read(&host);
    assert_eq!(records[0].count, 4);
    assert_eq!(records[0].mentions.len(), 1, "the masked one");
}

#[test]
fn a_store_that_fails_loses_nothing_that_the_instance_still_has() {
    let mut host = FakeHost::default();
    host.refuses_writes_to = Some("0-refusals/");
    let log = RefusalLog::default();
    let masking = Masking::new(&[]);
    let noted = log.note(&host, &masking, wrong_token(7, "d-1"));
    assert!(block_on(noted).is_err());
    host.refuses_writes_to = None;
    note(&log, &host, wrong_token(7, "d-2"));
    assert!(names(&host, "d-1") && names(&host, "d-2"));
}

#[test]
fn a_damaged_value_holds_nothing_and_is_written_over() {
    let host = FakeHost::default();
    note(&RefusalLog::default(), &host, wrong_token(7, "d-1"));
    for value in host.store.borrow_mut().values_mut() {
        value.truncate(5);
    }
    assert_eq!(read(&host), []);
    note(&RefusalLog::default(), &host, wrong_token(7, "d-2"));
    assert!(names(&host, "d-2"));
}
