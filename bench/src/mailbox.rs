//! A mailbox: how long a callback takes from the edge's 202 to the row while its collector waits, and how
//! fast a long one is collected.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::bench::Bench;
use crate::data_api::DataApi;
use crate::exchange::exchange;
use crate::figure::{Better, Unit};
use crate::outbox;
use crate::request::{Body, Credential, TOKEN, requests, without_body};
use crate::say;
use crate::server::{Application, Server};

/// One each 60 ms: 1,000 callbacks a minute.
const EVERY: Duration = Duration::from_millis(60);

/// How many wait in a long mailbox.
const MANY: usize = 100_000;

/// How long the last rows of a round may take.
const PATIENCE: Duration = Duration::from_secs(30);

const MAILBOX_TOKEN: &str = "un-token-de-buzon-para-medir";
const OPERATOR: &str = "un-token-de-operador";

pub fn measure(bench: &mut Bench) -> Result<()> {
    if bench.plan.wants("mailbox/row") {
        say::progress("mailbox: 1,000 callbacks a minute, from the edge to the row");
        let edge = edge(bench, |_| Ok(()))?;
        let inner = inner(bench, edge.address)?;
        for round in 0..bench.plan.rounds() {
            let series = u32::try_from(round)? + 1_000_000;
            row(bench, &edge, &inner, series)?;
        }
    }
    if bench.plan.wants("mailbox/drain") {
        say::progress("mailbox: 100,000 that wait");
        drain(bench)?;
    }
    Ok(())
}

fn edge(bench: &Bench, prepare: impl FnOnce(&Path) -> Result<()>) -> Result<Server> {
    let settings = [
        ("callback_token", TOKEN),
        ("data_api", "mailbox"),
        ("mailbox_token", MAILBOX_TOKEN),
    ];
    let application = Application::new("spin.toml", &settings);
    bench.servers.start_with(&application, None, prepare)
}

fn inner(bench: &Bench, edge: SocketAddr) -> Result<Server> {
    let (mailbox, data_api) = (format!("http://{edge}"), bench.data_api.origin());
    let settings = [
        ("callback_token", TOKEN),
        ("admin_token", OPERATOR),
        ("data_api", "postgrest"),
        ("data_api_origin", data_api.as_str()),
        ("data_api_path", ""),
        ("collect_origin", mailbox.as_str()),
        ("collect_token", MAILBOX_TOKEN),
    ];
    bench
        .servers
        .start(&Application::new("spin.toml", &settings))
}

/// Has it collected for so long.
fn collect(inner: SocketAddr, seconds: u32) -> Result<()> {
    let header = format!("authorization: Bearer {OPERATOR}\r\ncontent-length: 0\r\n");
    let path = format!("/admin/collect?seconds={seconds}");
    let reply = exchange(inner, &without_body("POST", &path, &header))?;
    ensure!(
        reply.status == 200,
        "collecting was answered with {}: {}",
        reply.status,
        reply.body
    );
    Ok(())
}

/// One round of callbacks, while the collector waits for them.
fn row(bench: &mut Bench, edge: &Server, inner: &Server, series: u32) -> Result<()> {
    let callbacks = requests(Credential::Token, Body::Small, false, &bench.tokens, series);
    let number = (bench.plan.seconds() as usize * 1000 / 60 * 4).min(callbacks.len());
    let (address, data_api) = (inner.address, &bench.data_api);
    let before = data_api.answered();
    let is_over = AtomicBool::new(false);
    let (kept, written) = thread::scope(|scope| -> Result<_> {
        let collecting = scope.spawn(|| -> Result<()> {
            while !is_over.load(Ordering::Relaxed) {
                collect(address, 5)?;
            }
            Ok(())
        });
        let writing = scope.spawn(|| written(data_api, before, number));
        let kept = send(edge.address, &callbacks[..number]);
        let written = writing.join().expect("no panic");
        is_over.store(true, Ordering::Relaxed);
        collecting.join().expect("no panic")?;
        Ok((kept?, written?))
    })?;
    // The order is that in which they came, as nearly as makes no difference here.
    let mut took: Vec<_> = kept
        .iter()
        .zip(&written)
        .map(|(kept, written)| written.saturating_duration_since(*kept).as_secs_f64() * 1000.0)
        .collect();
    took.sort_by(f64::total_cmp);
    for (measure, share) in [("p50", 0.5), ("p99", 0.99)] {
        let value = took[((took.len() - 1) as f64 * share).round() as usize];
        let name = format!("mailbox/row/{measure}");
        bench
            .figures
            .add(&name, Unit::Milliseconds, Better::Less, value);
    }
    Ok(())
}

/// Sends a callback each [`EVERY`]; when each had its 202.
fn send(edge: SocketAddr, callbacks: &[Vec<u8>]) -> Result<Vec<Instant>> {
    let began = Instant::now();
    let mut kept = Vec::with_capacity(callbacks.len());
    for (callback, number) in callbacks.iter().zip(0..) {
        let due = began + EVERY * number;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let reply = exchange(edge, callback)?;
        ensure!(
            reply.status == 202,
            "a callback was answered with {}: {}",
            reply.status,
            reply.body
        );
        kept.push(Instant::now());
    }
    Ok(kept)
}

/// When the data API had so many more requests, one by one.
fn written(data_api: &DataApi, before: u64, number: usize) -> Result<Vec<Instant>> {
    let mut written = Vec::with_capacity(number);
    let mut last = Instant::now();
    while written.len() < number {
        let answered = data_api.answered() - before;
        let now = Instant::now();
        if answered > written.len() as u64 {
            written.resize(number.min(usize::try_from(answered)?), now);
            last = now;
        }
        ensure!(
            now < last + PATIENCE,
            "{} of {number} rows were written",
            written.len()
        );
        thread::sleep(Duration::from_micros(500));
    }
    Ok(written)
}

fn drain(bench: &mut Bench) -> Result<()> {
    let kept = {
        let edge = edge(bench, |_| Ok(()))?;
        let callbacks = requests(Credential::Token, Body::Small, false, &bench.tokens, 0);
        send(edge.address, &callbacks[..1])?;
        outbox::first(edge.state())?
    };
    let edge = edge(bench, |state| outbox::fill(state, MANY, &kept))?;
    let inner = inner(bench, edge.address)?;
    let seconds = bench.plan.seconds_beside() * 2;
    for _ in 0..bench.plan.rounds() {
        let (before, began) = (bench.data_api.answered(), Instant::now());
        collect(inner.address, seconds)?;
        let delivered = bench.data_api.answered() - before;
        ensure!(delivered > 0, "nothing was collected");
        let rate = delivered as f64 / began.elapsed().as_secs_f64();
        bench
            .figures
            .add("mailbox/drain/rate", Unit::PerSecond, Better::More, rate);
    }
    let left = outbox::first(edge.state()).context("too few for all rounds");
    left.map(drop)
}
