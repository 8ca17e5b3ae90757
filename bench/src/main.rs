//! Measures the built component beside the least that a component can do, on the same host, in one
//! run. `cargo xtask bench` builds what this needs and starts it.
//!
//! # Layout
//! | files | |
//! | --- | --- |
//! | `load`, `cold`, `memory`, `growth`, `attacked`, `flooded`, `mailbox`, `startup` | the measurements, one a file |
//! | `bench`, `plan`, `scenario` | what they share, how much is measured, and which requests |
//! | `server`, `data_api`, `store`, `rows`, `outbox` | what is measured, and what it finds stored |
//! | `wrk`, `caller`, `strangers`, `exchange` | who sends requests |
//! | `request`, `reply`, `keys` | what they send, and get |
//! | `figure`, `histogram`, `targets`, `compare`, `table`, `tables`, `report`, `machine` | figures and how they are shown |

mod arguments;
mod attacked;
mod bench;
mod caller;
mod cold;
mod compare;
mod data_api;
mod exchange;
mod figure;
mod flooded;
mod growth;
mod histogram;
mod keys;
mod load;
mod machine;
mod mailbox;
mod memory;
mod outbox;
mod plan;
mod reply;
mod report;
mod request;
mod rows;
mod say;
mod scenario;
mod server;
mod startup;
mod store;
mod strangers;
mod table;
mod tables;
mod targets;
mod wrk;

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::arguments::Arguments;
use crate::bench::Bench;
use crate::report::{Conditions, Report};
use crate::server::Servers;
use crate::wrk::Wrk;

fn main() -> ExitCode {
    let environment = |name: &str| std::env::var(name).ok();
    let arguments = match arguments::parse(std::env::args_os().skip(1), environment) {
        Ok(arguments) => arguments,
        Err(mistake) => {
            say::error(&mistake.to_string());
            return ExitCode::from(2);
        }
    };
    match run(arguments) {
        Ok(failures) if failures.is_empty() => ExitCode::SUCCESS,
        Ok(failures) => {
            for failure in failures {
                say::error(&format!("not measured: {failure}"));
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            say::error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Measures, and prints and writes the figures. Returns what could not be measured.
fn run(arguments: Arguments) -> Result<Vec<String>> {
    // Before the minutes that measuring takes.
    let old = arguments.compare.as_deref().map(Report::read).transpose()?;
    let folder = TempDir::new().context("no folder for the load's files")?;
    let wrk = Wrk::new(&arguments.wrk, folder.path())?;
    let servers = Servers {
        command: arguments.server,
        // xtask starts this there.
        root: std::env::current_dir().context("the project's folder is gone")?,
    };
    let plan = arguments.plan;
    let conditions = machine::conditions(&plan, &servers.root, &servers.command, wrk.version());
    warn_of_others(&conditions);
    let mut bench = Bench::new(plan, servers, wrk)?;
    measure(&mut bench);
    let Bench {
        figures,
        failures,
        remarks,
        plan,
        ..
    } = bench;
    ensure!(
        figures.iter().next().is_some() || !failures.is_empty(),
        "nothing is called {:?}; names begin with load, cold, growth, memory, attacked, flooded, mailbox, compile or \
         size, and go on as in the file of --json",
        plan.only.unwrap_or_default()
    );
    let report = Report::new(conditions, figures, remarks);
    show(&report, arguments.markdown);
    if let Some(file) = &arguments.json {
        report.write(file)?;
    }
    if let Some(old) = &old {
        show_comparison(old, &report);
    }
    Ok(failures)
}

/// A processor that others want half of the time is none to measure on.
fn warn_of_others(conditions: &Conditions) {
    if let Some(busy) = conditions.busy.filter(|busy| *busy > 0.5) {
        say::warning(&format!(
            "the load average is {busy}: where something else still runs here, it is in the figures too"
        ));
    }
}

/// What fails is noted and named at the end; the rest is measured all the same.
fn measure(bench: &mut Bench) {
    type Part = fn(&mut Bench) -> Result<()>;
    let parts: [(&str, Part); 8] = [
        ("size and compile", startup::measure),
        ("cold", cold::measure),
        ("load", load::measure),
        ("memory", memory::measure),
        ("growth", growth::measure),
        ("attacked", attacked::measure),
        ("flooded", flooded::measure),
        ("mailbox", mailbox::measure),
    ];
    for (name, part) in parts {
        if let Err(error) = part(bench) {
            bench.failed(name, &error);
        }
    }
}

fn show(report: &Report, markdown: bool) {
    let mut tables = tables::measured(&report.figures);
    if !report.targets.is_empty() {
        tables.push(tables::targets(&report.targets));
    }
    let conditions = described(&report.conditions);
    say::result(&format!("{conditions}\n"));
    for table in tables {
        let shown = if markdown {
            table.markdown()
        } else {
            table.text()
        };
        say::result(&shown);
    }
    for remark in &report.remarks {
        say::result(&format!("- {remark}"));
    }
}

fn described(conditions: &Conditions) -> String {
    let Conditions {
        at,
        source,
        host,
        load,
        machine,
        system,
        busy,
        rounds,
        seconds,
    } = conditions;
    let busy = busy.map_or(String::new(), |busy| {
        format!("; load average before: {busy}")
    });
    format!(
        "Measured at {at}, source {source}, on {host}, with {load}: {rounds} rounds of {seconds} s \
         each,\nmedians, in brackets the rounds' least and most. {machine}, {system}{busy}."
    )
}

fn show_comparison(old: &Report, new: &Report) {
    let comparison = compare::compare(old, new);
    for condition in &comparison.conditions {
        say::warning(&format!(
            "the runs differ in more than the component: {condition}"
        ));
    }
    let tables = tables::compared(&comparison);
    if tables.is_empty() {
        say::result(&format!(
            "Nothing has changed since {}: {} figures compared",
            old.conditions.at, comparison.compared
        ));
    }
    for table in tables {
        say::result(&table.text());
    }
}
