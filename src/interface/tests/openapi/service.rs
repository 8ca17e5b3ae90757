//! The application over fakes of the ports. Its replies are the examples of the description.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use futures_executor::block_on;
use support::signatures::hex_by;

use crate::app::App;
use crate::http::message::{Headers, Request};
use crate::testing::{FakeHost, OPERATOR, Pieces, TOKEN, json};

/// Signs messages.
const SECRET: &str = "un-secreto-de-ejemplo";
/// Signs Cal.com's events.
const CAL_SECRET: &str = "un-secreto-de-cal.com";
const SETTINGS: [(&str, &str); 4] = [
    ("cal_secret", CAL_SECRET),
    ("callback_token", TOKEN),
    ("webhook_secret", SECRET),
    ("admin_token", OPERATOR),
];

/// Settings beside these.
pub type Settings<'a> = &'a [(&'static str, &'static str)];

pub struct ExampleService {
    app: App<FakeHost>,
    store: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
}

#[derive(Clone)]
pub struct ExampleRequest {
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Whether the connection breaks after the body.
    pub breaks: bool,
}

#[derive(Debug)]
pub struct ExampleReply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// What the data API answers, in order: status code and body.
pub type Answers<'a> = &'a [(u16, &'a str)];

impl ExampleService {
    pub fn new(settings: Settings<'_>) -> Self {
        Self::with_data_api(settings, &[])
    }

    pub fn with_data_api(settings: Settings<'_>, answers: Answers<'_>) -> Self {
        Self::on(host(settings, answers))
    }

    /// With a key-value store that fails.
    pub fn without_store(settings: Settings<'_>, answers: Answers<'_>) -> Self {
        let mut host = host(settings, answers);
        host.store_fails = true;
        Self::on(host)
    }

    fn on(host: FakeHost) -> Self {
        let store = Rc::clone(&host.store);
        let app = block_on(App::load(host, Arc::default()));
        Self { app, store }
    }

    pub fn send(&self, request: &ExampleRequest) -> ExampleReply {
        let mut headers = Headers::default();
        for (name, value) in &request.headers {
            headers.add(*name, value.as_str());
        }
        headers.add("spin-client-addr", "10.0.0.9:1");
        let broken = request.breaks.then_some(Err(()));
        let (response, after) = block_on(self.app.respond(Request {
            method: request.method.to_owned(),
            target: request.path.clone(),
            headers,
            body: Pieces::new([Ok(request.body.clone())].into_iter().chain(broken)),
        }));
        block_on(self.app.follow_up(after));
        let fields = response.headers.as_fields().iter();
        let text = |value: &[u8]| String::from_utf8(value.to_owned()).expect("text");
        ExampleReply {
            status: response.status.as_u16(),
            headers: fields.map(|(name, it)| (name.clone(), text(it))).collect(),
            body: response.body,
        }
    }

    /// Repeats the request until the reply has this status.
    pub fn send_until(&self, status: u16, request: &ExampleRequest) -> ExampleReply {
        let mut replies = (0..100).map(|_| self.send(request));
        let reply = replies.find(|reply| reply.status == status);
        reply.expect("a reply with this status")
    }

    /// Leaves the rows of the embedded store unreadable.
    pub fn corrupt_rows(&self) {
        for (key, value) in self.store.borrow_mut().iter_mut() {
            if !key.contains('/') && !key.ends_with(":turn") {
                value.clear();
            }
        }
    }
}

fn host(settings: Settings<'_>, answers: Answers<'_>) -> FakeHost {
    let host = FakeHost::with(&[&SETTINGS, settings].concat());
    host.will(answers.iter().map(|(status, body)| json(*status, body)));
    host
}

impl ExampleRequest {
    pub fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            breaks: false,
        }
    }

    /// The connection breaks before the end of the body.
    pub fn cut_off(self) -> Self {
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

    pub fn with_method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    /// With the static token.
    pub fn with_token(self) -> Self {
        self.with("x-authorization", TOKEN)
    }

    /// With the operators' token.
    pub fn with_operator_token(self) -> Self {
        self.with("authorization", format!("Bearer {OPERATOR}"))
    }

    /// With a signature of the body.
    pub fn signed(self) -> Self {
        self.signed_with(SECRET, "x-webhook-signature")
    }

    /// With a signature of the body as Cal.com has it.
    pub fn signed_by_cal(self) -> Self {
        self.signed_with(CAL_SECRET, "x-cal-signature-256")
    }

    fn signed_with(self, secret: &str, header: &'static str) -> Self {
        let signature = hex_by(secret, &self.body);
        self.with(header, signature)
    }
}
