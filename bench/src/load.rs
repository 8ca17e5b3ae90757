//! Throughput and latency, cell by cell. In each round every scenario has its turn, and each round
//! begins with another one, so that a machine that gets slower does so for all.

use anyhow::Result;

use crate::bench::Bench;
use crate::plan::Cell;
use crate::say;
use crate::scenario::Scenario;

pub fn measure(bench: &mut Bench) -> Result<()> {
    let cells = bench.plan.load();
    let count = cells.len();
    for (number, (cell, scenarios)) in cells.into_iter().enumerate() {
        say::progress(&format!("load {}/{count}: {}", number + 1, cell.title()));
        measure_cell(bench, cell, scenarios);
    }
    Ok(())
}

/// The name of what is noted of a scenario in a cell.
pub fn name(scenario: &str, cell: Cell) -> String {
    format!("load/{scenario}/{}", cell.name())
}

fn measure_cell(bench: &mut Bench, cell: Cell, mut scenarios: Vec<&'static Scenario>) {
    // What does not answer as it should is left out, and named once more at the end.
    scenarios.retain(|scenario| {
        let asked = prepare(bench, scenario, cell);
        asked
            .inspect_err(|error| bench.failed(&name(scenario.name, cell), error))
            .is_ok()
    });
    for round in 0..bench.plan.rounds() {
        if scenarios.is_empty() {
            return;
        }
        let first = round % scenarios.len();
        let mut broken = Vec::new();
        for scenario in scenarios[first..].iter().chain(&scenarios[..first]) {
            if let Err(error) = measure_once(bench, scenario, cell) {
                bench.failed(&name(scenario.name, cell), &error);
                broken.push(scenario.name);
            }
        }
        scenarios.retain(|scenario| !broken.contains(&scenario.name));
    }
    for scenario in &scenarios {
        if let Some(floor) = scenario.floor {
            bench.compare(&name(scenario.name, cell), &name(floor, cell));
        }
    }
}

/// One request by hand, and, where guesses are to be refused with 429, as many as that takes.
fn prepare(bench: &mut Bench, scenario: &Scenario, cell: Cell) -> Result<()> {
    /// More than the default allows in a minute.
    const GUESSES: usize = 30;
    bench.with_server(scenario.served_by, |bench, server| {
        let tries = if scenario.status == 429 { GUESSES } else { 1 };
        let mut last = Ok(0.0);
        for _ in 0..tries {
            last = bench.ask_once(server, scenario, cell);
        }
        last.map(|_| ())
    })
}

fn measure_once(bench: &mut Bench, scenario: &Scenario, cell: Cell) -> Result<()> {
    bench.with_server(scenario.served_by, |bench, server| {
        let seconds = bench.plan.seconds();
        let run = bench.load(server, scenario, cell, seconds)?;
        bench.note(&name(scenario.name, cell), &run);
        Ok(())
    })
}
