//! When something is told: decided without a host.

use super::super::state::AlertState;
use super::*;

const OVER: &str = "sam_callback.recovered";

/// A chat that takes everything at once.
struct Desk {
    state: AlertState,
    settings: AlertSettings,
    at: u64,
    ids: usize,
}

impl Desk {
    fn new() -> Self {
        Self {
            state: AlertState::default(),
            settings: settings(&[]),
            at: 1_767_323_045_000,
            ids: 0,
        }
    }

    /// What is told after so many more minutes.
    fn after(&mut self, minutes: u64, seen: impl Fn(u64) -> Observation) -> Vec<&'static str> {
        self.at += minutes * MINUTE;
        let ids = &mut self.ids;
        let id = || {
            *ids += 1;
            ids.to_string()
        };
        self.state.evaluate(&seen(self.at), &self.settings, id);
        let told = std::mem::take(&mut self.state.channel.pending);
        told.iter().map(|message| message.message_type()).collect()
    }

    /// Minutes until somebody is to look again.
    fn next(&self) -> Option<u64> {
        let next = self.state.next_look(self.at)?;
        Some((next - self.at) / MINUTE)
    }
}

#[test]
fn a_data_api_that_is_away_is_told_once_after_five_minutes_and_once_when_it_is_back() {
    let mut desk = Desk::new();
    assert_eq!(desk.after(0, away), [""; 0]);
    assert_eq!(desk.next(), Some(1));
    assert_eq!(desk.after(4, away), [""; 0]);
    assert_eq!(desk.after(1, away), ["sam_callback.data_api_away"]);
    assert_eq!(desk.after(60, away), [""; 0]);
    assert_eq!(desk.after(1, calm), [""; 0]);
    assert_eq!(desk.next(), Some(5));
    assert_eq!(desk.after(5, calm), [OVER]);
    assert!(desk.state.is_idle() && desk.next().is_none());
    assert_eq!(desk.after(60, calm), [""; 0]);
}

#[test]
fn a_data_api_that_flaps_is_one_trouble() {
    let mut desk = Desk::new();
    desk.after(0, away);
    assert_eq!(desk.after(5, away), ["sam_callback.data_api_away"]);
    for _ in 0..100 {
        assert_eq!(desk.after(1, calm), [""; 0]);
        assert_eq!(desk.after(2, away), [""; 0]);
    }
    desk.after(1, calm);
    assert_eq!(desk.after(5, calm), [OVER]);
}

#[test]
fn a_data_api_that_was_away_for_moments_is_not_told() {
    let mut desk = Desk::new();
    for _ in 0..10 {
        assert_eq!(desk.after(4, away), [""; 0]);
        assert_eq!(desk.after(1, calm), [""; 0]);
    }
    assert!(desk.state.is_idle());
}

#[test]
fn what_another_has_seen_of_the_data_api_counts() {
    let mut desk = Desk::new();
    let since_long = |at| Observation {
        data_api: DataApiHealth::Failing {
            since: Some(at - 60 * MINUTE),
            is_refusing: true,
            failure: String::new(),
        },
        ..calm(at)
    };
    assert_eq!(desk.after(0, since_long), ["sam_callback.data_api_away"]);
    let unknown = |at| Observation {
        data_api: DataApiHealth::Unknown,
        ..calm(at)
    };
    assert_eq!(desk.after(60, unknown), [""; 0]);
    assert_eq!(desk.after(60, unknown), [""; 0]);
}

#[test]
fn a_change_that_waits_is_told_once_it_waits_too_long() {
    let mut desk = Desk::new();
    assert_eq!(desk.after(0, |at| waiting(at, 120)), [""; 0]);
    assert_eq!(desk.next(), Some(3));
    let told = desk.after(3, |at| waiting(at, 300));
    assert_eq!(told, ["sam_callback.waiting_too_long"]);
    assert_eq!(desk.after(9, |at| waiting(at, 900)), [""; 0]);
    assert_eq!(desk.after(1, |at| waiting(at, 10)), [""; 0]);
    assert_eq!(desk.after(5, calm), [OVER]);
}

#[test]
fn a_mailbox_that_nobody_collects_is_one_that_waits() {
    let mut desk = Desk::new();
    let uncollected = |at| Observation {
        mailbox_uncollected_since: Some(at - 5 * MINUTE),
        ..waiting(at, 0)
    };
    assert_eq!(
        desk.after(0, uncollected),
        ["sam_callback.waiting_too_long"]
    );
}

