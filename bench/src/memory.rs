//! How much the host's memory grows with requests. Each scenario has a server of its own, so that
//! all begin alike.

use anyhow::Result;

use crate::bench::Bench;
use crate::figure::{Better, Unit};
use crate::plan::Cell;
use crate::request::Body;
use crate::say;
use crate::scenario::{Scenario, named};

const SCENARIOS: [&str; 4] = ["floor", "refused", "floor-out", "data-api"];

const CELL: Cell = Cell::new(16, true, Body::Small);

/// For how long the pools fill before growth counts.
const FILLING: u32 = 2;

pub fn measure(bench: &mut Bench) -> Result<()> {
    let wanted = |name: &&str| bench.plan.wants(&format!("memory/{name}"));
    let wanted: Vec<_> = SCENARIOS.into_iter().filter(wanted).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    say::progress("memory: what the host's grows by with requests");
    for scenario in wanted.into_iter().filter_map(named) {
        measure_one(bench, scenario)?;
    }
    Ok(())
}

fn measure_one(bench: &mut Bench, scenario: &Scenario) -> Result<()> {
    let server = bench.start(scenario.served_by)?;
    bench.ask_once(&server, scenario, CELL)?;
    bench.load(&server, scenario, CELL, FILLING)?;
    let mut last = server.resident();
    for _ in 0..bench.plan.rounds() {
        let run = bench.load(&server, scenario, CELL, bench.plan.seconds())?;
        let now = server.resident();
        // Where the system does not say, there is no figure.
        if let (Some(before), Some(after)) = (last, now) {
            let thousands = run.requests as f64 / 1000.0;
            let name = format!("memory/{}", scenario.name);
            let grown = (after - before) / thousands;
            let figures = &mut bench.figures;
            let mut add = |measure: &str, value| {
                let name = format!("{name}/{measure}");
                figures.add(&name, Unit::Kilobytes, Better::Less, value);
            };
            add("growth", grown);
            add("resident", after);
        }
        last = now;
    }
    Ok(())
}
