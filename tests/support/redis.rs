//! A real Redis for tests: on a port and with a password of its own, and gone with the test
//! process, however that ends.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::ports::{PATIENCE, free_address};
use crate::process::Supervisor;

/// With it a test knows its own server from another that took the port first.
const PASSWORD: &str = "una-clave-de-prueba";

/// Serves until the standard input ends.
const SUPERVISOR: &str = r#"
exec 3<&0
"$@" </dev/null &
server=$!
(cat <&3 >/dev/null; kill -KILL "$server" 2>/dev/null) &
wait "$server"
"#;

/// What of the server's data is on disk when a write is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Nothing,
    Everything,
}

/// A server that runs until this is dropped or the process ends.
pub struct Redis {
    supervisor: Supervisor,
    folder: TempDir,
    address: SocketAddr,
    kept: Kept,
}

impl Redis {
    /// Starts one that keeps everything in memory.
    pub fn start() -> Self {
        Self::start_keeping(Kept::Nothing)
    }

    /// Starts one that has each write on disk before it answers.
    pub fn start_durable() -> Self {
        Self::start_keeping(Kept::Everything)
    }

    /// What `url` is in a runtime-config.toml.
    pub fn url(&self) -> String {
        format!("redis://:{PASSWORD}@{}", self.address)
    }

    /// runtime-config.toml with this server as the store `default`, behind `others`.
    pub fn runtime_config(&self, others: &str) -> String {
        let url = self.url();
        format!("{others}\n[key_value_store.default]\ntype = \"redis\"\nurl = \"{url}\"\n")
    }

    /// Gives a command on a connection of its own, and waits for a reply that is no error.
    pub fn command(&self, words: &[&str]) {
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            let _ = write!(command, "${}\r\n{word}\r\n", word.len());
        }
        let replies = ask(self.address, &command).expect("Redis answers");
        let reply = replies.strip_prefix("+OK\r\n").unwrap_or(&replies);
        assert!(
            !reply.is_empty() && !reply.starts_with('-'),
            "{words:?}: {reply}"
        );
    }

    /// How often it was given this command, in lower case.
    pub fn times_given(&self, command: &str) -> u64 {
        let replies = ask(self.address, "INFO commandstats\r\n").expect("Redis answers");
        let line = format!("cmdstat_{command}:calls=");
        let found = replies
            .lines()
            .find_map(|it| it.strip_prefix(line.as_str()));
        let number = found.and_then(|rest| rest.split(',').next());
        number.map_or(0, |number| number.parse().expect("a number"))
    }

    /// Ends the server as a power cut would, and starts it again with what it has on disk.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.supervisor = supervisor(self.folder.path(), self.address, self.kept);
        assert!(self.serves(), "{}", self.log());
    }

    /// Ends the server as a power cut would.
    pub fn kill(&mut self) {
        self.supervisor.end();
    }

    fn start_keeping(kept: Kept) -> Self {
        loop {
            let folder = TempDir::new().expect("a folder for the server");
            let address = free_address();
            let mut redis = Self {
                supervisor: supervisor(folder.path(), address, kept),
                folder,
                address,
                kept,
            };
            if redis.serves() {
                return redis;
            }
            let log = redis.log();
            // Between finding a free port and listening on it, another program may have taken it.
            assert!(log.contains("already in use"), "Redis ended: {log}");
        }
    }

    /// Waits until it serves; `false` where it has ended.
    fn serves(&mut self) -> bool {
        let start = Instant::now();
        loop {
            if self
                .supervisor
                .child()
                .try_wait()
                .expect("a child")
                .is_some()
            {
                return false;
            }
            if knows_password(self.address) {
                return true;
            }
            let log = self.log();
            assert!(start.elapsed() < PATIENCE, "Redis does not serve: {log}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

fn supervisor(folder: &Path, address: SocketAddr, kept: Kept) -> Supervisor {
    let program = std::env::var_os("SAM_CALLBACK_REDIS").unwrap_or_else(|| "redis-server".into());
    let append = if kept == Kept::Everything {
        "yes"
    } else {
        "no"
    };
    let log = File::create(folder.join("log")).expect("a log");
    let mut command = Supervisor::command(SUPERVISOR, log);
    command
        .arg(program)
        .args(["--bind", &address.ip().to_string()])
        .args(["--port", &address.port().to_string()])
        .args(["--requirepass", PASSWORD, "--save", ""])
        .args(["--appendonly", append, "--appendfsync", "always", "--dir"])
        .arg(folder);
    Supervisor::start(&mut command)
}

/// Whether a Redis with our password has its data and answers.
fn knows_password(address: SocketAddr) -> bool {
    ask(address, "PING\r\n").is_ok_and(|replies| replies.starts_with("+OK\r\n+PONG\r\n"))
}

/// What it replies to the password and a command.
fn ask(address: SocketAddr, command: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("AUTH {PASSWORD}\r\n{command}QUIT\r\n").as_bytes())?;
    let mut replies = String::new();
    stream.read_to_string(&mut replies)?;
    Ok(replies)
}
