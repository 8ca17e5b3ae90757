//! A newcomer's path: a clone, the README's first command, the line that it prints, and the page.
//!
//! The clone is what one of the next commit would be: all files that git has or would take. What has
//! been compiled of other people's code is linked into it, so that this takes a minute and not ten.

#[path = "../guide/blocks.rs"]
#[allow(dead_code, reason = "made for the guide, which needs more of it")]
mod blocks;
#[path = "../over_http/server.rs"]
#[allow(
    dead_code,
    reason = "made for the tests over HTTP, which need more of it"
)]
mod server;
#[path = "../interface/webdriver.rs"]
#[allow(
    dead_code,
    reason = "made for the tests of the page, which need more of it"
)]
mod webdriver;

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;

use server::{free_address, root};
use webdriver::Browser;

/// Variables that would send a request to this machine elsewhere.
const PROXIES: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

/// The program that this variable names, or that has this name: with nothing to read, and without
/// what a newcomer's shell does not have.
fn program(name: &str) -> Command {
    let mut command = Command::new(std::env::var_os(name).unwrap_or_else(|| name.into()));
    command.stdin(Stdio::null());
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        let is_of_tests = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "SAM_CALLBACK_",
            "SPIN_VARIABLE_",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix));
        if is_of_tests || name == "CARGO_TARGET_DIR" || PROXIES.contains(&&*name) {
            command.env_remove(&variable);
        }
    }
    command
}

#[test]
fn from_a_clone_to_a_callback() {
    let clone = clone();
    let address = free_address();
    let up = Up::start(&first_command(), clone.path(), address);

    let line = up.wait_for("curl -sS -X POST ");
    let answered = run(&line, clone.path());
    assert_eq!(answered["result"], "updated", "{line}\n{answered}");
    let line = up.wait_for("curl -sS 'http");
    let row = run(&line, clone.path());
    assert_eq!(row["Estado"], "RUN_COMPLETED", "{line}\n{row}");

    let settings = clone.path().join(".env");
    let mode = fs::metadata(&settings).expect("written").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let settings = fs::read_to_string(settings).expect("text");
    let token = settings
        .lines()
        .find_map(|line| line.strip_prefix("SPIN_VARIABLE_CALLBACK_TOKEN="))
        .expect("a token");

    let browser = Browser::start();
    browser.open(&format!("http://{address}/docs"));
    browser.wait_for("return document.querySelector('#callback') !== null");
    browser.click("#callback .try > summary");
    browser.fill("#callback form input[name=callbackToken]", token);
    browser.click("#callback form button[type=submit]");
    let said = "document.querySelector('#callback form [role=status]').textContent";
    browser.wait_for(&format!("return /^\\d/.test({said})"));
    let said = browser.execute(&format!("return {said}"));
    assert!(
        said.as_str().is_some_and(|said| said.starts_with("200")),
        "{said}"
    );
}

/// All that a clone would have, and what has been compiled of others' code.
fn clone() -> TempDir {
    let clone = TempDir::new().expect("a folder");
    let listed = program("git")
        // Whoever runs the tests may not be who has cloned.
        .args(["-c", "safe.directory=*"])
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output()
        .expect("git");
    assert!(listed.status.success(), "{listed:?}");
    let listed = String::from_utf8(listed.stdout).expect("names in UTF-8");
    for name in listed.split_terminator('\0') {
        let (from, to) = (root().join(name), clone.path().join(name));
        // One that is about to be removed.
        if !from.exists() {
            continue;
        }
        fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        fs::copy(from, to).expect("copied");
    }
    for built in ["debug", "host", "release", "wasm32-wasip2/release"] {
        for part in [".fingerprint", "build", "deps"] {
            let part = Path::new("target").join(built).join(part);
            link(&root().join(&part), &clone.path().join(&part));
        }
    }
    clone
}

/// Links all files of a folder. Where that cannot be done all is compiled, which is as good.
fn link(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else {
        return;
    };
    fs::create_dir_all(to).expect("made");
    for entry in entries {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            link(&entry.path(), &to);
        } else if fs::hard_link(entry.path(), &to).is_err() {
            return;
        }
    }
}

/// The first command of the README, without what it says of it.
fn first_command() -> String {
    let blocks = blocks::blocks_of("README.md", "sh");
    let line = blocks[0].lines().next().expect("a line");
    let command = line.split('#').next().expect("a command").trim();
    assert_eq!(command, "cargo xtask up");
    command.to_owned()
}

/// What `cargo xtask up` has become, until it is dropped.
struct Up {
    process: Child,
    lines: Receiver<String>,
}

impl Up {
    fn start(command: &str, clone: &Path, address: SocketAddr) -> Self {
        // Its own port may be taken here.
        let command = format!("exec {command} --listen {address}");
        let mut process = program("bash")
            .args(["-c", &command])
            .current_dir(clone)
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("bash");
        let (sender, lines) = channel();
        let outputs: [Box<dyn Read + Send>; 2] = [
            Box::new(process.stdout.take().expect("a pipe")),
            Box::new(process.stderr.take().expect("a pipe")),
        ];
        for output in outputs {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // Nobody reads any more once the test has ended.
                    let _ = sender.send(line);
                }
            });
        }
        Self { process, lines }
    }

    /// The first line from here on that begins like this. It may have to compile until then.
    fn wait_for(&self, beginning: &str) -> String {
        let mut seen = Vec::new();
        for line in &self.lines {
            if line.starts_with(beginning) {
                return line;
            }
            seen.push(line);
        }
        panic!("it has ended, and said\n{}", seen.join("\n"));
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = kill_process_group(Pid::from_child(&self.process), Signal::KILL);
        self.process.wait().expect("a child");
    }
}

/// The reply to a line that was printed.
fn run(line: &str, clone: &Path) -> Value {
    let output = program("bash")
        .args(["-c", line])
        .current_dir(clone)
        .output()
        .expect("bash");
    let said = String::from_utf8(output.stdout).expect("text");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{line}: {error}: {said}"))
}
