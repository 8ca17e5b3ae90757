//! Many callbacks for one deployment at once.

use std::sync::Barrier;
use std::thread;

use support::postgres::Database;

use crate::rows::{call, column, insert};

const CALLERS: usize = 50;

#[test]
fn of_fifty_at_once_one_changes_the_row_and_its_payload_is_whole() {
    let database = Database::plain();
    let mut owner = database.connect();
    insert(&mut owner, "d-1", "DEPLOYED");
    let together = Barrier::new(CALLERS);
    let caller = |number: usize| {
        let mut role = database.connect_in_role("sam_callback");
        let info = payload(number);
        together.wait();
        call(&mut role, "d-1", "RUN_COMPLETED", &info)
    };
    let outcomes: Vec<String> = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|number| scope.spawn(move || caller(number)))
            .collect();
        let join = |caller: thread::ScopedJoinHandle<'_, String>| caller.join().expect("no panic");
        callers.into_iter().map(join).collect()
    });

    let winners: Vec<usize> = (0..CALLERS)
        .filter(|&number| outcomes[number] == "UPDATED")
        .collect();
    let [winner] = winners[..] else {
        panic!("not one winner: {outcomes:?}");
    };
    let losers = outcomes
        .iter()
        .filter(|outcome| *outcome == "ALREADY_PROCESSED");
    assert_eq!(losers.count(), CALLERS - 1, "{outcomes:?}");
    let kept = column(&mut owner, "d-1", "CallbackInfo");
    assert_eq!(kept, Some(payload(winner)));
}

#[test]
fn a_callback_that_waited_for_another_sees_what_that_one_left() {
    let database = Database::plain();
    let mut owner = database.connect();
    for (number, (ended, outcome)) in [("commit", "ALREADY_PROCESSED"), ("rollback", "UPDATED")]
        .into_iter()
        .enumerate()
    {
        let id = format!("d-{number}");
        insert(&mut owner, &id, "DEPLOYED");
        let mut first = database.connect_in_role("sam_callback");
        first.batch_execute("begin").expect("a transaction");
        assert_eq!(call(&mut first, &id, "RUN_FAILED", "first"), "UPDATED");
        let mut second = database.connect_in_role("sam_callback");
        let seen = thread::scope(|scope| {
            let waiting = scope.spawn(|| call(&mut second, &id, "RUN_COMPLETED", "second"));
            // One that does not wait is a failure below, and not a test without an end.
            while !waiting.is_finished() && !somebody_waits(&mut owner) {
                thread::yield_now();
            }
            first.batch_execute(ended).expect("it ends");
            waiting.join().expect("no panic")
        });
        assert_eq!(seen, outcome, "after {ended}");
    }
}

/// Whether some connection to this database waits for another one.
pub fn somebody_waits(client: &mut postgres::Client) -> bool {
    let waiting = "select exists (select from pg_locks join pg_stat_activity using (pid)
                                  where not granted and datname = current_database())";
    client.query_one(waiting, &[]).expect("an answer").get(0)
}

/// Long enough for a payload put together from two to be seen.
fn payload(number: usize) -> String {
    format!("{{\"caller\":{number}}}").repeat(2000)
}
