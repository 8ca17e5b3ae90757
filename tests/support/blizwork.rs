//! BlizWork's API as strict as its documentation: a request that is not exactly as described fails
//! the test, and a call token is valid for 60 seconds from when it was made.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::upstream::{self, Act, RecordedRequest, Upstream};

/// What lets a company use BlizWork's API. Its signs show whether it comes as it is.
pub const API_TOKEN: &str = "una/clave de?API";

/// The address that BlizWork has for the hook.
pub const ENDPOINT: &str = "https://sam.example/blizwork";

pub struct BlizWorkServer {
    pub upstream: Upstream,
    calls: Arc<Mutex<BTreeMap<String, Instant>>>,
    strange: Arc<Mutex<Vec<String>>>,
}

impl BlizWorkServer {
    pub fn start() -> Self {
        let calls = Arc::<Mutex<BTreeMap<String, Instant>>>::default();
        let strange = Arc::<Mutex<Vec<String>>>::default();
        let (known, noted) = (Arc::clone(&calls), Arc::clone(&strange));
        let upstream = Upstream::start(move |asked| {
            let made = |token: &str| known.lock().expect("no panic").get(token).copied();
            match question(asked) {
                Ok(token) => answer(made(&token)),
                Err(what) => {
                    let what = format!("{what}: {asked:?}");
                    noted.lock().expect("no panic").push(what);
                    Act::Reply(400, "text/plain", Vec::new())
                }
            }
        });
        Self {
            upstream,
            calls,
            strange,
        }
    }

    /// Settings that lead here.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("blizwork_api_origin", self.upstream.origin()),
            ("blizwork_api_token", API_TOKEN.to_owned()),
            ("blizwork_endpoint_url", ENDPOINT.to_owned()),
        ]
    }

    /// Makes a call token.
    pub fn makes(&self, token: &str) {
        self.made(token, Duration::ZERO);
    }

    /// A call token that was made so long ago.
    pub fn made(&self, token: &str, ago: Duration) {
        let made = Instant::now().checked_sub(ago).expect("the machine runs");
        let mut calls = self.calls.lock().expect("no panic");
        calls.insert(token.to_owned(), made);
    }
}

impl Drop for BlizWorkServer {
    fn drop(&mut self) {
        let strange = self.strange.lock().expect("no panic");
        if !thread::panicking() {
            assert!(strange.is_empty(), "{strange:#?}");
        }
    }
}

fn answer(made: Option<Instant>) -> Act {
    let is_valid = made.is_some_and(|made| made.elapsed() < Duration::from_secs(60));
    let (code, message) = match is_valid {
        true => (0, "Ok"),
        false => (1, "Invalid call"),
    };
    let answer = json!({"resultCode": code, "resultMessage": message});
    upstream::json(200, &answer)
}

/// The token that is asked about, or what is not as documented.
fn question(asked: &RecordedRequest) -> Result<String, &'static str> {
    if asked.method != "POST" {
        return Err("the method");
    }
    let token = asked.target.strip_prefix("/utils/validatecall/");
    let token = token.ok_or("the path")?;
    let is_one_piece = !token.contains(['/', '?', '#']);
    let token = percent_decode_str(token).decode_utf8();
    if !is_one_piece || token.is_ok_and(|token| token != API_TOKEN) {
        return Err("the API token");
    }
    for (name, value) in &asked.headers {
        let is_known = match name.as_str() {
            "accept" | "content-type" => value == "application/json",
            "content-length" | "host" => true,
            _ => false,
        };
        if !is_known {
            return Err("a header");
        }
    }
    match asked.json() {
        Value::Object(fields) => match (fields.get("endpoint"), fields.get("token")) {
            (Some(Value::String(endpoint)), Some(Value::String(token)))
                if endpoint == ENDPOINT && fields.len() == 2 =>
            {
                Ok(token.clone())
            }
            _ => Err("the fields"),
        },
        _ => Err("the body"),
    }
}
