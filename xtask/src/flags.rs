//! The command line of `cargo xtask`, parsed into a [`Command`].

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Error, Parser, ValueExt};

use crate::listen::Listen;

pub const USAGE: &str = "\
usage: cargo xtask <command>

  up     build the component, then serve it
           --listen ADDR               address to serve on (default 127.0.0.1:3000)
           --state-dir DIR             where the server keeps its state
           --runtime-config-file FILE  instead of the project's runtime-config.toml
           --stand-in                  serve with host/ even where Spin is installed
  build  build target/wasm32-wasip2/release/sam_callback.wasm
  dist   build, and pack what a release has into target/dist/: archives that need no compiling
  import-env FILE
         the .env of a service that this one replaces, as the settings it amounts to here
           --write                     put them into .env, where there is none
  test   every check there is: format, lints, unit tests, the component over HTTP
  bench  measure the component against the least that one can do
           --quick                     fewer cells and rounds: three minutes instead of twelve
           --host HOST                 stand-in (default), spin, or a command with spin up's flags
           --only WORD                 what has this word in its name, and nothing else
           --json FILE                 write the figures there too
           --compare OLD.json          say what got slower since then
           --markdown                  print tables for docs/performance.md";

#[derive(Debug, PartialEq)]
pub enum Command {
    Help,
    Build,
    Dist,
    Test,
    Up(UpOptions),
    Bench(BenchOptions),
    ImportEnv(ImportOptions),
    Announce(AnnounceOptions),
}

/// Paths are as typed: relative ones belong to the folder the user called from.
#[derive(Debug, PartialEq)]
pub struct UpOptions {
    pub listen: Listen,
    pub state_dir: Option<PathBuf>,
    pub runtime_config: Option<PathBuf>,
    pub stand_in: bool,
}

/// What to measure, and what to do with the figures. Paths are as typed.
#[derive(Debug, Default, PartialEq)]
pub struct BenchOptions {
    pub quick: bool,
    pub markdown: bool,
    pub host: Option<String>,
    pub only: Option<String>,
    pub json: Option<PathBuf>,
    pub compare: Option<PathBuf>,
}

/// The `.env` to read, as typed, and whether to write one.
#[derive(Debug, PartialEq)]
pub struct ImportOptions {
    pub file: PathBuf,
    pub write: bool,
}

/// The hidden command `announce`: print `text` once `address` accepts, as long as `parent` lives.
#[derive(Debug, PartialEq)]
pub struct AnnounceOptions {
    pub parent: u32,
    pub address: String,
    pub text: String,
}

pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Error> {
    let mut parser = Parser::from_args(arguments);
    let name = match parser.next()? {
        Some(Arg::Value(name)) => name.to_string_lossy().into_owned(),
        Some(Arg::Short('h') | Arg::Long("help")) => return Ok(Command::Help),
        Some(other) => return Err(other.unexpected()),
        None => return Err("no command given".into()),
    };
    match name.as_str() {
        "help" => without_flags(parser, Command::Help),
        "build" => without_flags(parser, Command::Build),
        "dist" => without_flags(parser, Command::Dist),
        "test" => without_flags(parser, Command::Test),
        "up" => up(parser),
        "bench" => bench(parser),
        "import-env" => import_env(parser),
        "announce" => announce(parser).map(Command::Announce),
        _ => Err(format!("there is no command `{name}`").into()),
    }
}

fn without_flags(mut parser: Parser, command: Command) -> Result<Command, Error> {
    match parser.next()? {
        None => Ok(command),
        Some(Arg::Short('h') | Arg::Long("help")) => Ok(Command::Help),
        Some(other) => Err(other.unexpected()),
    }
}

