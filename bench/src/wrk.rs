//! Makes load with wrk, which takes little of a machine that it shares with what it measures.

mod result;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use result::Printed;
pub use result::{Flooded, Run};

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

/// Load that is under way, until it is stopped.
pub struct Flood(Option<Child>);

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
        let output = self
            .command(to, requests, load, "requests")?
            .output()
            .with_context(|| self.is_missing())?;
        Printed::of(&output)?.judge(load.connections)
    }

    /// Begins to do so. It ends by itself after the time of `load`, or when it is stopped.
    pub fn start(&self, to: SocketAddr, requests: &[Vec<u8>], load: Load) -> Result<Flood> {
        let child = self
            .command(to, requests, load, "flood")?
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| self.is_missing())?;
        Ok(Flood(Some(child)))
    }

    fn command(
        &self,
        to: SocketAddr,
        requests: &[Vec<u8>],
        load: Load,
        file: &str,
    ) -> Result<Command> {
        let file = self.folder.join(file);
        write(&file, requests).with_context(|| format!("cannot write {}", file.display()))?;
        let mut command = Command::new(&self.program);
        command
            .args(["--threads", "1", "--timeout", "5s"])
            .args(["--connections", &load.connections.to_string()])
            .args(["--duration", &format!("{}s", load.seconds)])
            .arg("--script")
            .arg(self.folder.join("load.lua"))
            .arg(format!("http://{to}/"))
            .arg(&file)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        Ok(command)
    }

    fn is_missing(&self) -> String {
        format!("{} cannot be started; install wrk", self.program.display())
    }
}

impl Flood {
    /// Ends it, and says what came of it.
    pub fn stop(mut self) -> Result<Flooded> {
        let child = self.0.take().context("the flood has ended before")?;
        // It prints what it has counted so far. Where it has ended by itself it has done so.
        let _ = kill_process(Pid::from_child(&child), Signal::INT);
        let output = child.wait_with_output().context("wrk is gone")?;
        Printed::of(&output).map(Printed::into_flooded)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
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

    #[test]
    fn a_flood_ends_when_it_is_stopped() {
        let folder = tempfile::TempDir::new().expect("a folder");
        // It has no wrk's flags, and prints as wrk does when it is told to stop.
        let program = folder.path().join("wrk");
        // A shell does not trap what is ignored as it starts, as SIGINT is in the background of another.
        let script = r#"#!/usr/bin/env -S --default-signal=INT /bin/sh
            end() {
                errors='{"connect":0,"read":0,"write":0,"status":0,"timeout":0}'
                echo '{"requests":0,"microseconds":0,"errors":'"$errors"',"latencies":[]}'
                exit 0
            }
            trap end INT
            touch "$0.ready"
            while :; do sleep 0.01; done
        "#;
        std::fs::write(&program, script).expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode).expect("set");
        let wrk = Wrk::new(&program, folder.path()).expect("a load");
        let load = Load {
            connections: 1,
            seconds: 60,
        };
        let to = SocketAddr::from(([127, 0, 0, 1], 1));
        let flood = wrk.start(to, &[b"x".to_vec()], load).expect("started");
        while !program.with_extension("ready").exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let flooded = flood.stop().expect("a result");
        assert_eq!((flooded.requests, flooded.per_second), (0, 0.0));
    }
}
