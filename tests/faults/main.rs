//! The promise of the outbox, put to the test: once everything is well again, every change that
//! was acknowledged (200 or 202) is in the database, no final state and no newer message was written
//! over, and each has taken effect once.
//!
//! A360, the senders of signed messages, Cal.com and BlizWork send while the data API, BlizWork's own,
//! the host and its key-value store fail in all the ways that are known; then all faults end, the outbox
//! is drained, and what was acknowledged is compared with what was written. [`judge`] has the rules. The
//! history of activity is kept beside it, and promises no more than that it invents nothing. Meanwhile
//! operators ask for the overview all the time, whose figures are compared with the journal before the
//! outbox is drained ([`ledger`]).
//!
//! The store is a file, or with `--redis` in a real Redis. Even seeds have a data API that speaks as PostgREST does, odd ones Data API builder.
//!
//! `cargo test -p tests --test faults` takes some seconds: a fixed seed, and one that is new each
//! time, with either store. `cargo test -p tests --test faults -- --seed 7 --seconds 600` is as long as asked, with that
//! seed. Each thread draws from a generator of its own that comes from the seed, so what they choose
//! is the same each time; which of them is first at something is not, and so a failure may need more
//! than one run to come again.
//!
//! With `--mailbox` callers reach an instance that is a mailbox, and another one, which has the data API and
//! fails alike, collects from it all the time.
//!
//! The server is the one that `SAM_CALLBACK_SERVER` names, as for the tests over HTTP.

mod arguments;
mod blizwork;
mod bookings;
mod callbacks;
mod calls;
mod data_api;
mod dialect;
mod ends;
mod faults;
mod journal;
mod judge;
mod lanzador;
mod ledger;
mod listener;
mod mailbox;
mod messages;
mod operator;
mod recent;
mod sam;
mod sender;
mod simulation;
mod store;
mod submissions;
mod tables;

use std::process::ExitCode;
use std::time::Duration;

use arguments::{Run, Wanted};
use simulation::Simulation;

fn main() -> ExitCode {
    let arguments = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Wanted::Run(arguments)) => arguments,
        Ok(Wanted::Nothing) => return ExitCode::SUCCESS,
        Err(mistake) => {
            eprintln!("{mistake}\n{}", arguments::USAGE);
            return ExitCode::FAILURE;
        }
    };
    // If the judge let everything pass, all that follows would be worthless.
    judge::check();
    ledger::check();
    let kept = arguments
        .runs
        .iter()
        .all(|run| is_kept(run, arguments.time));
    match kept {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Whether the promise was kept in this run.
fn is_kept(run: &Run, time: Duration) -> bool {
    let (seed, seconds) = (run.seed, time.as_secs());
    let (store, flag) = match run.redis {
        true => (", the store in Redis", " --redis"),
        false => ("", ""),
    };
    let (ends, ends_flag) = match run.mailbox {
        true => (", through a mailbox", " --mailbox"),
        false => ("", ""),
    };
    println!("faults: seed {seed}, {seconds} s with faults{store}{ends}");
    match Simulation::new(run).run(time) {
        Ok(summary) => {
            println!("{summary}");
            true
        }
        Err(report) => {
            println!(
                "{report}\nthe promise was broken; again with \
                 `cargo test -p tests --test faults -- --seed {seed} --seconds {seconds}{flag}{ends_flag}`"
            );
            false
        }
    }
}
