//! wrk, which makes the load: it takes little of a machine that it shares with what it measures,
//! sends requests as they are given, and tells every latency.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::histogram::Histogram;

const SCRIPT: &str = include_str!("load.lua");

/// The program, and the folder for the files it reads.
pub struct Wrk {
    program: PathBuf,
    folder: PathBuf,
}

/// How hard, and for how long.
#[derive(Clone, Copy)]
pub struct Load {
    pub connections: u32,
    pub seconds: u32,
}

/// What came of it.
pub struct Run {
    pub requests: u64,
    pub per_second: f64,
    pub latencies: Histogram,
    /// How many were answered with 400 or above.
    refused: u64,
}

/// What load.lua prints.
#[derive(Deserialize)]
struct Printed {
    requests: u64,
    microseconds: u64,
    errors: Errors,
    latencies: Vec<(u64, u64)>,
}

#[derive(Debug, Deserialize)]
struct Errors {
    connect: u64,
    read: u64,
    write: u64,
    status: u64,
    timeout: u64,
}

impl Wrk {
    pub fn new(program: &Path, folder: &Path) -> Result<Self> {
        std::fs::write(folder.join("load.lua"), SCRIPT)
            .with_context(|| format!("cannot write into {}", folder.display()))?;
        Ok(Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
        })
    }

    /// Its name and version, as it says them.
    pub fn version(&self) -> String {
        let said = Command::new(&self.program).arg("--version").output();
        let said = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let said = said.unwrap_or_default();
        let words: Vec<_> = said.split_whitespace().take(2).collect();
        words.join(" ")
    }

    /// Sends `requests` in turn, over and over.
    pub fn run(&self, to: SocketAddr, requests: &[Vec<u8>], load: Load) -> Result<Run> {
        let file = self.folder.join("requests");
        write(&file, requests).with_context(|| format!("cannot write {}", file.display()))?;
        let output = Command::new(&self.program)
            .args(["--threads", "1", "--timeout", "5s"])
            .args(["--connections", &load.connections.to_string()])
            .args(["--duration", &format!("{}s", load.seconds)])
            .arg("--script")
            .arg(self.folder.join("load.lua"))
            .arg(format!("http://{to}/"))
            .arg(&file)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| {
                format!("{} cannot be started; install wrk", self.program.display())
            })?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "wrk failed: {}", text.trim());
        let last = text.lines().last().unwrap_or_default();
        let printed: Printed = serde_json::from_str(last)
            .with_context(|| format!("wrk printed no result: {}", text.trim()))?;
        printed.judge(load.connections)
    }
}

impl Run {
    /// Whether all replies were as that to one request, which had this status.
    pub fn expect_status(&self, status: u16) -> Result<()> {
        let expected = if status < 400 { 0 } else { self.requests };
        if self.refused != expected {
            bail!(
                "of {} replies {} had a status of 400 or above, where all were to have {status}",
                self.requests,
                self.refused
            );
        }
        Ok(())
    }
}

impl Printed {
    fn judge(self, connections: u32) -> Result<Run> {
        let errors = &self.errors;
        if errors.connect + errors.read + errors.write + errors.timeout > 0 {
            bail!(
                "of {} requests some had no whole reply ({errors:?})",
                self.requests
            );
        }
        let each = self.requests / u64::from(connections);
        // As wrk computes it, and where it is 0 adds nothing.
        let interval = self.microseconds.checked_div(each).unwrap_or(0);
        let latencies = Histogram::without_corrections(&self.latencies, interval)?;
        ensure!(
            self.requests > 0 && latencies.count() == self.requests,
            "wrk tells {} latencies of {} requests",
            latencies.count(),
            self.requests
        );
        Ok(Run {
            requests: self.requests,
            per_second: self.requests as f64 * 1e6 / self.microseconds as f64,
            latencies,
            refused: errors.status,
        })
    }
}

fn write(file: &Path, requests: &[Vec<u8>]) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::fs::File::create(file)?);
    for request in requests {
        writeln!(out, "{}", request.len())?;
        out.write_all(request)?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Result<Run> {
        let printed: Printed = serde_json::from_str(text).expect("as load.lua prints it");
        printed.judge(2)
    }

    #[test]
    fn a_run_is_requests_latencies_and_statuses() {
        let run = judged(
            r#"{"requests":4,"microseconds":2000000,"errors":{"connect":0,"read":0,"write":0,
                "status":4,"timeout":0},"latencies":[[900000,1],[990000,3]]}"#,
        )
        .expect("a run");
        assert_eq!(run.per_second, 2.0);
        assert_eq!(run.latencies.percentile(50.0), 990.0);
        assert!(run.expect_status(401).is_ok());
        assert!(run.expect_status(200).is_err());
    }

    #[test]
    fn a_reply_that_did_not_come_is_an_error() {
        let broken = judged(
            r#"{"requests":4,"microseconds":2000000,"errors":{"connect":0,"read":1,"write":0,
                "status":0,"timeout":0},"latencies":[[900000,1],[990000,3]]}"#,
        );
        assert!(broken.is_err());
    }
}
