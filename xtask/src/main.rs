//! `cargo xtask`: from a fresh clone to a component that is built, checked, served and measured.
//! This file only hands each command to the module that carries it out.
//!
//! # Layout
//! | files | |
//! | --- | --- |
//! | `component`, `toolchain`, `linker`, `shrink` | `build` |
//! | `dist` | `dist` |
//! | `checks`, `postgres`, `redis`, `browser`, `schemathesis`, `examples` | `test`, and what it needs |
//! | `serve`, `env_file`, `endpoint`, `announcement`, `curl`, `shell`, `spin`, `print_when_ready` | `up` |
//! | `bench` | `bench` |
//! | `flags`, `listen` | the command line |
//! | `project`, `run`, `programs`, `private_file`, `debian`, `say` | what all of them use |

mod announcement;
mod bench;
mod browser;
mod checks;
mod component;
mod curl;
mod debian;
mod dist;
mod endpoint;
mod env_file;
mod examples;
mod flags;
mod import_env;
mod linker;
mod listen;
mod postgres;
mod print_when_ready;
mod private_file;
mod programs;
mod project;
mod redis;
mod run;
mod say;
mod schemathesis;
mod serve;
mod shell;
mod shrink;
mod spin;
mod toolchain;

use std::process::ExitCode;

use flags::Command;
use project::Project;

fn main() -> ExitCode {
    let command = match flags::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(mistake) => {
            say::error(&mistake.to_string());
            say::plain(flags::USAGE);
            return ExitCode::from(2);
        }
    };
    match carry_out(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn carry_out(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Help => {
            say::result(flags::USAGE);
            Ok(())
        }
        Command::Build => component::build(&Project::find()?).map(|_| ()),
        Command::Dist => dist::run(&Project::find()?),
        Command::Test => checks::run_all(&Project::find()?),
        Command::Bench(options) => bench::run(&Project::find()?, &options),
        Command::ImportEnv(options) => import_env::run(&Project::find()?, &options),
        Command::Up(options) => serve::up(&Project::find()?, options),
        Command::Announce(options) => {
            print_when_ready::wait_and_print(&options);
            Ok(())
        }
    }
}
