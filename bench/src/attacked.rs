//! A valid caller's latency beside strangers who send what costs most to refuse, and the host's
//! memory. It is compared with strangers who cost least, and with others who call a server of their
//! own.

use anyhow::{Context, Result};

use crate::bench::Bench;
use crate::figure::{Better, Unit};
use crate::keys::StrangersKeys;
use crate::plan::{Cell, Plan};
use crate::request::Body;
use crate::say;
use crate::scenario::{Served, named};
use crate::server::Server;
use crate::strangers::{Strangers, Work};
use crate::wrk::Run;

const CELL: Cell = Cell::new(1, true, Body::Small);

/// The valid caller's scenario.
const CALLER: &str = "data-api";

/// Strangers of one kind.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    /// What the table calls them.
    pub title: &'static str,
    work: Work,
    /// Whether others are compared with it, and nothing is demanded of it.
    pub is_reference: bool,
}

/// All of them, references first.
pub const KINDS: [Kind; 6] = [
    CHEAPEST,
    Kind {
        name: "floor",
        title: "4: the floor's, on its own host",
        work: Work::Floor,
        is_reference: true,
    },
    costly("jwt", "4: JWT without kid, 16 RSA keys", Work::UnnamedJwt),
    costly(
        "signatures",
        "4: 16 v1a signatures over 1 MiB",
        Work::Signatures,
    ),
    costly(
        "endless",
        "200: bodies that never end",
        Work::EndlessCallbacks,
    ),
    costly(
        "endless-signed",
        "200: the same, with a signature",
        Work::EndlessMessages,
    ),
];

/// What the others are compared with.
const CHEAPEST: Kind = Kind {
    name: "cheapest",
    title: "4: a wrong token (429)",
    work: Work::WrongToken,
    is_reference: true,
};

const fn costly(name: &'static str, title: &'static str, work: Work) -> Kind {
    Kind {
        name,
        title,
        work,
        is_reference: false,
    }
}

/// A server with a caller and strangers of one kind.
struct Scene {
    kind: Kind,
    keys: StrangersKeys,
    server: Server,
    /// What the strangers call where that is not the caller's server.
    other: Option<Server>,
}

pub fn measure(bench: &mut Bench) -> Result<()> {
    let kinds = wanted(&bench.plan);
    if kinds.is_empty() {
        return Ok(());
    }
    say::progress("attacked: a valid caller beside the costliest strangers");
    let mut scenes = Vec::new();
    for kind in kinds {
        match Scene::start(bench, kind) {
            Ok(scene) => scenes.push(scene),
            Err(error) => bench.failed(&name_of(kind.name), &error),
        }
    }
    for _ in 0..bench.plan.rounds() {
        scenes.retain(|scene| {
            let measured = scene.measure(bench);
            measured
                .inspect_err(|error| bench.failed(&name_of(scene.kind.name), error))
                .is_ok()
        });
        if !scenes.is_empty() {
            scenes.rotate_left(1);
        }
    }
    for scene in scenes {
        compare(bench, scene.kind);
    }
    Ok(())
}

/// The name of what is noted.
pub fn name_of(kind: &str) -> String {
    format!("attacked/{kind}")
}

/// The name of what is noted of the caller before these strangers came.
fn alone(kind: &str) -> String {
    format!("attacked/{kind}-alone")
}

/// Those that are wanted, and the one that they are compared with.
fn wanted(plan: &Plan) -> Vec<Kind> {
    let wants = |kind: &Kind| plan.wants(&name_of(kind.name));
    let is_compared = KINDS.iter().any(|kind| !kind.is_reference && wants(kind));
    let comes_along = |kind: &Kind| is_compared && kind.name == CHEAPEST.name;
    let kinds = KINDS.into_iter();
    kinds
        .filter(|kind| wants(kind) || comes_along(kind))
        .collect()
}

impl Scene {
    fn start(bench: &mut Bench, kind: Kind) -> Result<Self> {
        let keys = bench.signer.strangers()?;
        let mut application = Served::Attacked.application(&bench.data_api.origin(), &keys.jwks);
        application
            .settings
            .push(("webhook_secret", keys.webhook_keys.clone()));
        let server = bench.servers.start(&application)?;
        let other = match kind.work {
            Work::Floor => Some(bench.start(Served::Floor)?),
            _ => None,
        };
        // To warm it up.
        load(bench, &server)?;
        Ok(Self {
            kind,
            keys,
            server,
            other,
        })
    }

    /// One round: the caller alone, and beside them.
    fn measure(&self, bench: &mut Bench) -> Result<()> {
        let kind = self.kind;
        let name = name_of(kind.name);
        let before = load(bench, &self.server)?;
        let called = self.other.as_ref().unwrap_or(&self.server).address;
        let strangers = Strangers::start(called, &self.keys, kind.work)?;
        let beside = load(bench, &self.server);
        let sent = strangers.stop();
        let beside = beside.with_context(|| format!("beside {sent} requests of strangers"))?;
        bench.note(&alone(kind.name), &before);
        bench.note(&name, &beside);
        let figures = &mut bench.figures;
        if let Some(resident) = self.server.resident() {
            let name = format!("{name}/resident");
            figures.add(&name, Unit::Kilobytes, Better::Less, resident);
        }
        let rate = sent as f64 / f64::from(bench.plan.seconds());
        let name = format!("{name}/strangers");
        figures.add(&name, Unit::PerSecond, Better::More, rate);
        Ok(())
    }
}

fn load(bench: &mut Bench, server: &Server) -> Result<Run> {
    let caller = named(CALLER).context("no such scenario")?;
    bench.load(server, caller, CELL, bench.plan.seconds())
}

fn compare(bench: &mut Bench, kind: Kind) {
    let name = name_of(kind.name);
    bench.compare(&name, &alone(kind.name));
    if kind.name != CHEAPEST.name {
        let p50 = |name: &str| format!("{name}/p50");
        let (own, cheapest) = (p50(&name), p50(&name_of(CHEAPEST.name)));
        let ratio = format!("{own}-of-cheapest");
        bench.figures.add_ratio_as(&own, &cheapest, &ratio);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costly_strangers_come_with_the_cheapest() {
        for (only, expected) in [
            ("attacked/jwt", &["cheapest", "jwt"][..]),
            ("endless", &["cheapest", "endless", "endless-signed"]),
            ("attacked/cheapest", &["cheapest"]),
            ("floor", &["floor"]),
            ("load", &[]),
        ] {
            let plan = Plan {
                quick: false,
                only: Some(only.to_owned()),
            };
            let names: Vec<_> = wanted(&plan).iter().map(|kind| kind.name).collect();
            assert_eq!(names, expected, "{only}");
        }
    }
}
