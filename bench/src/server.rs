//! Starts and stops a server of one component: the stand-in, or another program with the flags of
//! `spin up`.

use std::fs::File;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::exchange::exchange;

/// How long a server may take until it serves: it may have to compile its component.
const PATIENCE: Duration = Duration::from_secs(180);

/// The path that the host itself answers, without the component.
const HOSTS_OWN: &str = "/.well-known/spin/health";

/// What is to be served, and how.
#[derive(Clone, Debug, Default)]
pub struct Application {
    /// Its spin.toml, below the project's folder.
    pub manifest: &'static str,
    pub settings: Vec<(&'static str, String)>,
}

/// How servers are started.
pub struct Servers {
    /// The program, and arguments before the flags.
    pub command: Vec<String>,
    /// The project's folder.
    pub root: PathBuf,
}

/// Serves until it is dropped.
pub struct Server {
    process: Child,
    pub address: SocketAddr,
    /// From its start until it served.
    pub started_in: Duration,
    state: TempDir,
}

impl Application {
    pub fn new(manifest: &'static str, settings: &[(&'static str, &str)]) -> Self {
        let settings = settings.iter();
        Self {
            manifest,
            settings: settings
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
        }
    }
}

impl Servers {
    pub fn start(&self, application: &Application) -> Result<Server> {
        self.start_with(application, None, |_| Ok(()))
    }

    /// The same, with this folder for what is compiled, and once its state has been made ready.
    pub fn start_with(
        &self,
        application: &Application,
        cache: Option<&Path>,
        prepare: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Server> {
        let state = TempDir::new().context("no folder for a server's state")?;
        prepare(state.path())?;
        let address = free_address();
        let mut command = self.command(application, address, state.path())?;
        if let Some(cache) = cache {
            command.env("XDG_CACHE_HOME", cache);
        }
        let started = Instant::now();
        let process = command
            .spawn()
            .with_context(|| format!("{} cannot be started", self.command.join(" ")))?;
        let mut server = Server {
            process,
            address,
            started_in: Duration::ZERO,
            state,
        };
        server.wait_until_it_serves(started)?;
        server.started_in = started.elapsed();
        Ok(server)
    }

    fn command(
        &self,
        application: &Application,
        address: SocketAddr,
        state: &Path,
    ) -> Result<Command> {
        let (program, arguments) = self.command.split_first().context("no server is named")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg("--from")
            .arg(self.root.join(application.manifest))
            .arg("--runtime-config-file")
            .arg(self.root.join("runtime-config.toml"))
            .args(["--listen", &address.to_string(), "--state-dir"])
            .arg(state)
            // Away from an operator's .env, and without an operator's variables.
            .current_dir(state)
            // Some leave files behind when they are killed.
            .env("TMPDIR", state)
            .process_group(0)
            .stdin(Stdio::null())
            // The log is written, as anywhere, and nobody has to keep up with it.
            .stdout(Stdio::null())
            .stderr(File::create(state.join("stderr"))?);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SPIN_VARIABLE_") {
                command.env_remove(name);
            }
        }
        for (name, value) in &application.settings {
            command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), value);
        }
        Ok(command)
    }
}

