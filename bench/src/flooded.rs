//! What a flood of refused requests does to a valid callback that needs the store, and to the host,
//! with few rows stored and with many. The number of rows should make no difference.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::bench::Bench;
use crate::caller::{self, CallResults};
use crate::figure::{Better, Unit};
use crate::plan::{Cell, Plan};
use crate::request::{Body, Credential};
use crate::rows::StoredRow;
use crate::say;
use crate::scenario::{Served, named};
use crate::server::Server;
use crate::wrk::{Flood, Flooded, Load};

/// How many embedded rows are stored. The others are compared with the first.
pub const AMOUNTS: [usize; 3] = [10, 1_000, 100_000];

/// When the host is measured.
pub const PHASES: [(&str, &str); 3] = [
    (BEFORE, "before it"),
    (SHORT, "after the short one"),
    (LONG, "after the long one"),
];

const BEFORE: &str = "before";
const SHORT: &str = "short";
pub const LONG: &str = "long";

/// What is noted of the host.
pub const OF_HOST: [(&str, Unit); 2] = [("threads", Unit::Count), ("resident", Unit::Kilobytes)];

/// How many connections refused requests come on.
const CONNECTIONS: u32 = 16;

/// How long a flood lasts before the valid caller comes.
const LEAD: Duration = Duration::from_secs(1);

/// How much longer than planned a flood may go on before it ends by itself.
const SPARE: u32 = 60;

pub fn measure(bench: &mut Bench) -> Result<()> {
    let amounts = amounts(&bench.plan);
    let host = bench.plan.wants(&host_name(""));
    if amounts.is_empty() && !host {
        return Ok(());
    }
    say::progress("flooded: a valid caller, and the host, under refused requests");
    let row = StoredRow::by_a_callback(bench)?;
    measure_callers(bench, amounts, &row);
    if host {
        measure_host(bench, &row)?;
    }
    Ok(())
}

/// The name of what is noted with so many rows.
pub fn name(amount: usize) -> String {
    format!("flooded/{amount}")
}

/// The name of what is noted of the host at that phase.
pub fn host_name(phase: &str) -> String {
    format!("flooded/host-{phase}")
}

/// Those that are wanted, and the one that they are compared with.
fn amounts(plan: &Plan) -> Vec<usize> {
    let wanted = |amount: &usize| plan.wants(&name(*amount));
    match AMOUNTS.iter().any(wanted) {
        true => AMOUNTS
            .into_iter()
            .filter(|amount| *amount == AMOUNTS[0] || wanted(amount))
            .collect(),
        false => Vec::new(),
    }
}

fn measure_callers(bench: &mut Bench, mut amounts: Vec<usize>, row: &StoredRow) {
    for _ in 0..bench.plan.rounds() {
        let mut broken = Vec::new();
        for amount in &amounts {
            if let Err(error) = measure_caller(bench, *amount, row) {
                bench.failed(&name(*amount), &error);
                broken.push(*amount);
            }
        }
        amounts.retain(|amount| !broken.contains(amount));
        if !amounts.is_empty() {
            amounts.rotate_left(1);
        }
    }
    amounts.retain(|amount| *amount != AMOUNTS[0]);
    for amount in amounts {
        bench.compare(&name(amount), &name(AMOUNTS[0]));
    }
}

/// One round, on a server of its own: its callbacks would be rows of the next, and what a flood
/// has done to a host stays with it.
fn measure_caller(bench: &mut Bench, amount: usize, row: &StoredRow) -> Result<()> {
    let name = name(amount);
    let server = start(bench, row, amount)?;
    let said = server.last_stderr();
    let callbacks = bench.requests(Credential::Token);
    let seconds = bench.plan.seconds_beside();
    let flood = flood(bench, &server, seconds)?;
    std::thread::sleep(LEAD);
    let lasting = Duration::from_secs(seconds.into());
    let called = caller::call(server.address, &callbacks, lasting);
    note_called(bench, &name, &called)?;
    if let Some(complaint) = called.complaint() {
        bench.remark(&name, &(complaint + &news(&said, &server.last_stderr())));
    }
    let flooded = flood.stop()?;
    note_flood(bench, &name, &flooded);
    Ok(())
}

fn note_called(bench: &mut Bench, name: &str, called: &CallResults) -> Result<()> {
    let latencies = called.latencies()?;
    let figures = &mut bench.figures;
    for (measure, percent) in [("p50", 50.0), ("p99", 99.0)] {
        let name = format!("{name}/{measure}");
        let value = latencies.percentile(percent);
        figures.add(&name, Unit::Milliseconds, Better::Less, value);
    }
    let count = called.count() as f64;
    let name = |measure: &str| format!("{name}/{measure}");
    figures.add(&name("callbacks"), Unit::Count, Better::More, count);
    figures.add(&name("failed"), Unit::Ratio, Better::Less, called.failed());
    Ok(())
}

