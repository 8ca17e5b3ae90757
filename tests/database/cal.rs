//! cal.sql: the table of Cal.com's bookings.

use std::sync::Barrier;
use std::thread;

use postgres::Client;
use serde_json::{Value, json};
use support::postgres::{CAL, Database, MESSAGES, SCHEMA};

use crate::messages::rights::{DENIED, open};
use crate::messages::statements::{Table, moments, patch, post, try_patch, try_post};
use crate::messages::{ROLE, only, rows};
use crate::rows::sql_state;
use crate::schema::definitions;

const BOOKINGS: Table = Table {
    name: "reservas_cal",
    key: "uid",
    moment: Some("event_timestamp"),
    columns: &[
        ("uid", "text"),
        ("booking_id", "text"),
        ("trigger_event", "text"),
        ("status", "text"),
        ("title", "text"),
        ("start_time", "timestamp with time zone"),
        ("end_time", "timestamp with time zone"),
        ("reschedule_uid", "text"),
        ("payload", "text"),
        ("event_timestamp", "timestamp with time zone"),
    ],
};

const WRITERS: usize = 50;

/// An event of this second, without its key: a PATCH has that in its filter.
fn event(trigger: &str, second: usize) -> Value {
    json!({
        "booking_id": "4242",
        "trigger_event": trigger,
        "status": "ACCEPTED",
        "title": "30min entre Ana y Luis",
        "start_time": "2026-12-01T14:00:00.000000Z",
        "end_time": "2026-12-01T14:30:00.000000Z",
        "reschedule_uid": null,
        "payload": format!("{{\"triggerEvent\":\"{trigger}\"}}"),
        "event_timestamp": moment(second),
    })
}

fn moment(second: usize) -> String {
    format!("2026-11-28T10:00:{second:02}.123000Z")
}

/// What the component sends: a PATCH, and where no row was changed or there, a POST.
fn upsert(client: &mut Client, uid: &str, event: &Value) -> bool {
    if !patch(client, &BOOKINGS, uid, event).is_empty() {
        return true;
    }
    let mut made = event.clone();
    made["uid"] = json!(uid);
    moments(client, &BOOKINGS, uid).is_empty() && post(client, &BOOKINGS, &made) == [uid]
}

