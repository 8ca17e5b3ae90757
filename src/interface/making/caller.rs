//! A caller of the application over fakes of the ports. What it gets is what the examples show.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use base16ct::lower::encode_string;
use futures_executor::block_on;
use ring::hmac;

use crate::app::App;
use crate::http::message::{Headers, Request};
use crate::testing::{FakeHost, OPERATOR, Pieces, TOKEN, json};

/// What the caller knows.
const SECRET: &str = "un-secreto-de-ejemplo";
const SETTINGS: [(&str, &str); 3] = [
    ("callback_token", TOKEN),
    ("webhook_secret", SECRET),
    ("admin_token", OPERATOR),
];

/// Settings that are added to these.
pub type Settings<'a> = &'a [(&'static str, &'static str)];

pub struct Caller {
    app: App<FakeHost>,
    store: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
}

/// A request.
#[derive(Clone)]
pub struct Call {
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// After which the connection breaks.
    pub breaks: bool,
}

/// What came back.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

fn host(settings: Settings<'_>, answers: &[(u16, &str)]) -> FakeHost {
    let host = FakeHost::with(&[&SETTINGS, settings].concat());
    host.will(answers.iter().map(|(status, body)| json(*status, body)));
    host
}

impl Caller {
    pub fn with(settings: Settings<'_>) -> Self {
        Self::answered(settings, &[])
    }

    /// With a data API that answers like this.
    pub fn answered(settings: Settings<'_>, answers: &[(u16, &str)]) -> Self {
        Self::at(host(settings, answers))
    }

    /// With a key-value store that fails.
    pub fn without_store(settings: Settings<'_>) -> Self {
        Self::answered_without_store(settings, &[])
    }

    /// With both.
    pub fn answered_without_store(settings: Settings<'_>, answers: &[(u16, &str)]) -> Self {
        let mut host = host(settings, answers);
        host.store_fails = true;
        Self::at(host)
    }

    fn at(host: FakeHost) -> Self {
        let store = Rc::clone(&host.store);
        let app = block_on(App::load(host, Arc::default()));
        Self { app, store }
    }

    pub fn send(&self, call: &Call) -> Seen {
        let mut headers = Headers::default();
        for (name, value) in &call.headers {
            headers.add(*name, value.as_str());
        }
        headers.add("spin-client-addr", "10.0.0.9:1");
        let broken = call.breaks.then_some(Err(()));
        let (response, after) = block_on(self.app.respond(Request {
            method: call.method.to_owned(),
            target: call.path.clone(),
            headers,
            body: Pieces::new([Ok(call.body.clone())].into_iter().chain(broken)),
        }));
        block_on(self.app.follow_up(after));
        let fields = response.headers.as_fields().iter();
        let text = |value: &[u8]| String::from_utf8(value.to_owned()).expect("text");
        Seen {
            status: response.status.as_u16(),
            headers: fields.map(|(name, it)| (name.clone(), text(it))).collect(),
            body: response.body,
        }
    }

    /// What comes back when there have been too many of these.
    pub fn send_until(&self, status: u16, call: &Call) -> Seen {
        let mut seen = (0..100).map(|_| self.send(call));
        seen.find(|seen| seen.status == status).expect("seen")
    }

    /// Rows are there from now on, but cannot be read.
    pub fn spoil_rows(&self) {
        for (key, value) in self.store.borrow_mut().iter_mut() {
            if !key.contains('/') && !key.ends_with(":turn") {
                value.clear();
            }
        }
    }
}

impl Call {
    pub fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            breaks: false,
        }
    }

    /// Whose end never comes.
    pub fn cut(self) -> Self {
        Self {
            breaks: true,
            ..self
        }
    }

    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: "POST",
            body: body.into(),
            ..Self::get(path)
        }
        .with("content-type", "application/json")
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    pub fn by(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    /// With the static token.
    pub fn known(self) -> Self {
        self.with("x-authorization", TOKEN)
    }

    /// With the operators' token.
    pub fn operators(self) -> Self {
        self.with("authorization", format!("Bearer {OPERATOR}"))
    }

    /// With the body's signature.
    pub fn signed(self) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let tag = hmac::sign(&key, &self.body);
        self.with("x-webhook-signature", encode_string(tag.as_ref()))
    }
}
