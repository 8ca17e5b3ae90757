//! A server of its own for a test, and requests to it.

use std::io::{BufRead as _, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use ureq::http::{HeaderMap, Request};

use crate::ports::{PATIENCE, free_address, wait_until_it_serves};
use crate::process::ProcessGroup;
use crate::project::root;

/// The token that every server here accepts.
pub const TOKEN: &str = "un-token-de-prueba";

/// The header it comes in.
pub const SIGNED: (&str, &str) = ("X-Authorization", TOKEN);

const RUNTIME_CONFIG: &str = "runtime-config.toml";

/// A server that serves the built component until it is dropped.
pub struct Server {
    process: ProcessGroup,
    pub address: SocketAddr,
    settings: Vec<(String, String)>,
    flags: &'static [&'static str],
    /// The folder it keeps its state in.
    pub state: Arc<TempDir>,
    output: Arc<Output>,
}

/// What the server and the component have printed, line by line.
#[derive(Default)]
struct Output {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

/// A reply as a caller sees it.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The reply's status and its `code`.
    pub fn refusal(&self) -> (u16, String) {
        let code = self.json()["code"].as_str().unwrap_or_default().to_owned();
        (self.status, code)
    }
}

impl Server {
    /// Serves with these settings on top of spin.toml's defaults and the token.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let token = ("callback_token", TOKEN);
        Self::start_bare(&[&[token], settings].concat())
    }

    /// The same, by one instance of the component until that has served its share of requests.
    pub fn start_patient(settings: &[(&str, &str)]) -> Self {
        let token = ("callback_token", TOKEN);
        let settings = [&[token], settings].concat();
        Self::start_with(&settings, &["--idle-instance-timeout", "600s"])
    }

    /// Serves with these settings on top of spin.toml's defaults.
    pub fn start_bare(settings: &[(&str, &str)]) -> Self {
        Self::start_with(settings, &[])
    }

    /// The same, with these flags.
    pub fn start_with(settings: &[(&str, &str)], flags: &'static [&'static str]) -> Self {
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let state = TempDir::new().expect("a folder for the state");
        Self::spawn(settings, flags, Arc::new(state), free_address())
    }

    /// Serves from a folder that was made ready: with a store, or a runtime-config.toml of its own.
    pub fn start_prepared(settings: &[(&str, &str)], prepare: impl FnOnce(&Path)) -> Self {
        Self::start_prepared_with(settings, &[], prepare)
    }

    /// The same, with these flags.
    pub fn start_prepared_with(
        settings: &[(&str, &str)],
        flags: &'static [&'static str],
        prepare: impl FnOnce(&Path),
    ) -> Self {
        let token = [("callback_token", TOKEN)];
        let settings = token.iter().chain(settings);
        let settings = settings
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let state = TempDir::new().expect("a folder for the state");
        prepare(state.path());
        Self::spawn(settings, flags, Arc::new(state), free_address())
    }

    /// Ends the server as a power cut would, and serves again from the same state and at the same
    /// address.
    pub fn kill_and_restart(mut self) -> Self {
        self.end();
        let (settings, state) = (self.settings.clone(), Arc::clone(&self.state));
        Self::spawn(settings, self.flags, state, self.address)
    }

    /// The same, after something was done to the folder of its state.
    pub fn restart_after(mut self, prepare: impl FnOnce(&Path)) -> Self {
        self.end();
        prepare(self.state.path());
        self.kill_and_restart()
    }

    /// The same, with one setting changed.
    pub fn kill_and_restart_with(mut self, setting: &str, value: &str) -> Self {
        for (name, old) in &mut self.settings {
            if name == setting {
                value.clone_into(old);
            }
        }
        self.kill_and_restart()
    }

    fn spawn(
        settings: Vec<(String, String)>,
        flags: &'static [&'static str],
        state: Arc<TempDir>,
        address: SocketAddr,
    ) -> Self {
        let mut command = command(&settings, address, state.path());
        command.args(flags);
        Self::run(command, settings, flags, state, address)
    }

    /// Serves by a command of somebody else's making, with these settings over the defaults; its flags
    /// name that address and that folder.
    pub fn start_by(
        mut command: Command,
        settings: &[(&str, &str)],
        address: SocketAddr,
        state: TempDir,
    ) -> Self {
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        set_variables(&mut command, &settings);
        Self::run(command, settings, &[], Arc::new(state), address)
    }

    fn run(
        mut command: Command,
        settings: Vec<(String, String)>,
        flags: &'static [&'static str],
        state: Arc<TempDir>,
        address: SocketAddr,
    ) -> Self {
        command
            // Away from an operator's .env.
            .current_dir(state.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let output = Arc::new(Output::default());
        let mut process = ProcessGroup::spawn(&mut command)
            .expect("SAM_CALLBACK_SERVER names a program that starts");
        output.collect(process.child.stdout.take().expect("a pipe"));
        output.collect(process.child.stderr.take().expect("a pipe"));
        let mut server = Self {
            process,
            address,
            settings,
            flags,
            state,
            output,
        };
        let output = Arc::clone(&server.output);
        wait_until_it_serves(&mut server.process.child, address, || {
            format!("{:#?}", output.lines.lock().expect("no panic"))
        });
        server
    }

    /// Sends a request on a connection of its own. Its reply is JSON.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let reply = self.send_for(method, path, headers, body);
        let content_type = reply.header("content-type");
        assert_eq!(content_type, Some("application/json"), "{}", reply.text);
        reply
    }

    /// Sends a request on a connection of its own, whatever its reply is.
    pub fn send_for(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).expect("a request");
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        let response = agent.run(request).expect("a reply");
        let (head, mut body) = response.into_parts();
        let text = body.read_to_string().expect("text");
        let length = text.len().to_string();
        let said = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        assert_eq!(said("content-length"), Some(length.as_str()), "{text}");
        assert!(
            said("x-request-id").is_some_and(|id| !id.is_empty()),
            "{text}"
        );
        Reply {
            status: head.status.as_u16(),
            headers: head.headers,
            text,
        }
    }

    /// Sends a callback with the right token.
    pub fn callback(&self, body: impl AsRef<[u8]>) -> Reply {
        let headers = [SIGNED, ("Content-Type", "application/json")];
        self.send("POST", "/api/callback", &headers, body.as_ref())
    }

    /// Reads the row of a deployment; its id stands encoded in the path.
    pub fn row(&self, encoded_id: &str) -> Option<Value> {
        let path = format!("/api/callback/{encoded_id}");
        let reply = self.send("GET", &path, &[SIGNED], b"");
        match reply.status {
            200 => Some(reply.json()),
            404 => None,
            _ => panic!("{reply:?}"),
        }
    }

    /// A connection to speak on by hand.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    /// The audit line of the request with this id.
    pub fn audit_line(&self, request_id: &str) -> Value {
        self.line_with(&format!("\"request_id\":\"{request_id}\""))
    }

    /// The first log line with this text in it, as soon as it is there.
    pub fn line_with(&self, text: &str) -> Value {
        let line = self.output.wait_for(text);
        let start = line.find('{').unwrap_or_else(|| panic!("no JSON: {line}"));
        serde_json::from_str(&line[start..]).unwrap_or_else(|_| panic!("no JSON: {line}"))
    }

    /// All that was printed so far.
    pub fn printed(&self) -> String {
        self.output.lines.lock().expect("no panic").join("\n")
    }

    fn end(&mut self) {
        if !self.process.kill() {
            // Another server may have its address by now.
            return;
        }
        // The child of `spin up` is nobody's to wait for, and may listen a moment longer.
        while TcpStream::connect(self.address).is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the server of the failed test printed:\n{}", self.printed());
        }
        self.end();
    }
}

