//! Programs that tests start, and that end with the test.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

/// Variables that would send a request to this machine elsewhere.
const PROXIES: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

/// A program that finds this machine by its own address, and nothing to read.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.stdin(Stdio::null());
    for name in PROXIES {
        command.env_remove(name);
    }
    command
}

/// The same, with the name that this variable has.
pub fn named_by(variable: &str) -> Command {
    let named = std::env::var_os(variable);
    program(named.unwrap_or_else(|| panic!("{variable} is set; `cargo xtask test` does that")))
}

/// A program and all that it has started, killed when this is dropped.
pub struct ProcessGroup {
    pub child: Child,
    killed: bool,
}

impl ProcessGroup {
    /// # Errors
    /// It does not start.
    pub fn spawn(command: &mut Command) -> std::io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        let killed = false;
        Ok(Self { child, killed })
    }

    /// Kills the whole group: `spin up` serves in a child of its own, which it could not end any
    /// more. Returns `false` where that was done before.
    pub fn kill(&mut self) -> bool {
        // Once only: the number may be another group's afterwards.
        if std::mem::replace(&mut self.killed, true) {
            return false;
        }
        // An error means that it has ended already.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        self.child.wait().expect("a child");
        true
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A shell between this process and a server, which would outlive a test process that is killed, or
/// that ends with this in a static. The shell's script ends the server when its standard input
/// ends; and that is a pipe from the test process, which the system closes whatever happens.
pub struct Supervisor(Child);

impl Supervisor {
    /// A shell that runs this script, and writes into this log. The caller adds its arguments.
    pub fn command(script: &str, log: File) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", script, "supervisor"])
            // Away from the terminal's Ctrl-C: it is still to clean up then.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("the log"))
            .stderr(log);
        command
    }

    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("a shell"))
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Ends the server, and waits for it.
    pub fn end(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().expect("a child");
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.end();
    }
}
