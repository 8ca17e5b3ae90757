//! The promise of the outbox, put to the test: once everything is well again, every change that
//! was acknowledged (200 or 202) is in the database, no final state and no newer message was written
//! over, and each has taken effect once.
//!
//! A360, the senders of signed messages, and BlizWork send while the data API, BlizWork's own, the
//! host and its key-value store fail in all the ways that are known; then all faults end, the outbox is
//! drained, and what was acknowledged is compared with what was written. [`judge`] has the rules.
//! Even seeds have a data API that speaks as PostgREST does, odd ones Data API builder.
//!
//! `cargo test -p tests --test faults` takes some seconds: a fixed seed, and one that is new each
//! time. `cargo test -p tests --test faults -- --seed 7 --seconds 600` is as long as asked, with that
//! seed. Each thread draws from a generator of its own that comes from the seed, so what they choose
//! is the same each time; which of them is first at something is not, and so a failure may need more
//! than one run to come again.
//!
//! The server is the one that `SAM_CALLBACK_SERVER` names, as for the tests over HTTP.

mod arguments;
mod blizwork;
mod callbacks;
mod calls;
mod data_api;
mod dialect;
mod faults;
mod journal;
mod judge;
mod lanzador;
mod listener;
mod messages;
mod operator;
mod sam;
mod sender;
mod simulation;
mod store;
mod submissions;
mod tables;

use std::process::ExitCode;

use arguments::{Arguments, Wanted};
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
    let kept = arguments
        .seeds
        .iter()
        .all(|seed| is_kept(*seed, &arguments));
    match kept {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Whether the promise was kept with this seed.
fn is_kept(seed: u64, arguments: &Arguments) -> bool {
    let seconds = arguments.time.as_secs();
    println!("faults: seed {seed}, {seconds} s with faults");
    match Simulation::new(seed).run(arguments.time) {
        Ok(summary) => {
            println!("{summary}");
            true
        }
        Err(report) => {
            println!(
                "{report}\nthe promise was broken; again with \
                 `cargo test -p tests --test faults -- --seed {seed} --seconds {seconds}`"
            );
            false
        }
    }
}
