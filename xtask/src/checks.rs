//! `cargo xtask test`: every check, cheapest first, until one fails.

use std::num::NonZero;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::browser;
use crate::component;
use crate::examples;
use crate::postgres;
use crate::project::Project;
use crate::promtool;
use crate::redis;
use crate::run::{output_of, run};
use crate::say;
use crate::schemathesis;
use crate::serve;
use crate::toolchain::{TARGET, Toolchain};

/// The stand-in's, so that its WebAssembly engine is compiled once and not again for the tests.
const PROFILE: &str = "host";

/// tests/ starts this program and adds the flags of `spin up`.
const SERVER: &str = "SAM_CALLBACK_SERVER";

/// And what these name: a folder with programs, or a program.
const OTHERS: [(&str, Finder); 5] = [
    ("SAM_CALLBACK_POSTGRES", postgres::find_or_install),
    ("SAM_CALLBACK_REDIS", redis::find_or_install),
    ("SAM_CALLBACK_PROMTOOL", promtool::find_or_install),
    ("SAM_CALLBACK_CHROMEDRIVER", browser::find_or_install),
    ("SAM_CALLBACK_SCHEMATHESIS", schemathesis::find_or_install),
];

/// How many tests run at a time.
const THREADS: &str = "RUST_TEST_THREADS";

/// Those over HTTP mostly wait: for a server to start, or for a time to be over.
const AT_ONCE_ON_A_CORE: usize = 2;

type Finder = fn(&Project) -> Result<PathBuf>;

pub fn run_all(project: &Project) -> Result<()> {
    let started = Instant::now();
    need(project, "fmt", "rustfmt")?;
    need(project, "clippy", "clippy")?;
    // Before the minutes of compiling: they may have to be installed.
    examples::find_or_install(project)?;
    let others = find_others(project)?;

    say::step("checking the format");
    run(
        project.cargo().args(["fmt", "--all", "--check"]),
        "`cargo fmt --all` puts it right",
    )?;
    let toolchain = component::build(project)?;
    lint(project, &toolchain)?;
    serve::build_stand_in(project)?;

    say::step("running the tests");
    run(
        &mut tests(project, others),
        "see the failed test above; `cargo xtask test` runs them all again",
    )?;
    let seconds = started.elapsed().as_secs();
    say::result(&format!("all checks passed in {seconds} s"));
    Ok(())
}

/// Those that the environment does not name already.
fn find_others(project: &Project) -> Result<Vec<(&'static str, PathBuf)>> {
    OTHERS
        .into_iter()
        .filter(|(variable, _)| std::env::var_os(variable).is_none())
        .map(|(variable, find)| Ok((variable, find(project)?)))
        .collect()
}

fn lint(project: &Project, toolchain: &Toolchain) -> Result<()> {
    let advice = "put right what clippy names above";
    say::step("linting");
    let mut clippy = project.cargo();
    clippy.args(["clippy", "--workspace", "--all-targets", "--locked"]);
    clippy.args(["--profile", PROFILE]);
    run(clippy.args(["--", "-D", "warnings"]), advice)?;

    if let Toolchain::Debian(_) = toolchain {
        say::plain("    not linted for WebAssembly: Debian's Rust for that target has no clippy");
        return Ok(());
    }
    say::step("linting the component for WebAssembly");
    let mut clippy = project.cargo();
    clippy.args(["clippy", "--package", "sam-callback", "--locked"]);
    // As it was built, so that macros need not be compiled once more.
    clippy.args(["--release", "--target", TARGET]);
    run(clippy.args(["--", "-D", "warnings"]), advice)
}

fn tests(project: &Project, others: Vec<(&str, PathBuf)>) -> Command {
    let mut cargo = project.cargo();
    cargo.args(["test", "--workspace", "--locked", "--profile", PROFILE]);
    if std::env::var_os(SERVER).is_none() {
        cargo.env(SERVER, project.stand_in());
    }
    cargo.envs(others);
    if std::env::var_os(THREADS).is_none() {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        cargo.env(THREADS, (AT_ONCE_ON_A_CORE * cores).to_string());
    }
    cargo
}

/// cargo's own message for a missing subcommand does not say how to get it.
fn need(project: &Project, subcommand: &str, component: &str) -> Result<()> {
    if output_of(project.cargo().args([subcommand, "--version"])).is_none() {
        bail!(
            "`cargo {subcommand}` is not installed; add it with `rustup component add {component}`"
        );
    }
    Ok(())
}
