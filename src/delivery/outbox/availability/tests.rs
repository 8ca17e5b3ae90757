//! What all instances know of the data API, and what it costs.

use futures_executor::block_on;

use super::*;
use crate::outbound::OutboundError;
use crate::ports::SendError;
use crate::testing::FakeHost;

fn away() -> Result<Outcome, DeliveryError> {
    Err(OutboundError::NoReply(SendError::Refused).into())
}

fn refusing() -> Result<Outcome, DeliveryError> {
    let page = OutboundError::TooLong(crate::http::message::StatusCode::OK);
    Err(page.into())
}

fn share(tracker: &AvailabilityTracker, host: &FakeHost) {
    assert_eq!(block_on(tracker.share(host)), Ok(()));
}

fn status(host: &FakeHost) -> DataApiStatus {
    block_on(AvailabilityTracker::default().status(host)).expect("read")
}

#[test]
fn a_data_api_that_is_always_there_costs_no_access() {
    let (tracker, host) = (AvailabilityTracker::default(), FakeHost::default());
    for _ in 0..3 {
        tracker.note_change(&host, &Ok(Outcome::Updated));
        assert!(!tracker.knows_of_trouble());
    }
    assert_eq!(host.accesses.get(), 0);
}

#[test]
fn all_instances_know_since_when_it_is_away_and_since_when_it_is_back() {
    let (tracker, host) = (AvailabilityTracker::default(), FakeHost::default());
    let began = unix_time::millis(host.now());
    tracker.note_change(&host, &away());
    assert!(tracker.knows_of_trouble());
    share(&tracker, &host);
    let expected = DataApiStatus {
        state: Availability::Failing,
        since: Some(began),
        failure: Some("data API: connection refused".to_owned()),
    };
    assert_eq!(status(&host), expected);
    // Another instance sees the same trouble, and then another one.
    host.advance(Duration::from_secs(60));
    let other = AvailabilityTracker::default();
    other.note_change(&host, &away());
    share(&other, &host);
    assert_eq!(status(&host), expected);
    other.note_change(&host, &refusing());
    host.advance(RELIED_ON);
    share(&other, &host);
    let refused = status(&host);
    assert_eq!(
        (refused.state, refused.since),
        (Availability::Refusing, Some(began))
    );
    host.advance(Duration::from_secs(60));
    let back = unix_time::millis(host.now());
    tracker.note_probe(&host, &Ok(()));
    share(&tracker, &host);
    let well = DataApiStatus {
        state: Availability::Ok,
        since: Some(back),
        failure: None,
    };
    assert_eq!(status(&host), well);
}

#[test]
fn an_instance_that_saw_it_well_before_the_trouble_says_that_it_ended_now() {
    let (tracker, host) = (AvailabilityTracker::default(), FakeHost::default());
    tracker.note_change(&host, &Ok(Outcome::Updated));
    host.advance(Duration::from_secs(60));
    let other = AvailabilityTracker::default();
    other.note_change(&host, &away());
    share(&other, &host);
    // What it has seen a minute ago says nothing now.
    share(&tracker, &host);
    assert_eq!(status(&host).state, Availability::Failing);
    host.advance(Duration::from_secs(60));
    tracker.note_change(&host, &Ok(Outcome::AlreadyFinal));
    share(&tracker, &host);
    let now = unix_time::millis(host.now());
    assert_eq!(status(&host).since, Some(now));
}

#[test]
fn many_failures_of_one_instance_cost_a_look_in_ten_seconds() {
    let (tracker, host) = (AvailabilityTracker::default(), FakeHost::default());
    for _ in 0..50 {
        tracker.note_change(&host, &away());
        share(&tracker, &host);
    }
    assert_eq!((host.accesses.get(), host.writes.get()), (2, 1));
    host.advance(RELIED_ON);
    tracker.note_change(&host, &away());
    share(&tracker, &host);
    assert_eq!((host.accesses.get(), host.writes.get()), (3, 1));
}

#[test]
fn a_store_that_fails_is_asked_again_after_ten_seconds() {
    let (tracker, mut host) = (AvailabilityTracker::default(), FakeHost::default());
    host.store_fails = true;
    tracker.note_probe(&host, &Err(StoreError("full".to_owned()).into()));
    assert!(block_on(tracker.share(&host)).is_err());
    share(&tracker, &host);
    assert_eq!(host.accesses.get(), 1);
    host.store_fails = false;
    host.advance(RELIED_ON);
    share(&tracker, &host);
    assert_eq!(status(&host).state, Availability::Failing);
}

#[test]
fn what_is_about_one_change_says_nothing_of_the_data_api() {
    for error in [
        DeliveryError::Contended,
        DeliveryError::Withheld,
        DeliveryError::UnknownTable,
        DeliveryError::Unaddressable,
        DeliveryError::Store(StoreError("full".to_owned())),
    ] {
        let (tracker, host) = (AvailabilityTracker::default(), FakeHost::default());
        tracker.note_change(&host, &Err(error));
        share(&tracker, &host);
        assert_eq!(
            (tracker.knows_of_trouble(), host.accesses.get()),
            (false, 0)
        );
    }
}

#[test]
fn a_damaged_value_counts_as_none() {
    let host = FakeHost::default();
    for value in ["", "{", r#"{"state":"gone"}"#, "[]"] {
        block_on(host.set(KEY, value.as_bytes())).expect("set");
        assert_eq!(status(&host), DataApiStatus::default(), "{value}");
    }
}
