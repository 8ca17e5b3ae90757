//! An older message never overwrites a newer one: whatever it asks for, and however many come at
//! once.

use std::sync::Barrier;
use std::thread;

use postgres::Client;
use serde_json::{Value, json};
use support::postgres::Database;

use super::statements::{Table, patch, post, try_patch};
use super::{PROMOS, RESERVAS, ROLE, USUARIOS, only, reserve, rows};
use crate::concurrency::somebody_waits;

const WRITERS: usize = 50;

/// A message of this second.
fn message(second: usize) -> Value {
    json!({
        "content": format!("{second} ").repeat(2000),
        "message_timestamp": moment(second),
    })
}

fn moment(second: usize) -> String {
    format!("2026-01-01T00:00:{second:02}.000000Z")
}

/// A PATCH without the filter on the moment: only the database guards the row then.
fn insist(client: &mut Client, table: &Table, body: &Value) -> usize {
    let filters = format!(r#"{{t}}."{}" is not null"#, table.key);
    try_patch(client, table, &filters, body)
        .expect("allowed")
        .len()
}

/// A row of the table that has had no message.
fn make(owner: &mut Client, table: &Table) {
    let Table { name, key, .. } = table;
    owner
        .batch_execute(&format!("insert into {name} ({key}) values ('k')"))
        .expect("inserted");
}

#[test]
fn a_request_without_its_filter_changes_no_newer_row() {
    let database = Database::plain().with_messages();
    let mut owner = database.connect();
    let mut role = database.connect_in_role(ROLE);
    for table in [&RESERVAS, &PROMOS, &USUARIOS] {
        make(&mut owner, table);
        assert_eq!(insist(&mut role, table, &message(1)), 1);
        let before = rows(&mut owner, table);
        assert_eq!(insist(&mut role, table, &message(0)), 0, "{}", table.name);
        assert_eq!(rows(&mut owner, table), before);
        assert_eq!(insist(&mut role, table, &message(1)), 1);
    }
}

#[test]
fn a_writer_that_waited_is_compared_with_what_the_other_left() {
    let database = Database::plain().with_messages();
    let mut owner = database.connect();
    for (number, (first, ended, second, changed)) in [
        (2, "commit", 1, 0),
        (2, "rollback", 1, 1),
        (1, "commit", 2, 1),
    ]
    .into_iter()
    .enumerate()
    {
        for guarded in [true, false] {
            let id = format!("R-{number}-{guarded}");
            owner.batch_execute("truncate reservas").expect("emptied");
            reserve(&mut owner, &id);
            let mut one = database.connect_in_role(ROLE);
            one.batch_execute("begin").expect("a transaction");
            assert_eq!(insist(&mut one, &RESERVAS, &message(first)), 1);
            let mut other = database.connect_in_role(ROLE);
            let seen = thread::scope(|scope| {
                let waiting = scope.spawn(|| match guarded {
                    true => patch(&mut other, &RESERVAS, &id, &message(second)).len(),
                    false => insist(&mut other, &RESERVAS, &message(second)),
                });
                // One that does not wait is a failure below, and not a test without an end.
                while !waiting.is_finished() && !somebody_waits(&mut owner) {
                    thread::yield_now();
                }
                one.batch_execute(ended).expect("it ends");
                waiting.join().expect("no panic")
            });
            assert_eq!(seen, changed, "{second} after {first} and {ended}");
        }
    }
}

#[test]
fn of_fifty_at_once_the_newest_stays() {
    let database = Database::plain().with_messages();
    let mut owner = database.connect();
    reserve(&mut owner, "R-1");
    let together = Barrier::new(WRITERS);
    thread::scope(|scope| {
        for second in 0..WRITERS {
            let (database, together) = (&database, &together);
            scope.spawn(move || {
                let mut role = database.connect_in_role(ROLE);
                together.wait();
                match second % 2 {
                    0 => patch(&mut role, &RESERVAS, "R-1", &message(second)).len(),
                    _ => insist(&mut role, &RESERVAS, &message(second)),
                }
            });
        }
    });
    let newest = message(WRITERS - 1);
    let kept = only(&mut owner, &RESERVAS, "content");
    assert_eq!(kept.as_deref(), newest["content"].as_str());
}

#[test]
fn of_fifty_that_make_a_row_one_does() {
    let database = Database::plain().with_messages();
    let together = Barrier::new(WRITERS);
    let made: usize = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|second| {
                let (database, together) = (&database, &together);
                scope.spawn(move || {
                    let mut role = database.connect_in_role(ROLE);
                    let mut body = message(second);
                    body["promo_id"] = json!("P-1");
                    together.wait();
                    post(&mut role, &PROMOS, &body).len()
                })
            })
            .collect();
        let made = |writer: thread::ScopedJoinHandle<'_, usize>| writer.join().expect("no panic");
        writers.into_iter().map(made).sum()
    });
    assert_eq!(made, 1);
    assert_eq!(rows(&mut database.connect(), &PROMOS).len(), 1);
}

#[test]
fn a_statement_that_moves_keys_takes_every_row_along_whole() {
    let database = Database::plain().with_messages();
    let mut owner = database.connect();
    for table in [&RESERVAS, &PROMOS, &USUARIOS] {
        let Table { name, key, .. } = table;
        // The newer one first, and the older one first; inserted so that no key is taken twice on
        // the way.
        for (case, (one, other)) in [(1, 9), (9, 1)].into_iter().enumerate() {
            let insert = |key: &str, second: usize| {
                let moment = moment(second);
                format!("('{key}', 'of {key}', '{moment}')")
            };
            let rows = format!(
                "truncate {name};
                 insert into {name} ({key}, content, message_timestamp)
                 values {}, {};
                 update {name} set {key} = case {key} when 'k2' then 'k3' else 'k2' end",
                insert("k2", one),
                insert("k1", other)
            );
            owner.batch_execute(&rows).expect("moved");
            let seen: Vec<(String, String, bool)> = owner
                .query(
                    &format!(
                        "select {key}, content, message_timestamp = $1::text::timestamptz
                         from {name} order by {key}"
                    ),
                    &[&moment(other)],
                )
                .expect("read")
                .iter()
                .map(|row| (row.get(0), row.get(1), row.get(2)))
                .collect();
            let expected = [("k2", "of k1", true), ("k3", "of k2", false)];
            let expected =
                expected.map(|(key, content, of_k1)| (key.into(), content.into(), of_k1));
            assert_eq!(seen, expected, "{name}, {case}");
        }
    }
}

#[test]
fn the_company_changes_its_rows_as_before_and_can_set_one_back() {
    let database = Database::plain().with_messages();
    let mut owner = database.connect();
    reserve(&mut owner, "R-1");
    let mut role = database.connect_in_role(ROLE);
    assert_eq!(insist(&mut role, &RESERVAS, &message(30)), 1);
    let mut change = |set: &str| {
        let statement = format!("update reservas set {set}");
        owner.execute(&statement, &[]).expect("its own table")
    };
    assert_eq!(change("status = 'cancelada'"), 1);
    let earlier = format!("message_timestamp = '{}'", moment(10));
    assert_eq!(change(&earlier), 0);
    assert_eq!(change("message_timestamp = null"), 1);
    assert_eq!(change(&earlier), 1);
    assert_eq!(insist(&mut role, &RESERVAS, &message(20)), 1);
}
