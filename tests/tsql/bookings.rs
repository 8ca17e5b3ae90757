//! cal.sql: the table of Cal.com's bookings.

use crate::messages::{LONG, MOMENT, SHORT, Table, assert_keeps_the_newer, assert_makes, grant};
use crate::{assert_creates_the_role, statements};

pub const BOOKINGS: Table = Table {
    name: "reservas_cal",
    key: "uid",
    key_type: SHORT,
    moment: Some("event_timestamp"),
    columns: &[
        ("booking_id", SHORT),
        ("trigger_event", SHORT),
        ("status", SHORT),
        ("title", LONG),
        ("start_time", MOMENT),
        ("end_time", MOMENT),
        ("reschedule_uid", SHORT),
        ("payload", LONG),
        ("event_timestamp", MOMENT),
    ],
};

#[test]
fn the_table_of_bookings_keeps_the_newer_of_two_events() {
    let batches = statements("cal.sql");
    let [settings, role, table, trigger, granted] = batches.as_slice() else {
        panic!("{} batches", batches.len());
    };
    let settings: Vec<_> = settings.iter().map(ToString::to_string).collect();
    assert_eq!(settings, ["SET ANSI_NULLS ON", "SET QUOTED_IDENTIFIER ON"]);
    assert_creates_the_role(&role[0]);
    assert_makes(&BOOKINGS, table);
    assert_keeps_the_newer(&BOOKINGS, trigger);
    let granted: Vec<_> = granted.iter().map(ToString::to_string).collect();
    assert_eq!(granted, [grant(&BOOKINGS)]);
}
