//! What a valid caller notices of strangers that have the costliest work done: its latency beside
//! theirs, and the host's memory.

use anyhow::{Context, Result};

use crate::bench::Bench;
use crate::figure::{Better, Unit};
use crate::plan::Cell;
use crate::request::Body;
use crate::say;
use crate::scenario::{Served, named};
use crate::server::Server;
use crate::strangers::{Strangers, Work};

const CELL: Cell = Cell::new(1, true, Body::Small);

/// The valid caller's scenario.
const CALLER: &str = "data-api";

/// The caller without strangers, first.
pub const ALONE: &str = "alone";

/// Strangers, and what the table calls them.
pub const KINDS: [(&str, &str, Work); 4] = [
    (
        "jwt",
        "4: JWT without kid, 16 RSA-4096 keys",
        Work::UnnamedJwt,
    ),
    (
        "signatures",
        "4: 16 v1a signatures over 1 MiB",
        Work::Signatures,
    ),
    (
        "endless",
        "200: bodies that never end",
        Work::EndlessCallbacks,
    ),
    (
        "endless-signed",
        "200: the same, with a signature",
        Work::EndlessMessages,
    ),
];

pub fn measure(bench: &mut Bench) -> Result<()> {
    let wanted = |name: &str| bench.plan.wants(&name_of(name));
    let wanted: Vec<_> = KINDS.into_iter().filter(|kind| wanted(kind.0)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    say::progress("attacked: a valid caller beside the costliest strangers");
    for (kind, _, work) in wanted {
        measure_one(bench, kind, work)?;
    }
    Ok(())
}

/// The name of what is noted.
pub fn name_of(kind: &str) -> String {
    format!("attacked/{kind}")
}

/// The name of what is noted of the caller before these strangers came.
pub fn alone(kind: &str) -> String {
    format!("attacked/{kind}-{ALONE}")
}

fn measure_one(bench: &mut Bench, kind: &str, work: Work) -> Result<()> {
    let keys = bench.signer.strangers()?;
    let application = Served::Attacked.application(&bench.data_api.origin(), &keys.jwks);
    let mut application = application;
    application
        .settings
        .push(("webhook_secret", keys.webhook_keys.clone()));
    let server = bench.servers.start(&application)?;
    let (name, alone) = (name_of(kind), alone(kind));
    run(bench, &server, &alone)?;
    for _ in 0..bench.plan.rounds() {
        let before = run(bench, &server, &alone)?;
        let strangers = Strangers::start(server.address, &keys, work)?;
        let beside = run(bench, &server, &name);
        let sent = strangers.stop();
        beside.with_context(|| format!("beside {sent} requests of strangers"))?;
        if let Some(resident) = server.resident().filter(|_| before > 0) {
            let name = format!("{name}/resident");
            let figures = &mut bench.figures;
            figures.add(&name, Unit::Kilobytes, Better::Less, resident);
        }
        let seconds = f64::from(bench.plan.seconds());
        bench.figures.add(
            &format!("{name}/strangers"),
            Unit::PerSecond,
            Better::More,
            sent as f64 / seconds,
        );
    }
    // The first was to warm it up.
    bench.figures.drop_first(&format!("{alone}/"));
    bench.compare(&name, &alone);
    Ok(())
}

fn run(bench: &mut Bench, server: &Server, name: &str) -> Result<u64> {
    let caller = named(CALLER).context("no such scenario")?;
    let run = bench.load(server, caller, CELL, bench.plan.seconds())?;
    bench.note(name, &run);
    Ok(run.requests)
}
