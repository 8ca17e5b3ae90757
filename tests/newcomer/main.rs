//! A newcomer's path: a clone, the README's first command, the line that it prints, and the page.
//!
//! The clone is what one of the next commit would be: all files that git has or would take. What has
//! been compiled of other people's code is in it too, so that this takes a minute and not ten.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use support::browser::Browser;
use support::pages::blocks_of;
use support::ports::free_address;
use support::process::{ProcessGroup, program};
use support::project::root;
use tempfile::TempDir;

/// How long it may be silent: it names each crate that it compiles.
const PATIENCE: Duration = Duration::from_secs(900);

/// How variables begin that a test has, and a newcomer's shell has not. Some build scripts are run
/// again where theirs have changed.
const OF_TESTS: [&str; 9] = [
    "CARGO_BIN_EXE_",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_TMPDIR",
    "OUT_DIR",
    "SAM_CALLBACK_",
    "SPIN_VARIABLE_",
];

/// A program without what a newcomer's shell does not have.
fn newcomers(name: &str) -> Command {
    let mut command = program(name);
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if OF_TESTS.iter().any(|prefix| name.starts_with(prefix)) {
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

    // They work in any folder.
    let elsewhere = TempDir::new().expect("a folder");
    let post = up.wait_for("curl -sS -X POST ");
    let answered = run(&post, elsewhere.path());
    assert_eq!(answered["result"], "updated", "{post}\n{answered}");
    let line = up.wait_for("curl -sS http");
    let row = run(&line, elsewhere.path());
    assert_eq!(row["Estado"], "RUN_COMPLETED", "{line}\n{row}");

    let ignored = fs::read_to_string(clone.path().join(".gitignore")).expect("text");
    for secret in [".env", ".callback-header"] {
        let file = fs::metadata(clone.path().join(secret)).expect("written");
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{secret}");
        assert!(ignored.contains(&format!("\n/{secret}\n")), "{secret}");
    }
    let settings = fs::read_to_string(clone.path().join(".env")).expect("text");
    let token = settings
        .lines()
        .find_map(|line| line.strip_prefix("SPIN_VARIABLE_CALLBACK_TOKEN="))
        .expect("a token");
    let printed = post + &line;
    assert!(!printed.contains(token), "the token is printed");

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
    let listed = newcomers("git")
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
        for (part, take) in [
            (".fingerprint", copy as Take),
            ("build", copy),
            ("deps", link),
        ] {
            let part = Path::new("target").join(built).join(part);
            take_along(&root().join(&part), &clone.path().join(&part), take);
        }
    }
    clone
}

/// Whether a file is there now, and so may be used. Without it more is compiled, which is as good.
type Take = fn(&Path, &Path) -> bool;

/// With its time, by which cargo knows what is older than what.
fn copy(from: &Path, to: &Path) -> bool {
    let modified = fs::metadata(from).and_then(|it| it.modified());
    let copied = fs::copy(from, to).and_then(|_| fs::File::options().write(true).open(to));
    let same = modified.and_then(|time| copied?.set_modified(time));
    same.is_ok()
}

/// Compilers put a new library in the place of an old one, so what is only linked stays as it is. All
/// else may be written into.
fn link(from: &Path, to: &Path) -> bool {
    let extension = from.extension().and_then(|it| it.to_str());
    match extension {
        Some("rlib" | "rmeta" | "so") => fs::hard_link(from, to).is_ok(),
        _ => copy(from, to),
    }
}

/// What belongs to the project itself. It has the same name in each clone, so none may have another's.
const OWN: [&str; 9] = [
    "app_manifest",
    "bench",
    "build_script_build",
    "floor",
    "floor_out",
    "host",
    "sam_callback",
    "support",
    "xtask",
];

/// `host-0123456789abcdef`, `sam_callback.wasm`, or a test's name in place of such a one.
fn is_own(name: &str) -> bool {
    let name = name.strip_prefix("lib").unwrap_or(name);
    let name = name.split('.').next().unwrap_or(name);
    let name = name.rsplit_once('-').map_or(name, |(name, _)| name);
    let name = name.replace('-', "_");
    let tests = root().join("tests");
    let is_test = tests.join(&name).is_dir() || tests.join(format!("{name}.rs")).is_file();
    OWN.contains(&name.as_str()) || is_test
}

fn take_along(from: &Path, to: &Path, take: Take) {
    let Ok(entries) = fs::read_dir(from) else {
        return;
    };
    for entry in entries {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        if !is_own(&name.to_string_lossy()) {
            take_whole(&entry.path(), &to.join(name), take);
        }
    }
}

fn take_whole(from: &Path, to: &Path, take: Take) -> bool {
    fs::create_dir_all(to.parent().expect("a folder")).expect("made");
    match fs::read_dir(from) {
        Ok(entries) => {
            fs::create_dir_all(to).expect("made");
            let mut entries = entries.map(|entry| entry.expect("an entry"));
            entries.all(|entry| take_whole(&entry.path(), &to.join(entry.file_name()), take))
        }
        Err(_) => take(from, to),
    }
}

/// The first command of the README, without what it says of it.
fn first_command() -> String {
    let blocks = blocks_of("README.md", "sh");
    let line = blocks[0].lines().next().expect("a line");
    let command = line.split('#').next().expect("a command").trim();
    assert_eq!(command, "cargo xtask up");
    command.to_owned()
}

/// What `cargo xtask up` has become, until it is dropped.
struct Up {
    /// Killed with this.
    _process: ProcessGroup,
    lines: Receiver<String>,
}

impl Up {
    fn start(command: &str, clone: &Path, address: SocketAddr) -> Self {
        // Its own port may be taken here.
        let command = format!("exec {command} --listen {address}");
        let mut bash = newcomers("bash");
        bash.args(["-c", &command])
            .current_dir(clone)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = ProcessGroup::spawn(&mut bash).expect("bash");
        let (sender, lines) = channel();
        let outputs: [Box<dyn Read + Send>; 2] = [
            Box::new(process.child.stdout.take().expect("a pipe")),
            Box::new(process.child.stderr.take().expect("a pipe")),
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
        Self {
            _process: process,
            lines,
        }
    }

    /// The first line from here on that begins like this. It may have to compile until then.
    fn wait_for(&self, beginning: &str) -> String {
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            if line.starts_with(beginning) {
                return line;
            }
            seen.push(line);
        }
        panic!("no line begins with {beginning:?}:\n{}", seen.join("\n"));
    }
}

/// The reply to a line that was printed.
fn run(line: &str, folder: &Path) -> Value {
    let output = newcomers("bash")
        .args(["-c", line])
        .current_dir(folder)
        .output()
        .expect("bash");
    let said = String::from_utf8(output.stdout).expect("text");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{line}: {error}: {said}"))
}