#[test]
fn dead_letters_are_told_at_once_and_again_only_when_they_are_markedly_more() {
    let mut desk = Desk::new();
    for (minutes, count, is_told) in [
        (0, 1, true),
        (60, 2, false),
        (1, 10, false),
        (1, 11, true),
        // Twice as many, but told a moment ago.
        (1, 22, false),
        (14, 22, true),
        (60, 43, false),
        (60, 44, true),
        // Somebody has put some right: it is compared with what is left.
        (60, 2, false),
        (60, 11, false),
        (60, 12, true),
    ] {
        let told = desk.after(minutes, |at| dead(at, count));
        let expected: &[&str] = if is_told {
            &["sam_callback.dead_letter"]
        } else {
            &[]
        };
        assert_eq!(told, expected, "{count} after {minutes} more minutes");
    }
    assert_eq!(desk.after(60, calm), [""; 0]);
    assert_eq!(desk.after(5, calm), [OVER]);
}

#[test]
fn ten_thousand_dead_letters_within_an_hour_are_three_alerts() {
    let mut desk = Desk::new();
    let mut told = 0;
    for minute in 0..60 {
        let count = usize::try_from(minute * 170 + 1).expect("a few");
        told += desk.after(1, |at| dead(at, count)).len();
    }
    assert_eq!(told, 3);
}

#[test]
fn overdue_rows_are_told_and_nothing_is_made_of_not_knowing() {
    let mut desk = Desk::new();
    let unknown = |at| Observation {
        overdue: None,
        ..calm(at)
    };
    assert_eq!(desk.after(0, unknown), [""; 0]);
    assert_eq!(desk.after(1, |at| overdue(at, 4)), ["sam_callback.overdue"]);
    assert_eq!(desk.after(60, unknown), [""; 0]);
    assert_eq!(desk.after(60, unknown), [""; 0]);
    assert_eq!(desk.after(1, |at| overdue(at, 0)), [""; 0]);
    assert_eq!(desk.after(5, |at| overdue(at, 0)), [OVER]);
}

#[test]
fn of_an_outbox_that_was_not_seen_whole_nothing_is_over() {
    let mut desk = Desk::new();
    desk.after(0, |at| dead(at, 1));
    let part = |at| Observation {
        is_whole: false,
        ..waiting(at, 1)
    };
    assert_eq!(desk.after(10, part), [""; 0]);
    assert_eq!(desk.after(10, part), [""; 0]);
    desk.after(1, calm);
    assert_eq!(desk.after(5, calm), [OVER]);
}

#[test]
fn all_at_once_is_one_alert_of_each() {
    let mut desk = Desk::new();
    let all = |at| Observation {
        dead: dead(at, 1).dead,
        overdue: Some(2),
        waiting: 3,
        oldest_waiting_seconds: Some(600),
        ..away(at)
    };
    desk.after(0, all);
    desk.after(5, all);
    for _ in 0..50 {
        assert_eq!(desk.after(10, all), [""; 0]);
    }
    desk.after(1, calm);
    assert_eq!(desk.after(5, calm), [OVER; 4]);
}

#[test]
fn a_chat_that_was_away_gets_what_is_so_now() {
    let mut desk = Desk::new();
    let mut pending = Vec::new();
    for round in 0..20 {
        let seen = if round % 2 == 0 { away } else { calm };
        for _ in 0..3 {
            desk.state.channel.pending = pending;
            desk.at += 6 * MINUTE;
            let mut ids = 0;
            let id = || {
                ids += 1;
                format!("{round}-{ids}")
            };
            desk.state.evaluate(&seen(desk.at), &desk.settings, id);
            pending = std::mem::take(&mut desk.state.channel.pending);
            assert!(pending.len() <= 1, "{pending:?}");
        }
    }
    assert_eq!(pending[0].message_type(), OVER);
}

#[test]
fn a_clock_that_was_wrong_ends_nothing_for_ever() {
    let mut desk = Desk::new();
    desk.at += 1_000_000 * MINUTE;
    desk.after(0, away);
    desk.at -= 1_000_000 * MINUTE;
    desk.after(0, away);
    assert_eq!(desk.after(5, away), ["sam_callback.data_api_away"]);
}

#[test]
fn of_an_outage_that_it_is_one_is_told_before_what_waits_because_of_it() {
    let mut desk = Desk::new();
    let both = |at| Observation {
        waiting: 3,
        oldest_waiting_seconds: Some(600),
        ..away(at)
    };
    assert_eq!(desk.after(0, both), [""; 0]);
    let told = [
        "sam_callback.data_api_away",
        "sam_callback.waiting_too_long",
    ];
    assert_eq!(desk.after(5, both), told);
}