fn up(mut parser: Parser) -> Result<Command, Error> {
    let mut listen = "127.0.0.1:3000".to_owned();
    let (mut state_dir, mut runtime_config, mut stand_in) = (None, None, false);
    while let Some(flag) = parser.next()? {
        match flag {
            Arg::Long("listen") => listen = parser.value()?.string()?,
            Arg::Long("state-dir") => state_dir = Some(path(&mut parser)?),
            Arg::Long("runtime-config-file") => runtime_config = Some(path(&mut parser)?),
            Arg::Long("stand-in") => stand_in = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Up(UpOptions {
        listen: Listen::parse(&listen)?,
        state_dir,
        runtime_config,
        stand_in,
    }))
}

fn bench(mut parser: Parser) -> Result<Command, Error> {
    let mut options = BenchOptions::default();
    while let Some(flag) = parser.next()? {
        match flag {
            Arg::Long("quick") => options.quick = true,
            Arg::Long("markdown") => options.markdown = true,
            Arg::Long("host") => options.host = Some(word(&mut parser)?),
            Arg::Long("only") => options.only = Some(word(&mut parser)?),
            Arg::Long("json") => options.json = Some(path(&mut parser)?),
            Arg::Long("compare") => options.compare = Some(path(&mut parser)?),
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Bench(options))
}

fn import_env(mut parser: Parser) -> Result<Command, Error> {
    let (mut file, mut write) = (None, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("write") => write = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Value(path) if file.is_none() && !path.is_empty() => file = Some(path.into()),
            other => return Err(other.unexpected()),
        }
    }
    let file = file.ok_or("import-env needs the file to read")?;
    Ok(Command::ImportEnv(ImportOptions { file, write }))
}

fn word(parser: &mut Parser) -> Result<String, Error> {
    let value = parser.value()?.string()?;
    if value.trim().is_empty() {
        return Err("a flag's value must not be empty".into());
    }
    Ok(value)
}

fn path(parser: &mut Parser) -> Result<PathBuf, Error> {
    let value = parser.value()?;
    if value.is_empty() {
        return Err("a path must not be empty".into());
    }
    Ok(value.into())
}

fn announce(mut parser: Parser) -> Result<AnnounceOptions, Error> {
    let mut next = || parser.value().and_then(|value| value.string());
    let parent = next()?;
    Ok(AnnounceOptions {
        parent: parent
            .parse()
            .map_err(|_| format!("`{parent}` is not a process id"))?,
        address: next()?,
        text: next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        let words = line.split_whitespace().map(OsString::from);
        parse(words).map_err(|mistake| mistake.to_string())
    }

    fn listening(address: &str) -> Listen {
        Listen::parse(address).expect("an address")
    }

    #[test]
    fn up_serves_on_port_3000_unless_told_otherwise() {
        let Ok(Command::Up(options)) = parsed("up") else {
            panic!("`up` alone is a command");
        };
        assert_eq!(options.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(options.runtime_config, None);
        assert!(!options.stand_in);
    }

    #[test]
    fn up_takes_every_flag_in_both_spellings() {
        let expected = Ok(Command::Up(UpOptions {
            listen: listening("[::1]:8080"),
            state_dir: Some("state".into()),
            runtime_config: Some("other.toml".into()),
            stand_in: true,
        }));
        for line in [
            "up --listen [::1]:8080 --state-dir state --runtime-config-file other.toml --stand-in",
            "up --stand-in --listen=[::1]:8080 --state-dir=state --runtime-config-file=other.toml",
        ] {
            assert_eq!(parsed(line), expected, "{line}");
        }
    }

    #[test]
    fn bench_takes_every_flag() {
        assert_eq!(parsed("bench"), Ok(Command::Bench(BenchOptions::default())));
        let line = "bench --quick --markdown --host spin --only cold --json a --compare=b";
        let expected = BenchOptions {
            quick: true,
            markdown: true,
            host: Some("spin".to_owned()),
            only: Some("cold".to_owned()),
            json: Some("a".into()),
            compare: Some("b".into()),
        };
        assert_eq!(parsed(line), Ok(Command::Bench(expected)));
    }

    #[test]
    fn import_env_takes_the_file_and_whether_to_write() {
        for (line, write) in [
            ("import-env old/.env", false),
            ("import-env old/.env --write", true),
            ("import-env --write old/.env", true),
        ] {
            let file = "old/.env".into();
            let expected = Command::ImportEnv(ImportOptions { file, write });
            assert_eq!(parsed(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        for (line, named) in [
            ("", "no command"),
            ("serve", "`serve`"),
            ("build --fast", "--fast"),
            ("import-env", "the file"),
            ("import-env a b", "b"),
            ("import-env a --quick", "--quick"),
            ("test all", "all"),
            ("up --listen", "--listen"),
            ("up --port 3000", "--port"),
            ("up --listen 3000", "3000"),
            ("up --listen ::1:3000", "::1:3000"),
            ("up --listen 127.0.0.1:70000", "70000"),
            ("up --stand-in=yes", "--stand-in"),
            ("up --state-dir=", "empty"),
            ("bench all", "all"),
            ("bench --host=", "empty"),
            ("bench --json", "--json"),
            ("announce x", "`x`"),
        ] {
            let mistake = parsed(line).expect_err(line);
            assert!(mistake.contains(named), "{line}: {mistake}");
        }
    }

    #[test]
    fn help_is_a_command_everywhere() {
        for line in ["--help", "-h", "help", "up --help", "test -h", "bench -h"] {
            assert_eq!(parsed(line), Ok(Command::Help), "{line}");
        }
    }
}
