//! Rows as SAM would find them.

use std::time::Duration;

use futures_executor::block_on;
use serde_json::{Value, json};

use super::*;
use crate::delivery::{Status, ended};
use crate::testing::FakeHost;

const UTC: UtcOffset = UtcOffset {
    behind: false,
    distance: Duration::ZERO,
};

fn change(status: &str, callback_info: &str) -> Change {
    ended(
        DeploymentId::new("dep/1").expect("fits"),
        Status::new(status).expect("fits"),
        callback_info.to_owned(),
    )
}

fn row(host: &FakeHost, embedded: &Embedded) -> Value {
    let id = DeploymentId::new("dep/1").expect("fits");
    let stored = block_on(embedded.find(host, &id))
        .expect("read")
        .expect("there");
    serde_json::from_slice(&stored).expect("JSON")
}

#[test]
fn the_first_callback_makes_the_row() {
    let (host, embedded) = (FakeHost::default(), Embedded::new(UTC));
    let outcome = block_on(embedded.apply(&host, &change("RUN_COMPLETED", "{\"a\":1}")));
    assert_eq!(outcome, Ok(Outcome::Updated));
    assert_eq!(
        row(&host, &embedded),
        json!({
            "DeploymentId": "dep/1", "Estado": "RUN_COMPLETED", "CallbackInfo": "{\"a\":1}",
            "FechaFin": "2026-01-02T03:04:05", "FechaInicioReal": "2026-01-02T03:04:05",
            "FechaActualizacion": "2026-01-02T03:04:05"
        })
    );
}

#[test]
fn a_final_state_is_never_changed() {
    let (host, embedded) = (FakeHost::default(), Embedded::new(UTC));
    block_on(embedded.apply(&host, &change("RUN_FAILED", "1"))).expect("made");
    let before = row(&host, &embedded);
    for status in ["RUN_COMPLETED", "RUN_FAILED", "RUNNING"] {
        let outcome = block_on(embedded.apply(&host, &change(status, "2")));
        assert_eq!(outcome, Ok(Outcome::AlreadyFinal));
    }
    assert_eq!(row(&host, &embedded), before);
}

#[test]
fn a_state_that_is_not_final_is_changed_and_the_real_start_is_kept() {
    let (host, embedded) = (FakeHost::default(), Embedded::new(UTC));
    block_on(embedded.apply(&host, &change("RUNNING", "1"))).expect("made");
    host.advance(Duration::from_secs(60));
    let outcome = block_on(embedded.apply(&host, &change("UNKNOWN", "2")));
    assert_eq!(outcome, Ok(Outcome::Updated));
    let outcome = block_on(embedded.apply(&host, &change("COMPLETED", "3")));
    assert_eq!(outcome, Ok(Outcome::Updated));
    let row = row(&host, &embedded);
    assert_eq!(row["Estado"], "COMPLETED");
    assert_eq!(row["CallbackInfo"], "3");
    assert_eq!(row["FechaInicioReal"], "2026-01-02T03:04:05");
    assert_eq!(row["FechaFin"], "2026-01-02T03:05:05");
}

#[test]
fn of_callbacks_at_once_in_one_instance_one_wins() {
    let (host, embedded) = (FakeHost::default(), Embedded::new(UTC));
    let changes: Vec<_> = (0..16)
        .map(|n| change("RUN_FAILED", &n.to_string()))
        .collect();
    let all = changes.iter().map(|change| embedded.apply(&host, change));
    let outcomes = block_on(futures_util::future::join_all(all));
    let updated = outcomes
        .iter()
        .filter(|o| **o == Ok(Outcome::Updated))
        .count();
    assert_eq!(updated, 1);
}

#[test]
fn different_ids_have_different_keys() {
    let ids = ["a/b", "a%2Fb", "a", "A", "../a", "*", "ñ", "\u{1f916}"];
    let mut keys: Vec<_> = ids.iter().map(|id| key(&EJECUCIONES, id)).collect();
    assert!(keys.iter().all(|k| k.is_ascii() && !k.contains('/')));
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), ids.len());
}

#[test]
fn a_store_that_fails_and_a_row_that_is_none_are_told_apart() {
    let embedded = Embedded::new(UTC);
    let mut host = FakeHost::default();
    host.store_fails = true;
    let failed = block_on(embedded.apply(&host, &change("RUN_FAILED", "1")));
    assert!(matches!(failed, Err(DeliveryError::Store(_))));
    host.store_fails = false;
    block_on(host.set(&key(&EJECUCIONES, "dep/1"), b"no row")).expect("set");
    let failed = block_on(embedded.apply(&host, &change("RUN_FAILED", "1")));
    assert!(matches!(failed, Err(DeliveryError::Corrupt(_))));
}

#[test]
fn of_callbacks_at_once_in_many_instances_one_wins_and_nothing_changes_after_it() {
    for instances in 2..12 {
        for lag in 0..8 {
            let host = FakeHost::default();
            let all = (0..instances).map(|n: u64| {
                let host = &host;
                async move {
                    host.sleep(Duration::from_millis(n * lag)).await;
                    let status = ["RUN_COMPLETED", "RUNNING", "RUN_FAILED"][n as usize % 3];
                    let change = change(status, &n.to_string());
                    let outcome = Embedded::new(UTC).apply(host, &change).await;
                    (status, outcome.expect("decided"), n.to_string())
                }
            });
            let all = block_on(futures_util::future::join_all(all));
            let won: Vec<_> = all
                .iter()
                .filter(|(status, outcome, _)| {
                    change(status, "").is_last() && *outcome == Outcome::Updated
                })
                .collect();
            assert_eq!(won.len(), 1, "{instances} instances, {lag} apart");
            let row = row(&host, &Embedded::new(UTC));
            assert_eq!(
                row["Estado"], won[0].0,
                "{instances} instances, {lag} apart"
            );
            assert_eq!(row["CallbackInfo"], won[0].2.as_str());
        }
    }
}
