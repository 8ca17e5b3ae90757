//! Runs other programs: with their output in view, or for what they print.

use std::io::ErrorKind;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Runs `command` to its end with its output on stderr (stdout is kept for results). `advice` is
/// the sentence that follows when it fails.
pub fn run(command: &mut Command, advice: &str) -> Result<()> {
    let program = name(command);
    let status = command
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .status()
        .with_context(|| format!("{program} cannot be started; {advice}"))?;
    if !status.success() {
        bail!("{program} failed ({status}); {advice}");
    }
    Ok(())
}

/// What `command` prints on stdout, without white space around it. `None` if it is not there or
/// fails: callers ask this way whether something is installed.
pub fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned())
}

#[derive(Debug, PartialEq)]
pub enum Exit {
    Success,
    Failure,
    NotFound,
    TimedOut,
}

/// Runs `command` with its output on stderr and kills it when `limit` is over.
pub fn run_for_at_most(limit: Duration, command: &mut Command) -> Exit {
    let started = Instant::now();
    let mut child = match command
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .spawn()
    {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => return Exit::NotFound,
        Err(_) => return Exit::Failure,
    };
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Exit::Success,
            Ok(None) if started.elapsed() < limit => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Exit::TimedOut;
            }
            Ok(Some(_)) | Err(_) => return Exit::Failure,
        }
    }
}

fn name(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program());
    let first = command.get_args().next().unwrap_or_default();
    format!("`{} {}`", program.display(), first.display())
}

/// The first `major.minor` in what a program says about its version.
pub fn version_in(text: &str) -> Option<(u32, u32)> {
    text.split_whitespace().find_map(|word| {
        let mut numbers = word.trim_start_matches('v').split('.');
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        Some((major, minor))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        for (said, version) in [
            ("rustc 1.96.0 (ac68faa20 2026-05-25)", Some((1, 96))),
            ("rustc 1.97.0-nightly (ac68faa20 2026-05-25)", Some((1, 97))),
            ("spin 4.1.0 (1a2b3c4 2026-05-01)", Some((4, 1))),
            ("v3.5", Some((3, 5))),
            ("spin", None),
            ("", None),
        ] {
            assert_eq!(version_in(said), version, "{said}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_hangs_is_ended() {
        let limit = Duration::from_millis(100);
        let ended = |line| run_for_at_most(limit, Command::new("sh").args(["-c", line]));
        assert_eq!(ended("exec sleep 60"), Exit::TimedOut);
        assert_eq!(ended("exit 3"), Exit::Failure);
        let absent = run_for_at_most(limit, &mut Command::new("no-such-program-here"));
        assert_eq!(absent, Exit::NotFound);
    }
}