impl Output {
    fn collect(self: &Arc<Self>, pipe: impl Read + Send + 'static) {
        let output = Arc::clone(self);
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                output.lines.lock().expect("no panic").push(line);
                output.more.notify_all();
            }
        });
    }

    fn wait_for(&self, text: &str) -> String {
        let found = |lines: &[String]| lines.iter().find(|line| line.contains(text)).cloned();
        let lines = self.lines.lock().expect("no panic");
        let (lines, _) = self
            .more
            .wait_timeout_while(lines, PATIENCE, |lines| found(lines).is_none())
            .expect("no panic");
        found(&lines).unwrap_or_else(|| panic!("{text} is not in {lines:#?}"))
    }
}

/// The server that `SAM_CALLBACK_SERVER` names, without flags.
pub fn named() -> Command {
    let named = std::env::var("SAM_CALLBACK_SERVER");
    let named = named.expect("SAM_CALLBACK_SERVER is set; `cargo xtask test` does that");
    let mut words = named.split_whitespace();
    let mut command = Command::new(words.next().expect("SAM_CALLBACK_SERVER names a program"));
    command.args(words);
    command
}

fn command(settings: &[(String, String)], address: SocketAddr, state: &Path) -> Command {
    let own = state.join(RUNTIME_CONFIG);
    let runtime_config = if own.exists() {
        own
    } else {
        root().join(RUNTIME_CONFIG)
    };
    let mut command = named();
    command
        .arg("--from")
        .arg(root().join("spin.toml"))
        .arg("--runtime-config-file")
        .arg(runtime_config)
        .arg("--listen")
        .arg(address.to_string())
        .arg("--state-dir")
        .arg(state);
    set_variables(&mut command, settings);
    command
}

/// Without an operator's variables.
fn set_variables(command: &mut Command, settings: &[(String, String)]) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SPIN_VARIABLE_") {
            command.env_remove(name);
        }
    }
    for (name, value) in settings {
        command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), value);
    }
}
