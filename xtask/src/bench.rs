//! `cargo xtask bench`: builds what is measured, finds wrk, and starts the program in bench/.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::component;
use crate::debian;
use crate::flags::BenchOptions;
use crate::project::Project;
use crate::say;
use crate::serve;
use crate::spin;

/// bench/ starts this program and adds the flags of `spin up`, as the tests do.
const SERVER: &str = "SAM_CALLBACK_SERVER";

/// And makes load with this one.
const LOAD: &str = "SAM_CALLBACK_WRK";

const PACKAGE: &str = "wrk";

/// What serves the components.
#[derive(Debug, PartialEq)]
enum Host {
    StandIn,
    Spin,
    Named(String),
}

pub fn run(project: &Project, options: &BenchOptions) -> Result<()> {
    // Before anything is built: they are the caller's mistakes, and quick to see.
    let arguments = arguments(options)?;
    let host = host(options.host.as_deref(), std::env::var(SERVER).ok());
    if host == Host::Spin {
        require_spin(project)?;
    }
    let wrk = find_or_install_wrk(project)?;

    let toolchain = component::build(project)?;
    component::build_floors(project, &toolchain)?;
    if host == Host::StandIn {
        serve::build_stand_in(project)?;
    }
    say::step("building the bench");
    serve::build_program(project, "bench")?;

    say::step("measuring: leave the machine alone meanwhile");
    let mut bench = project.command(project.program("bench"));
    bench.args(arguments).env(LOAD, wrk);
    match host {
        Host::StandIn => bench.env(SERVER, project.stand_in()),
        // What the component logs is in files; on the terminal nobody reads it.
        Host::Spin => bench.env(SERVER, "spin up --quiet"),
        Host::Named(command) => bench.env(SERVER, command),
    };
    finish(&mut bench)
}

/// The bench's flags are these; its paths must not depend on the folder it runs in.
fn arguments(options: &BenchOptions) -> Result<Vec<std::ffi::OsString>> {
    let mut arguments = Vec::new();
    for (flag, given) in [("--quick", options.quick), ("--markdown", options.markdown)] {
        if given {
            arguments.push(flag.into());
        }
    }
    if let Some(word) = &options.only {
        arguments.extend(["--only".into(), word.into()]);
    }
    for (flag, path) in [("--json", &options.json), ("--compare", &options.compare)] {
        if let Some(path) = path {
            arguments.extend([flag.into(), serve::absolute(path)?.into()]);
        }
    }
    if let Some(old) = options.compare.as_ref().filter(|old| !old.is_file()) {
        bail!(
            "{} is not there; write one with `cargo xtask bench --json {}`",
            old.display(),
            old.display()
        );
    }
    Ok(arguments)
}

fn host(given: Option<&str>, environment: Option<String>) -> Host {
    match given {
        Some("stand-in") => Host::StandIn,
        Some("spin") => Host::Spin,
        Some(command) => Host::Named(command.to_owned()),
        None => environment.map_or(Host::StandIn, Host::Named),
    }
}

fn require_spin(project: &Project) -> Result<()> {
    spin::usable(project)
        .map_err(|why| anyhow!("{why}; leave out `--host spin` to measure on the stand-in"))
}

fn find_or_install_wrk(project: &Project) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os(LOAD) {
        return Ok(named.into());
    }
    if is_wrk(project) {
        return Ok(PACKAGE.into());
    }
    if !debian::has_apt() {
        bail!(
            "wrk, which makes the load, is not installed; install it (`brew install wrk`, or the \
             package of your system), or set {LOAD} to the program"
        );
    }
    debian::install_packages(project, &[PACKAGE], "to make the load")?;
    Some(PathBuf::from(PACKAGE))
        .filter(|_| is_wrk(project))
        .context("the package wrk brought no `wrk` into PATH; see `dpkg -L wrk`")
}

/// It has no flag that only says something and succeeds.
fn is_wrk(project: &Project) -> bool {
    let asked = project.command(PACKAGE).arg("--version").output();
    asked.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).starts_with(PACKAGE))
}

/// The bench prints its results on stdout, and says itself what was wrong.
fn finish(bench: &mut Command) -> Result<()> {
    let status = bench
        .stdin(std::process::Stdio::null())
        .status()
        .context("the bench was built, but cannot be started")?;
    if !status.success() {
        bail!("the bench could not measure everything; see its message above");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_decides_before_the_environment_does() {
        let named = |text: &str| Host::Named(text.to_owned());
        for (given, environment, host_is) in [
            (None, None, Host::StandIn),
            (None, Some("a b"), named("a b")),
            (Some("stand-in"), Some("a b"), Host::StandIn),
            (Some("spin"), Some("a b"), Host::Spin),
            (Some("c d"), None, named("c d")),
        ] {
            let environment = environment.map(str::to_owned);
            assert_eq!(host(given, environment), host_is, "{given:?}");
        }
    }

    #[test]
    fn paths_are_made_independent_of_the_folder() {
        let options = BenchOptions {
            quick: true,
            only: Some("cold".to_owned()),
            json: Some("new.json".into()),
            ..BenchOptions::default()
        };
        let arguments = arguments(&options).expect("paths");
        assert_eq!(arguments[..4], ["--quick", "--only", "cold", "--json"]);
        let file = PathBuf::from(&arguments[4]);
        assert!(file.is_absolute() && file.ends_with("new.json"), "{file:?}");
    }

    #[test]
    fn an_old_file_that_is_not_there_is_noticed_before_anything_is_built() {
        let options = BenchOptions {
            compare: Some("no-such-file.json".into()),
            ..BenchOptions::default()
        };
        let error = arguments(&options).expect_err("no file").to_string();
        assert!(error.contains("no-such-file.json is not there"), "{error}");
    }
}
