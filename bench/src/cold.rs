//! How long a request takes that finds no instance of the component, because idle ones were
//! dropped.

use std::time::Duration;

use anyhow::Result;

use crate::bench::Bench;
use crate::figure::{Better, Unit};
use crate::plan::Cell;
use crate::request::Body;
use crate::say;
use crate::scenario::{Scenario, named};

/// Longer than hosts keep an idle instance: a second.
const UNTIL_COLD: Duration = Duration::from_millis(1500);

const SCENARIOS: [&str; 5] = ["floor", "refused", "embedded", "floor-out", "data-api"];

pub fn measure(bench: &mut Bench) -> Result<()> {
    let mut scenarios: Vec<_> = SCENARIOS.into_iter().filter_map(named).collect();
    if !scenarios.iter().any(|one| bench.plan.wants(&name(one))) {
        return Ok(());
    }
    say::progress(&format!(
        "cold: {} times a request that finds no instance",
        bench.plan.cold_rounds()
    ));
    // The first request of all also has to get to its server's pages.
    for scenario in &scenarios {
        ask(bench, scenario)?;
    }
    for _ in 0..bench.plan.cold_rounds() {
        std::thread::sleep(UNTIL_COLD);
        for scenario in &scenarios {
            let took = ask(bench, scenario)?;
            let name = format!("{}/reply", name(scenario));
            bench
                .figures
                .add(&name, Unit::Milliseconds, Better::Less, took);
        }
        scenarios.rotate_left(1);
    }
    for scenario in scenarios {
        if let Some(floor) = scenario.floor {
            let (own, floor) = (name(scenario), format!("cold/{floor}/reply"));
            bench.figures.add_ratio(&format!("{own}/reply"), &floor);
        }
    }
    Ok(())
}

fn name(scenario: &Scenario) -> String {
    format!("cold/{}", scenario.name)
}

fn ask(bench: &mut Bench, scenario: &Scenario) -> Result<f64> {
    let cell = Cell::new(1, false, Body::Small);
    bench.with_server(scenario.served_by, |bench, server| {
        bench.ask_once(server, scenario, cell)
    })
}