/// A PATCH without the filter on the moment: only the database guards the row then.
fn insist(client: &mut Client, uid: &str, event: &Value) -> usize {
    let filters = format!(r#"{{t}}."uid" = '{uid}'"#);
    let changed = try_patch(client, &BOOKINGS, &filters, event);
    changed.expect("allowed").len()
}

fn trigger(owner: &mut Client) -> Option<String> {
    only(owner, &BOOKINGS, "trigger_event")
}

#[test]
fn a_booking_has_what_its_newest_event_says() {
    for database in [Database::plain(), Database::supabase()] {
        let database = database.with_cal();
        let mut owner = database.connect();
        let mut role = database.connect_in_role(ROLE);
        for (name, second, taken) in [
            ("BOOKING_REQUESTED", 10, true),
            ("BOOKING_CREATED", 20, true),
            ("BOOKING_REQUESTED", 10, false),
            ("BOOKING_CANCELLED", 30, true),
            ("BOOKING_PAID", 25, false),
        ] {
            let taken_now = upsert(&mut role, "u-1", &event(name, second));
            assert_eq!(taken_now, taken, "{name}");
            assert_eq!(
                trigger(&mut owner).as_deref() == Some(name),
                taken,
                "{name}"
            );
        }
        assert_eq!(rows(&mut owner, &BOOKINGS).len(), 1);
    }
}

#[test]
fn the_same_event_twice_changes_nothing() {
    let database = Database::plain().with_cal();
    let mut owner = database.connect();
    let mut role = database.connect_in_role(ROLE);
    assert!(upsert(&mut role, "u-1", &event("BOOKING_CREATED", 20)));
    let before = rows(&mut owner, &BOOKINGS);
    upsert(&mut role, "u-1", &event("BOOKING_CREATED", 20));
    assert_eq!(rows(&mut owner, &BOOKINGS), before);
}

#[test]
fn a_rescheduled_booking_names_the_one_it_replaces() {
    let database = Database::plain().with_cal();
    let mut owner = database.connect();
    let mut role = database.connect_in_role(ROLE);
    assert!(upsert(&mut role, "u-1", &event("BOOKING_CREATED", 20)));
    let mut rescheduled = event("BOOKING_RESCHEDULED", 30);
    rescheduled["reschedule_uid"] = json!("u-1");
    assert!(upsert(&mut role, "u-2", &rescheduled));
    let replaced = "select new.uid, old.trigger_event
                    from reservas_cal as new join reservas_cal as old on old.uid = new.reschedule_uid";
    let replaced = owner.query_one(replaced, &[]).expect("one");
    let replaced: (String, String) = (replaced.get(0), replaced.get(1));
    assert_eq!(replaced, ("u-2".to_owned(), "BOOKING_CREATED".to_owned()));
}

#[test]
fn a_request_without_its_filter_changes_no_newer_booking() {
    let database = Database::plain().with_cal();
    let mut owner = database.connect();
    let mut role = database.connect_in_role(ROLE);
    assert!(upsert(&mut role, "u-1", &event("BOOKING_CANCELLED", 30)));
    let before = rows(&mut owner, &BOOKINGS);
    assert_eq!(insist(&mut role, "u-1", &event("BOOKING_CREATED", 20)), 0);
    assert_eq!(rows(&mut owner, &BOOKINGS), before);
    assert_eq!(insist(&mut role, "u-1", &event("BOOKING_PAID", 31)), 1);

    let mut set = |set: &str| {
        let statement = format!("update reservas_cal set {set}");
        owner.execute(&statement, &[]).expect("its own table")
    };
    // The owner's own changes go through, and can set the row back.
    assert_eq!(set("title = 'otra'"), 1);
    assert_eq!(set("event_timestamp = null"), 1);
    assert_eq!(insist(&mut role, "u-1", &event("BOOKING_CREATED", 20)), 1);
}

#[test]
fn of_fifty_events_at_once_the_newest_stays_in_one_row() {
    let database = Database::plain().with_cal();
    let together = Barrier::new(WRITERS);
    thread::scope(|scope| {
        for second in 0..WRITERS {
            let (database, together) = (&database, &together);
            scope.spawn(move || {
                let mut role = database.connect_in_role(ROLE);
                let event = event(&format!("EVENT_{second}"), second);
                together.wait();
                // What another has made meanwhile is changed, with and without the filter.
                if !upsert(&mut role, "u-1", &event) {
                    match second % 2 {
                        0 => patch(&mut role, &BOOKINGS, "u-1", &event).len(),
                        _ => insist(&mut role, "u-1", &event),
                    };
                }
            });
        }
    });
    let mut owner = database.connect();
    let newest = format!("EVENT_{}", WRITERS - 1);
    assert_eq!(trigger(&mut owner), Some(newest));
}

#[test]
fn the_role_writes_bookings_and_reads_keys_and_moments() {
    for database in [Database::plain(), Database::supabase()] {
        let database = database.with_cal();
        let all: Vec<_> = BOOKINGS.columns.iter().map(|(name, _)| *name).collect();
        let of = |right| open(&database, BOOKINGS.name, right);
        assert_eq!(of("select"), ["uid", "event_timestamp"]);
        assert_eq!(of("insert"), all);
        assert_eq!(of("update"), all[1..]);
        let mut role = database.connect_in_role(ROLE);
        assert!(upsert(&mut role, "u-1", &event("BOOKING_CREATED", 20)));
        for statement in [
            "select payload from reservas_cal",
            "update reservas_cal set uid = 'u-2'",
            "delete from reservas_cal",
            "truncate reservas_cal",
            "update reservas_cal set event_timestamp = null",
        ] {
            let refused = sql_state(role.batch_execute(statement));
            assert_eq!(refused, DENIED, "{statement}");
        }
        let without = json!({"uid": "u-3", "status": "ACCEPTED"});
        assert_eq!(sql_state(try_post(&mut role, &BOOKINGS, &without)), DENIED);
    }
}

#[test]
fn supabases_public_roles_have_no_right() {
    let database = Database::supabase().with_cal();
    for role in ["anon", "authenticated"] {
        let mut client = database.connect_in_role(role);
        for statement in ["select from", "delete from", "truncate"] {
            let statement = format!("{statement} reservas_cal");
            let refused = sql_state(client.batch_execute(&statement));
            assert_eq!(refused, DENIED, "{role}: {statement}");
        }
    }
}

#[test]
fn the_file_run_again_or_before_the_others_makes_the_same() {
    let first = Database::bare().with_cal();
    let mut owner = first.connect();
    owner
        .batch_execute("insert into reservas_cal (uid) values ('u-1')")
        .expect("a row");
    for file in [SCHEMA, MESSAGES, CAL] {
        owner.batch_execute(file).expect("it runs");
    }
    let second = Database::plain().with_messages().with_cal();
    assert_eq!(definitions(&mut owner), definitions(&mut second.connect()));
    assert_eq!(rows(&mut owner, &BOOKINGS).len(), 1);
}

#[test]
fn a_table_that_was_there_keeps_its_rows_and_gets_what_it_lacks() {
    let database = Database::supabase();
    let mut owner = database.connect();
    owner
        .batch_execute(
            "create table reservas_cal (id int generated always as identity primary key,
                                        uid text, status varchar(20), nota text);
             insert into reservas_cal (uid, status, nota) values ('u-1', 'pending', 'de antes')",
        )
        .expect("a table");
    for _ in 0..2 {
        owner.batch_execute(CAL).expect("it runs");
    }
    let mut role = database.connect_in_role(ROLE);
    assert!(upsert(&mut role, "u-1", &event("BOOKING_CREATED", 20)));
    let kept = only(&mut owner, &BOOKINGS, "concat_ws(' ', status, nota)");
    assert_eq!(kept.as_deref(), Some("ACCEPTED de antes"));

    let database = Database::plain();
    let mut owner = database.connect();
    owner
        .batch_execute(
            "create table reservas_cal (uid text); insert into reservas_cal values ('a'), ('a')",
        )
        .expect("a table");
    let before = definitions(&mut owner);
    assert_eq!(sql_state(owner.batch_execute(CAL)), "23505");
    owner.batch_execute("rollback").expect("rolled back");
    assert_eq!(definitions(&mut owner), before);
}
