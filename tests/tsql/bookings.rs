//! cal.sql and activity.sql: the table of Cal.com's bookings, and the history of activity.

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

pub const HISTORY: Table = Table {
    name: "actividad",
    key: "request_id",
    key_type: SHORT,
    moment: None,
    columns: &[
        ("received_at", MOMENT),
        ("source", SHORT),
        ("outcome", SHORT),
        ("status", "INT"),
        ("row_key", "NVARCHAR(400)"),
        ("ms", "FLOAT"),
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

#[test]
fn the_history_is_made_and_never_changed() {
    let batches = statements("activity.sql");
    let [role, table, index, granted] = batches.as_slice() else {
        panic!("{} batches", batches.len());
    };
    assert_creates_the_role(&role[0]);
    assert_makes(&HISTORY, table);
    let index: Vec<_> = index.iter().map(ToString::to_string).collect();
    let name = "IX_actividad_received_at";
    let expected = format!(
        "IF INDEXPROPERTY(OBJECT_ID(N'dbo.actividad'), N'{name}', 'IndexID') IS NULL \
         CREATE INDEX {name} ON dbo.actividad(received_at)"
    );
    let [made] = index.as_slice() else {
        panic!("one index: {index:?}");
    };
    assert_eq!(made.trim_end_matches(';'), expected);
    let granted: Vec<_> = granted.iter().map(ToString::to_string).collect();
    assert_eq!(granted, [grant(&HISTORY)]);
}
