//! A browser, driven by the WebDriver protocol: as much of it as the tests of the page need.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::http::Request;

use crate::ports::{PATIENCE, free_address, wait_until_it_serves};
use crate::process::{ProcessGroup, named_by};

/// The name that the protocol gives to the id of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys that write nothing, as the protocol names them.
pub const TAB: &str = "\u{e004}";
pub const ENTER: &str = "\u{e007}";
pub const ESCAPE: &str = "\u{e00c}";

/// The width and height of a small phone.
const PHONE: (u32, u32) = (360, 800);

/// A browser with one empty page and nothing remembered.
pub struct Browser {
    driver: Driver,
    /// The path of the session.
    session: String,
    /// All that both keep.
    _folder: TempDir,
}

/// chromedriver, until it is dropped.
struct Driver {
    process: ProcessGroup,
    address: SocketAddr,
    agent: ureq::Agent,
}

impl Browser {
    pub fn start() -> Self {
        let folder = TempDir::new().expect("a folder for the browser");
        let driver = Driver::start(folder.path());
        let arguments = [
            "--headless=new",
            // A container's root has no sandbox, and little in /dev/shm.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--window-size=1200,900",
            &format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let session = driver.ask("POST", "/session", &wanted);
        let id = session["sessionId"].as_str().expect("the session's id");
        Self {
            session: format!("/session/{id}"),
            driver,
            _folder: folder,
        }
    }

    pub fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// What the page's script returns.
    pub fn execute(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The same, as soon as JavaScript takes it for true.
    pub fn wait_for(&self, script: &str) -> Value {
        let start = Instant::now();
        loop {
            let value = self.execute(script);
            if is_truthy(&value) {
                return value;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "waited in vain for `{script}`: {value}; the console has {:#?}, the page\n{}",
                self.console(),
                self.execute("return document.body.innerText")
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Clicks it; once more where the page has put another one in its place meanwhile, as one that refreshes
    /// itself does.
    pub fn click(&self, css: &str) {
        let click = || {
            let path = format!("{}/element/{}/click", self.session, self.find(css));
            self.driver.try_ask("POST", &path, &json!({}))
        };
        let clicked = match click() {
            Err(error) if error.contains("stale element reference") => click(),
            clicked => clicked,
        };
        clicked.unwrap_or_else(|error| panic!("click on {css}: {error}"));
    }

    /// Types this into a field.
    pub fn fill(&self, css: &str, text: &str) {
        let path = format!("/element/{}/value", self.find(css));
        self.post(&path, &json!({ "text": text }));
    }

    /// Presses these keys one after the other, wherever the focus is.
    pub fn press(&self, keys: &str) {
        let strokes = keys.chars().flat_map(|key| {
            let key = key.to_string();
            [
                json!({ "type": "keyDown", "value": &key }),
                json!({ "type": "keyUp", "value": &key }),
            ]
        });
        let strokes: Vec<_> = strokes.collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.post("/actions", &json!({ "actions": [keyboard] }));
    }

    /// What has come to the console since it was asked for last.
    pub fn console(&self) -> Vec<Value> {
        let entries = self.post("/se/log", &json!({ "type": "browser" }));
        entries.as_array().expect("entries").clone()
    }

    /// From here on the page is shown as on a phone.
    pub fn phone(&self) {
        let (width, height) = PHONE;
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": true,
        });
        let command = "Emulation.setDeviceMetricsOverride";
        self.post(
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": metrics }),
        );
    }

    /// Also those that no script sees.
    pub fn cookies(&self) -> Value {
        let path = format!("{}/cookie", self.session);
        self.driver.ask("GET", &path, &Value::Null)
    }

    fn find(&self, css: &str) -> String {
        let found = self.post(
            "/element",
            &json!({ "using": "css selector", "value": css }),
        );
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let path = format!("{}{path}", self.session);
        self.driver.ask("POST", &path, body)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It quits by itself first, and writes nothing more into the folder that is removed then. An
        // error means that it has ended already; whatever is left of it ends with the driver.
        let _ = self.driver.try_ask("DELETE", &self.session, &Value::Null);
    }
}

impl Driver {
    fn start(folder: &Path) -> Self {
        let address = free_address();
        let mut command = named_by("SAM_CALLBACK_CHROMEDRIVER");
        command
            .arg(format!("--port={}", address.port()))
            // The browser leaves folders there.
            .env("TMPDIR", folder)
            // It says there only where it listens; what fails is in its replies.
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = ProcessGroup::spawn(&mut command)
            .expect("SAM_CALLBACK_CHROMEDRIVER names a program that starts");
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        let mut driver = Self {
            process,
            address,
            agent,
        };
        wait_until_it_serves(&mut driver.process.child, address, || "nothing".to_owned());
        driver
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_ask(method, path, body)
            .unwrap_or_else(|error| panic!("{method} {path} {body}: {error}"))
    }

    /// The `value` of its reply.
    fn try_ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("Content-Type", "application/json");
        let response = if body.is_null() {
            self.agent.run(request.body(()).expect("a request"))
        } else {
            self.agent
                .run(request.body(body.to_string()).expect("a request"))
        };
        let mut response = response.map_err(|error| error.to_string())?;
        let text = response.body_mut().read_to_string();
        let text = text.map_err(|error| error.to_string())?;
        let mut reply: Value =
            serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        if response.status().is_success() {
            Ok(reply["value"].take())
        } else {
            Err(text)
        }
    }
}

fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}