impl Server {
    /// It listens before it has compiled its component, and answers only then.
    fn wait_until_it_serves(&mut self, started: Instant) -> Result<()> {
        let request =
            format!("GET {HOSTS_OWN} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        loop {
            let answer = match TcpStream::connect(self.address) {
                Ok(_) => exchange(self.address, request.as_bytes()).ok(),
                Err(_) => None,
            };
            if answer.is_some_and(|answer| answer.status == 200) {
                return Ok(());
            }
            if self.process.try_wait()?.is_some() || started.elapsed() > PATIENCE {
                bail!("the server does not serve; it said: {}", self.last_stderr());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The folder that it keeps its state in.
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// The end of what it has printed on stderr.
    pub fn last_stderr(&self) -> String {
        let said = std::fs::read_to_string(self.state().join("stderr")).unwrap_or_default();
        let lines: Vec<_> = said.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }

    /// How much memory it and its children have, in KB; `None` where the system does not say.
    pub fn resident(&self) -> Option<f64> {
        self.sum("VmRSS:")
    }

    /// How many threads it and its children have.
    pub fn threads(&self) -> Option<f64> {
        self.sum("Threads:")
    }

    /// The sum of this line of `/proc/<id>/status` over the processes of its group.
    fn sum(&self, line: &str) -> Option<f64> {
        let group = self.process.id();
        let processes = Path::new("/proc").read_dir().ok()?.flatten();
        let values = processes.filter_map(|process| of_process(&process.path(), group, line));
        let sum: u64 = values.sum();
        (sum > 0).then_some(sum as f64)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The whole group: `spin up` serves in a child of its own, which it could not end any more.
        let _ = kill_process_group(Pid::from_child(&self.process), Signal::KILL);
        let _ = self.process.wait();
        // That child is nobody's to wait for, and may listen a moment longer.
        while TcpStream::connect(self.address).is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A line of the status of a process, where it is of this group.
fn of_process(process: &Path, group: u32, line: &str) -> Option<u64> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    if group_of(&stat)? != group {
        return None;
    }
    number_in(&std::fs::read_to_string(process.join("status")).ok()?, line)
}

/// The number in a line of `/proc/<id>/status` that begins like this. Memory is in KB there.
fn number_in(status: &str, line: &str) -> Option<u64> {
    let rest = status.lines().find_map(|it| it.strip_prefix(line))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// The process group in the text of `/proc/<id>/stat`: the third word behind the program's name,
/// which stands in parentheses and may have any in it. The first is `Z` where it has ended and
/// nobody has asked how yet: then it has one thread, and is none of the group's any more.
fn group_of(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    let is_alive = words.next()? != "Z";
    words.nth(1)?.parse().ok().filter(|_| is_alive)
}

/// Below the ports that the system gives to clients: one of those may be taken again before the
/// server has it.
fn free_address() -> SocketAddr {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 10_000).unwrap_or_default();
    loop {
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        let address = SocketAddr::from(([127, 0, 0, 1], 20_000 + (first + given) % 10_000));
        if TcpStream::connect(address).is_err() {
            return address;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_group_is_read_behind_any_name() {
        assert_eq!(group_of("12 (spin) S 1 34 34 0"), Some(34));
        assert_eq!(group_of("12 (a b) c) S 1 34 34 0"), Some(34));
        assert_eq!(group_of("12 (spin) Z 1 34 34 0"), None);
        assert_eq!(group_of("12"), None);
    }

    #[test]
    fn a_number_is_read_from_its_line_alone() {
        let status = "Name:\tThreads: 9\nVmHWM:\t    90 kB\nVmRSS:\t    80 kB\nThreads:\t7\n";
        assert_eq!(number_in(status, "VmRSS:"), Some(80));
        assert_eq!(number_in(status, "Threads:"), Some(7));
        assert_eq!(number_in("Name:\tx\n", "Threads:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_threads_of_a_whole_group_count() {
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 60 & sleep 60"])
            .process_group(0)
            .spawn()
            .expect("a shell");
        while shell.try_wait().expect("a child").is_none() {
            let group = shell.id();
            let processes = Path::new("/proc").read_dir().expect("/proc").flatten();
            let alive = processes.filter_map(|it| of_process(&it.path(), group, "Threads:"));
            // The shell itself may have become the second of them.
            if alive.sum::<u64>() >= 2 {
                break;
            }
        }
        let server = Server {
            process: shell,
            address: SocketAddr::from(([127, 0, 0, 1], 1)),
            started_in: Duration::ZERO,
            state: TempDir::new().expect("a folder"),
        };
        assert!(server.threads().is_some_and(|threads| threads >= 2.0));
        assert!(server.resident().is_some_and(|kilobytes| kilobytes > 0.0));
    }
}
