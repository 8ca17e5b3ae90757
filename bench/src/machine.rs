//! The conditions of a run: machine, system, host and load.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use crate::plan::Plan;
use crate::report::Conditions;

/// Asks the system. What it does not say stays empty.
pub fn conditions(plan: &Plan, root: &Path, server: &[String], load: String) -> Conditions {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    Conditions {
        at: now,
        source: output(
            Command::new("git")
                .args(["describe", "--always", "--dirty"])
                .current_dir(root),
        ),
        host: host(server),
        load,
        machine: machine(),
        system: system(&output(Command::new("uname").arg("-sr"))),
        busy: busy(),
        rounds: plan.rounds(),
        seconds: plan.seconds(),
    }
}

/// The server's name and version, or its name.
fn host(server: &[String]) -> String {
    let Some(program) = server.first() else {
        return String::new();
    };
    let version = output(Command::new(program).arg("--version"));
    let words: Vec<_> = version.split_whitespace().take(2).collect();
    match words.as_slice() {
        ["host", version] => format!("the stand-in {version}"),
        [name, version] => format!("{name} {version}"),
        _ => Path::new(program)
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
    }
}

/// `name release`, of which the release's first two numbers say enough.
fn system(said: &str) -> String {
    let numbers: Vec<_> = said.splitn(3, '.').take(2).collect();
    numbers.join(".")
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, |cores| cores.get());
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let model = value_of("model name", &read("/proc/cpuinfo"));
    let memory = value_of("MemTotal", &read("/proc/meminfo"));
    let kilobytes = memory
        .split(' ')
        .next()
        .and_then(|kb| kb.parse::<f64>().ok());
    let memory = kilobytes.map(|kb| format!(", {:.0} GB", kb / 1024.0 / 1024.0));
    let model = if model.is_empty() {
        String::new()
    } else {
        format!(" of {model}")
    };
    format!("{cores} cores{model}{}", memory.unwrap_or_default())
}

fn busy() -> Option<f64> {
    let said = std::fs::read_to_string("/proc/loadavg").ok()?;
    said.split(' ').next()?.parse().ok()
}

/// Of lines `name : value` as the kernel writes them, the first value of this name.
fn value_of(name: &str, text: &str) -> String {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    let found = pairs.find(|(key, _)| key.trim() == name);
    found.map_or(String::new(), |(_, value)| value.trim().to_owned())
}

fn output(command: &mut Command) -> String {
    let output = command.output().ok().filter(|said| said.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lines_are_read() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\nmodel name\t: other\n";
        assert_eq!(value_of("model name", text), "Some CPU @ 2.0GHz");
        assert_eq!(value_of("MemTotal", text), "");
    }

    #[test]
    fn a_system_is_its_name_and_two_numbers() {
        for (said, is) in [
            ("Linux 6.1.0-13-amd64", "Linux 6.1"),
            ("Darwin 25.0.0", "Darwin 25.0"),
            ("Other", "Other"),
        ] {
            assert_eq!(system(said), is);
        }
    }
}