fn note_flood(bench: &mut Bench, name: &str, flooded: &Flooded) {
    let refused = format!("{name}/refused");
    let rate = flooded.per_second;
    bench
        .figures
        .add(&refused, Unit::PerSecond, Better::More, rate);
    if let Some(complaint) = complaint(flooded) {
        bench.remark(name, &complaint);
    }
}

/// What is wrong with a flood, all of which was to be refused.
fn complaint(flooded: &Flooded) -> Option<String> {
    let Flooded {
        requests,
        refused,
        unanswered,
        ..
    } = flooded;
    (refused != requests || *unanswered > 0).then(|| {
        format!(
            "of {requests} replies to the flood {refused} had a status of 400 or above, where all \
             were to have 401, and {unanswered} times there was none in time"
        )
    })
}

fn measure_host(bench: &mut Bench, row: &StoredRow) -> Result<()> {
    let amount = AMOUNTS[AMOUNTS.len() - 1];
    let server = start(bench, row, amount)?;
    let said = server.last_stderr();
    let (short, long) = bench.plan.flood();
    note_host(bench, BEFORE, &server);
    let flood = flood(bench, &server, long)?;
    let started = Instant::now();
    for (phase, seconds) in [(SHORT, short), (LONG, long)] {
        let end = started + Duration::from_secs(seconds.into());
        std::thread::sleep(end.saturating_duration_since(Instant::now()));
        note_host(bench, phase, &server);
    }
    let long = host_name(LONG);
    let flooded = flood.stop()?;
    note_flood(bench, &long, &flooded);
    for (measure, _) in OF_HOST {
        let of = |phase: &str| format!("{}/{measure}", host_name(phase));
        bench.figures.add_ratio(&of(LONG), &of(SHORT));
    }
    // Whoever comes next: what has piled up behind the store is still there.
    let callbacks = bench.requests(Credential::Token);
    let called = caller::call(server.address, &callbacks, Duration::ZERO);
    let reply = called.latencies()?.percentile(100.0);
    let next = format!("{long}/next-reply");
    bench
        .figures
        .add(&next, Unit::Milliseconds, Better::Less, reply);
    if let Some(complaint) = called.complaint() {
        bench.remark(&next, &(complaint + &news(&said, &server.last_stderr())));
    }
    Ok(())
}

/// Where the system does not say there is no figure.
fn note_host(bench: &mut Bench, phase: &str, server: &Server) {
    let values = [server.threads(), server.resident()];
    for ((measure, unit), value) in OF_HOST.into_iter().zip(values) {
        let name = format!("{}/{measure}", host_name(phase));
        match value {
            Some(value) => bench.figures.add(&name, unit, Better::Less, value),
            None => bench.remark(&name, "the system does not say, or the host is gone"),
        }
    }
}

/// A server with so many rows that has answered a callback.
fn start(bench: &mut Bench, row: &StoredRow, amount: usize) -> Result<Server> {
    const CELL: Cell = Cell::new(1, true, Body::Small);
    let server = row.start(bench, Served::Embedded, amount)?;
    let scenario = named("embedded").context("no such scenario")?;
    bench.ask_once(&server, scenario, CELL)?;
    Ok(server)
}

fn flood(bench: &mut Bench, server: &Server, seconds: u32) -> Result<Flood> {
    let refused = bench.requests(Credential::WrongToken);
    let load = Load {
        connections: CONNECTIONS,
        seconds: seconds + SPARE,
    };
    bench.wrk.start(server.address, &refused, load)
}

/// What the server has said since it said `before`, in one line.
fn news(before: &str, now: &str) -> String {
    let known = |line: &&str| before.lines().any(|other| other == *line);
    let lines: Vec<_> = now.lines().filter(|line| !known(line)).collect();
    match lines.is_empty() {
        true => String::new(),
        false => format!("; the server said: {}", lines.join(" | ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_wanted_comes_with_what_it_is_compared_with() {
        for (only, expected) in [
            (None, &[10, 1_000, 100_000][..]),
            (Some("flooded"), &[10, 1_000, 100_000]),
            (Some("flooded/100000"), &[10, 100_000]),
            (Some("flooded/host"), &[]),
            (Some("load"), &[]),
        ] {
            let plan = Plan {
                quick: false,
                only: only.map(str::to_owned),
            };
            assert_eq!(amounts(&plan), expected, "{only:?}");
        }
    }

    #[test]
    fn of_what_the_server_says_only_the_news_is_told() {
        assert_eq!(news("a\nb", "a\nb"), "");
        assert_eq!(news("a\nb", "b\nc\nd"), "; the server said: c | d");
    }

    #[test]
    fn a_flood_is_complained_of_where_it_was_not_refused_or_not_answered() {
        let flooded = |refused, unanswered| Flooded {
            requests: 5,
            per_second: 1.0,
            refused,
            unanswered,
        };
        assert_eq!(complaint(&flooded(5, 0)), None);
        let let_in = complaint(&flooded(4, 0)).expect("a complaint");
        assert!(let_in.starts_with("of 5 replies to the flood 4 had"));
        let silent = complaint(&flooded(5, 2)).expect("a complaint");
        assert!(silent.ends_with("and 2 times there was none in time"));
    }
}
