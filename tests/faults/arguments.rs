//! The command line: this test's own arguments, and those of Rust's test harness, which cargo
//! passes to every test alike.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt as _};

pub const USAGE: &str =
    "usage: cargo test -p tests --test faults -- [--seed N] [--seconds N] [--redis] [--mailbox]";

/// What a filter is compared with.
const NAME: &str = "faults::what_is_acknowledged_is_in_the_database";

/// The seed that every run begins with, so that nobody can say that it was chance.
const FIXED: u64 = 115;

/// How long callers and faults are at it, for each seed.
const TIME: Duration = Duration::from_secs(6);

pub enum Wanted {
    Run(Arguments),
    Nothing,
}

pub struct Arguments {
    pub runs: Vec<Run>,
    /// Of each run.
    pub time: Duration,
}

/// One run of the test.
pub struct Run {
    pub seed: u64,
    /// The store is in Redis, not in a file.
    pub redis: bool,
    /// Callers reach a mailbox, from which the instance with the data API collects.
    pub mailbox: bool,
}

/// What the harness's own arguments leave of this test.
#[derive(Default)]
struct Harness {
    /// It only asks what there is, or for tests of a kind that are none here.
    nothing: bool,
    exact: bool,
    filters: Vec<String>,
    skipped: Vec<String>,
}

pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Wanted, String> {
    let (mut seed, mut time, mut harness) = (None, TIME, Harness::default());
    let (mut redis, mut mailbox) = (false, false);
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(sentence)? {
        match argument {
            Arg::Long("seed") => seed = Some(number(&mut parser)?),
            Arg::Long("seconds") => time = Duration::from_secs(number(&mut parser)?),
            Arg::Long("redis") => redis = true,
            Arg::Long("mailbox") => mailbox = true,
            Arg::Short('h') | Arg::Long("help") => {
                println!("{USAGE}");
                return Ok(Wanted::Nothing);
            }
            Arg::Value(filter) => harness.filters.push(filter.string().map_err(sentence)?),
            Arg::Long(name) => {
                let name = name.to_owned();
                harness.take(&name, &mut parser).map_err(sentence)?;
            }
            Arg::Short('Z') => drop(parser.value().map_err(sentence)?),
            Arg::Short(_) => {}
        }
    }
    if !harness.wants(NAME) {
        return Ok(Wanted::Nothing);
    }
    let run = |seed, redis, mailbox| Run {
        seed,
        redis,
        mailbox,
    };
    let runs = match seed {
        Some(seed) => vec![run(seed, redis, mailbox)],
        // Short enough to be typed again; and of the two data APIs the one that the fixed one is not.
        None => {
            let new = 2 * u64::from(fastrand::u32(..));
            vec![
                run(FIXED, redis, mailbox),
                run(new, redis, mailbox),
                run(new, !redis, mailbox),
                run(FIXED, redis, !mailbox),
                run(new, redis, !mailbox),
            ]
        }
    };
    Ok(Wanted::Run(Arguments { runs, time }))
}

fn number(parser: &mut Parser) -> Result<u64, String> {
    let number = parser.value().and_then(|value| value.parse());
    number.map_err(sentence)
}

fn sentence(error: lexopt::Error) -> String {
    error.to_string()
}

impl Harness {
    fn take(&mut self, name: &str, parser: &mut Parser) -> Result<(), lexopt::Error> {
        match name {
            "list" | "ignored" | "bench" => self.nothing = true,
            "exact" => self.exact = true,
            "skip" => self.skipped.push(parser.value()?.string()?),
            "format" | "color" | "logfile" | "test-threads" | "shuffle-seed" => {
                parser.value()?;
            }
            // The others of the harness say how to run tests or to print, and may have a value
            // only behind `=`.
            _ => drop(parser.optional_value()),
        }
        Ok(())
    }

    fn wants(&self, name: &str) -> bool {
        let meant = |text: &String| match self.exact {
            true => name == text,
            false => name.contains(text.as_str()),
        };
        let chosen = self.filters.is_empty() || self.filters.iter().any(meant);
        chosen && !self.nothing && !self.skipped.iter().any(meant)
    }
}
