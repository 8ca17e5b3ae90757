//! What is told, in which order and how often; and what two instances at one store do.

mod channel;
mod decisions;
mod texts;

use std::time::Duration;

use futures_executor::block_on;

use super::{DataApiHealth, DeadLetters, Observation};
use crate::config::{AlertSettings, Config};
use crate::instance::unix_time::millis;
use crate::ports::Clock as _;
use crate::testing::FakeHost;

const MINUTE: u64 = 60_000;

const ORIGIN: (&str, &str) = ("alert_origin", "https://chat.example");

/// Alerts as these settings have them.
fn settings(more: &[(&str, &str)]) -> AlertSettings {
    let host = FakeHost::with(&[&[ORIGIN], more].concat());
    let alerts = block_on(Config::load(&host)).alerts;
    alerts.expect("the settings are right")
}

/// Nothing is wrong.
fn calm(at: u64) -> Observation {
    Observation {
        at,
        data_api: DataApiHealth::Answers,
        waiting: 0,
        oldest_waiting_seconds: None,
        mailbox_uncollected_since: None,
        dead: Vec::new(),
        is_whole: true,
        overdue: Some(0),
    }
}

fn away(at: u64) -> Observation {
    Observation {
        data_api: DataApiHealth::Failing {
            since: None,
            is_refusing: false,
            failure: "data API: connection refused".to_owned(),
        },
        ..calm(at)
    }
}

fn dead(at: u64, count: usize) -> Observation {
    let cause = "refused_by_database";
    Observation {
        dead: vec![DeadLetters { cause, count }],
        ..calm(at)
    }
}

fn overdue(at: u64, count: usize) -> Observation {
    Observation {
        overdue: Some(count),
        ..calm(at)
    }
}

fn waiting(at: u64, seconds: u64) -> Observation {
    Observation {
        waiting: 3,
        oldest_waiting_seconds: Some(seconds),
        ..calm(at)
    }
}

/// What time it is.
fn now(host: &FakeHost) -> u64 {
    millis(host.now())
}

fn minutes(number: u64) -> Duration {
    Duration::from_secs(number * 60)
}
