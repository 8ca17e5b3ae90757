//! The flags and environment variables that `cargo xtask bench` hands on.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt as _};

use crate::plan::Plan;

/// The server's command, to which the flags of `spin up` are added.
const SERVER: &str = "SAM_CALLBACK_SERVER";

/// The program that makes load.
const LOAD: &str = "SAM_CALLBACK_WRK";

/// What to measure, with what, and where to put it.
pub struct Arguments {
    pub plan: Plan,
    pub markdown: bool,
    pub json: Option<PathBuf>,
    pub compare: Option<PathBuf>,
    pub server: Vec<String>,
    pub wrk: PathBuf,
}

/// # Errors
/// A sentence on what is missing or not understood.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Arguments, lexopt::Error> {
    let named = |name: &str| {
        let value = environment(name).filter(|value| !value.trim().is_empty());
        value.ok_or_else(|| format!("{name} is not set; `cargo xtask bench` does that"))
    };
    let mut parsed = Arguments {
        plan: Plan {
            quick: false,
            only: None,
        },
        markdown: false,
        json: None,
        compare: None,
        server: named(SERVER)?
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        wrk: named(LOAD)?.into(),
    };
    let mut parser = Parser::from_args(arguments);
    while let Some(flag) = parser.next()? {
        let flag = match flag {
            Arg::Long("quick") => {
                parsed.plan.quick = true;
                continue;
            }
            Arg::Long("markdown") => {
                parsed.markdown = true;
                continue;
            }
            Arg::Long(name @ ("only" | "json" | "compare")) => name.to_owned(),
            other => return Err(other.unexpected()),
        };
        let value = parser.value()?;
        match flag.as_str() {
            "only" => parsed.plan.only = Some(value.string()?),
            "json" => parsed.json = Some(value.into()),
            _ => parsed.compare = Some(value.into()),
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Arguments, lexopt::Error> {
        let words = line.split_whitespace().map(OsString::from);
        parse(words, |name| match name {
            SERVER => Some("spin up".to_owned()),
            LOAD => Some("wrk".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn everything_is_measured_unless_told_otherwise() {
        let all = parsed("").expect("no flags");
        assert_eq!(all.server, ["spin", "up"]);
        assert!(!all.plan.quick && all.plan.wants("anything"));
        let some = parsed("--quick --only cold --json a --compare b --markdown").expect("flags");
        assert!(some.plan.quick && some.markdown && !some.plan.wants("load"));
        assert_eq!(
            (some.json, some.compare),
            (Some("a".into()), Some("b".into()))
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        for (line, named) in [("--only", "--only"), ("--fast", "--fast"), ("x", "x")] {
            let mistake = parsed(line).err().expect(line).to_string();
            assert!(mistake.contains(named), "{mistake}");
        }
        let mistake = parse([], |_| None).err().expect("no server").to_string();
        assert!(mistake.contains(SERVER), "{mistake}");
    }
}
