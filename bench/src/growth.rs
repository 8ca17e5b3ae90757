//! Whether a callback takes longer with more entries in the outbox, more rows, more tokens or more
//! keys.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::bench::Bench;
use crate::exchange::exchange;
use crate::flooded;
use crate::outbox;
use crate::plan::Cell;
use crate::request::{Body, Credential, TOKEN, requests, without_body};
use crate::rows::StoredRow;
use crate::say;
use crate::scenario::{Scenario, Served, named};
use crate::server::{Application, Server};
use crate::store::Entry;

const CELL: Cell = Cell::new(1, true, Body::Small);

/// Opens /admin, which reports how much waits in the outbox.
const OPERATOR: &str = "un-token-de-operador";

/// Where no data API is.
const NOBODY: &str = "http://127.0.0.1:1";

/// What there is more and more of.
#[derive(Clone, Copy)]
pub struct Growing {
    pub name: &'static str,
    /// What the table calls it.
    pub title: &'static str,
    pub amounts: &'static [usize],
    scenario: &'static str,
}

/// Of keys a component takes 16 at most.
pub const ALL: [Growing; 5] = [
    Growing {
        name: "outbox",
        title: "entries in the outbox",
        amounts: &[0, 1_000, 100_000],
        scenario: "data-api",
    },
    Growing {
        name: "rows",
        title: "embedded rows, data API",
        amounts: &flooded::AMOUNTS,
        scenario: "data-api",
    },
    Growing {
        name: "rows-embedded",
        title: "embedded rows, one more",
        amounts: &flooded::AMOUNTS,
        scenario: "embedded",
    },
    Growing {
        name: "tokens",
        title: "static tokens",
        amounts: &[1, 20],
        scenario: "data-api",
    },
    Growing {
        name: "keys",
        title: "RS256 keys",
        amounts: &[1, 16],
        scenario: "rs256-first",
    },
];

pub fn measure(bench: &mut Bench) -> Result<()> {
    for growing in ALL {
        if !bench.plan.wants(&format!("growth/{}", growing.name)) {
            continue;
        }
        say::progress(&format!("growth: {:?} {}", growing.amounts, growing.title));
        let scenario = named(growing.scenario).context("no such scenario")?;
        measure_one(bench, growing, scenario)?;
    }
    Ok(())
}

/// The name of what is noted.
pub fn name(growing: &str, amount: usize) -> String {
    format!("growth/{growing}/{amount}")
}

fn measure_one(bench: &mut Bench, growing: Growing, scenario: &Scenario) -> Result<()> {
    let amounts = growing.amounts.iter();
    let mut servers = amounts
        .map(|amount| Ok((*amount, start(bench, growing.name, *amount)?)))
        .collect::<Result<Vec<(usize, Server)>>>()?;
    for (_, server) in &servers {
        bench.ask_once(server, scenario, CELL)?;
    }
    for _ in 0..bench.plan.rounds() {
        for (amount, server) in &servers {
            let run = bench.load(server, scenario, CELL, bench.plan.seconds())?;
            bench.note(&name(growing.name, *amount), &run);
        }
        servers.rotate_left(1);
    }
    for amount in &growing.amounts[1..] {
        let least = name(growing.name, growing.amounts[0]);
        bench.compare(&name(growing.name, *amount), &least);
    }
    Ok(())
}

fn start(bench: &Bench, growing: &str, amount: usize) -> Result<Server> {
    let data_api = bench.data_api.origin();
    let with = |served: Served, name: &'static str, value: String| {
        let mut application = served.application(&data_api, "");
        application.settings.retain(|(other, _)| *other != name);
        application.settings.push((name, value));
        application
    };
    match growing {
        "tokens" => bench
            .servers
            .start(&with(Served::DataApi, "callback_token", tokens(amount))),
        "keys" => {
            let keys = bench.signer.jwks(amount)?;
            bench
                .servers
                .start(&with(Served::Jwt, "jwt_public_key", keys))
        }
        "rows" => StoredRow::by_a_callback(bench)?.start(bench, Served::DataApi, amount),
        "rows-embedded" => StoredRow::by_a_callback(bench)?.start(bench, Served::Embedded, amount),
        _ => {
            let operator = OPERATOR.to_owned();
            let application = with(Served::DataApi, "admin_token", operator);
            start_with_outbox(bench, &application, amount)
        }
    }
}

/// The right one is the last.
fn tokens(amount: usize) -> String {
    let others = (1..amount).map(|number| format!("otro-token-para-medir-{number}"));
    let all: Vec<_> = others.chain([TOKEN.to_owned()]).collect();
    all.join(" ")
}

fn start_with_outbox(bench: &Bench, application: &Application, amount: usize) -> Result<Server> {
    let entry = kept_entry(bench)?;
    let fill = |state: &Path| outbox::fill(state, amount, &entry);
    let server = bench.servers.start_with(application, None, fill)?;
    let header = format!("authorization: Bearer {OPERATOR}\r\n");
    let asked = exchange(
        server.address,
        &without_body("GET", "/admin/outbox/stats", &header),
    )?;
    let stats: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    ensure!(
        stats["waiting"].as_u64() == Some(amount as u64),
        "{amount} entries were written into the outbox, and the component says: {}",
        asked.body
    );
    Ok(server)
}

/// One that the component has kept because its data API was not there.
fn kept_entry(bench: &Bench) -> Result<Entry> {
    let application = Served::DataApi.application(NOBODY, "");
    let server = bench.servers.start(&application)?;
    let callbacks = requests(Credential::Token, Body::Small, false, &bench.tokens, 0);
    let reply = exchange(server.address, &callbacks[0])?;
    ensure!(
        reply.status == 202,
        "a callback whose data API is away was answered with {}: {}",
        reply.status,
        reply.body
    );
    outbox::first(server.state())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_token_is_one_of_so_many_and_the_last() {
        assert_eq!(tokens(1), TOKEN);
        let many = tokens(20);
        assert_eq!(many.split(' ').count(), 20);
        assert!(many.ends_with(&format!(" {TOKEN}")));
    }
}
