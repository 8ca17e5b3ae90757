//! Fakes of the ports, for the tests of the core.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::http::Received;
use crate::http::message::{Body, Headers, Request, Response};
use crate::ports::{
    Clock, KeyValue, Log, Outbound, Random, SendError, StoreError, VariableError, Variables,
};

pub use support::tokens as signer;

/// A callback's token, and an operator's.
pub const TOKEN: &str = "un-token-de-prueba";
pub const OPERATOR: &str = "un-token-de-operador";

/// 2026-01-02T03:04:05Z
const NOW: Duration = Duration::from_secs(1_767_323_045);

/// What other services answer, by the URL they are asked at.
type Responder = Box<dyn Fn(&str) -> Answers>;

/// A host in memory. Its settings are the defaults of `spin.toml`, so that they stand in one
/// place, and what a test sets.
pub struct FakeHost {
    pub settings: BTreeMap<String, String>,
    pub undeclared: Option<&'static str>,
    pub unreadable: Option<&'static str>,
    pub asked: RefCell<Vec<String>>,
    pub store: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    pub store_fails: bool,
    /// How long an access to the store takes.
    pub access_takes: Duration,
    /// What begins like this cannot be written.
    pub refuses_writes_to: Option<&'static str>,
    /// How many turns a removal takes beyond those of other accesses.
    pub removal_takes: usize,
    /// Keys are shown in an order of the store's own, not sorted.
    pub shuffles_keys: bool,
    /// How many keys were shown.
    pub shown: Cell<usize>,
    /// How often the store was asked for something, and how often to write.
    pub accesses: Cell<usize>,
    pub writes: Cell<usize>,
    pub lines: RefCell<Vec<String>>,
    /// What was sent to other services, and what they will answer to it, in order.
    pub sent: RefCell<Vec<Request<Bytes>>>,
    pub answers: RefCell<VecDeque<Answers>>,
    /// What they answer where the order does not matter.
    pub responder: RefCell<Option<Responder>>,
    since_start: Rc<Cell<Duration>>,
    drawn: Cell<u128>,
}

impl Default for FakeHost {
    fn default() -> Self {
        let manifest: toml::Table = toml::from_str(include_str!("../spin.toml")).expect("TOML");
        let defaults = manifest["variables"].as_table().expect("a table");
        let settings = defaults.iter().map(|(name, variable)| {
            let default = variable["default"]
                .as_str()
                .expect("every one has a default");
            (name.clone(), default.to_owned())
        });
        Self {
            settings: settings.collect(),
            undeclared: None,
            unreadable: None,
            asked: RefCell::default(),
            store: Rc::default(),
            store_fails: false,
            access_takes: Duration::ZERO,
            refuses_writes_to: None,
            removal_takes: 0,
            shuffles_keys: false,
            shown: Cell::default(),
            accesses: Cell::default(),
            writes: Cell::default(),
            lines: RefCell::default(),
            sent: RefCell::default(),
            answers: RefCell::default(),
            responder: RefCell::default(),
            since_start: Rc::default(),
            drawn: Cell::default(),
        }
    }
}

impl FakeHost {
    /// The defaults, but for these settings.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let mut host = Self::default();
        for (name, value) in settings {
            let old = host
                .settings
                .insert((*name).to_owned(), (*value).to_owned());
            assert!(old.is_some(), "spin.toml declares {name}");
        }
        host
    }

    /// Another instance, at the same store and in the same time.
    pub fn beside(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            store: Rc::clone(&self.store),
            since_start: Rc::clone(&self.since_start),
            // What one draws no other does.
            drawn: Cell::new(self.drawn.get() + 1_000_003),
            ..Self::default()
        }
    }

    /// Time passes.
    pub fn advance(&self, by: Duration) {
        self.since_start.set(self.since_start.get() + by);
    }
}

impl Variables for FakeHost {
    async fn variable(&self, name: &str) -> Result<String, VariableError> {
        self.asked.borrow_mut().push(name.to_owned());
        if self.unreadable == Some(name) {
            return Err(VariableError::Unreadable);
        }
        match self.settings.get(name) {
            Some(value) if self.undeclared != Some(name) => Ok(value.clone()),
            _ => Err(VariableError::Undeclared),
        }
    }
}

/// Not ready at first.
struct YieldOnce(bool);

impl Future for YieldOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl FakeHost {
    /// A store answers later, not at once: others get their turn.
    async fn turn(&self) -> Result<(), StoreError> {
        self.accesses.set(self.accesses.get() + 1);
        match self.access_takes.is_zero() {
            true => YieldOnce(false).await,
            false => self.sleep(self.access_takes).await,
        }
        if self.store_fails {
            return Err(StoreError("the store is broken".to_owned()));
        }
        Ok(())
    }
}

impl KeyValue for FakeHost {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.turn().await?;
        Ok(self.store.borrow().get(key).cloned())
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.writes.set(self.writes.get() + 1);
        self.turn().await?;
        if self.refuses_writes_to.is_some_and(|it| key.starts_with(it)) {
            return Err(StoreError("the store is full".to_owned()));
        }
        self.store
            .borrow_mut()
            .insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.writes.set(self.writes.get() + 1);
        self.turn().await?;
        for _ in 0..self.removal_takes {
            YieldOnce(false).await;
        }
        self.store.borrow_mut().remove(key);
        Ok(())
    }

    async fn keys(&self, mut each: impl FnMut(&str) -> ControlFlow<()>) -> Result<(), StoreError> {
        self.turn().await?;
        let mut keys: Vec<_> = self.store.borrow().keys().cloned().collect();
        if self.shuffles_keys {
            keys.sort_by_key(|key| key.bytes().rev().collect::<Vec<_>>());
        }
        for key in keys {
            self.shown.set(self.shown.get() + 1);
            if each(&key).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// What another service does with a request.
#[derive(Debug, Clone)]
pub enum Answers {
    /// Answers after so many milliseconds.
    With(u64, u16, &'static [(&'static str, &'static str)], String),
    /// Sends the head and the beginning of a body, and then no more.
    Halts(u16, String),
    /// Sends the head and the beginning of a body, and breaks off.
    BreaksOff(u16, String),
    /// Does not answer, for this reason.
    Fails(SendError),
    /// Takes the request and says nothing.
    Stalls,
}

/// An answer at once.
pub fn json(status: u16, body: &str) -> Answers {
    Answers::With(0, status, &[], body.to_owned())
}

impl FakeHost {
    /// What other services will answer, in order.
    pub fn will(&self, answers: impl IntoIterator<Item = Answers>) {
        self.answers.borrow_mut().extend(answers);
    }

    /// Method and path of everything that was sent since this was last asked.
    pub fn take_sent(&self) -> Vec<String> {
        let sent = self.sent.take();
        let line = |request: &Request<_>| format!("{} {}", request.method, request.target);
        sent.iter().map(line).collect()
    }
}

impl Outbound for FakeHost {
    type Body = Pieces<SendError>;

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Self::Body>, SendError> {
        let responded = self
            .responder
            .borrow()
            .as_ref()
            .map(|respond| respond(&request.target));
        let answers = responded.or_else(|| self.answers.borrow_mut().pop_front());
        self.sent.borrow_mut().push(request);
        let (status, headers, body) = match answers.expect("an answer for each request") {
            Answers::With(after, status, headers, body) => {
                if after > 0 {
                    self.sleep(Duration::from_millis(after)).await;
                }
                (status, headers, Pieces::new([Ok(body.into_bytes())]))
            }
            Answers::Halts(status, body) => {
                let mut body = Pieces::new([Ok(body.into_bytes())]);
                body.halts = true;
                (status, &[][..], body)
            }
            Answers::BreaksOff(status, body) => {
                let pieces = [Ok(body.into_bytes()), Err(SendError::Broken)];
                (status, &[][..], Pieces::new(pieces))
            }
            Answers::Fails(error) => return Err(error),
            Answers::Stalls => std::future::pending().await,
        };
        let mut fields = Headers::default();
        for (name, value) in headers {
            fields.add(*name, *value);
        }
        Ok(Response {
            status: status.try_into().expect("a status"),
            headers: fields,
            body,
        })
    }
}

/// A body that comes in these pieces.
#[derive(Debug)]
pub struct Pieces<E> {
    pieces: VecDeque<Result<Vec<u8>, E>>,
    /// After the last of them nothing comes, not even the end.
    halts: bool,
}

impl<E> Pieces<E> {
    pub fn new(pieces: impl IntoIterator<Item = Result<Vec<u8>, E>>) -> Self {
        Self {
            pieces: pieces.into_iter().collect(),
            halts: false,
        }
    }

    pub fn of(pieces: &[Result<&[u8], E>]) -> Self
    where
        E: Clone,
    {
        Self::new(
            pieces
                .iter()
                .cloned()
                .map(|piece| piece.map(<[u8]>::to_vec)),
        )
    }
}

impl<E> Body for Pieces<E> {
    type Error = E;

    async fn read(&mut self, buffer: &mut Vec<u8>) -> Result<bool, E> {
        let room = buffer.capacity() - buffer.len();
        assert!(room > 0, "nothing can be read into no room");
        let Some(piece) = self.pieces.pop_front() else {
            if self.halts {
                std::future::pending::<()>().await;
            }
            return Ok(false);
        };
        let mut piece = piece?;
        let rest = piece.split_off(room.min(piece.len()));
        buffer.extend(piece);
        if !rest.is_empty() {
            self.pieces.push_front(Ok(rest));
        }
        Ok(true)
    }
}

impl FakeHost {
    /// All keys in the store but those that say nothing of what was kept: the outbox's marker and its
    /// samples, which whoever looks at the outbox writes, and the refusals.
    pub fn kept(&self) -> Vec<String> {
        let mut keys = self.stored("");
        keys.retain(|key| {
            !["0-outbox-marker", "0-depth"].contains(&key.as_str())
                && !key.starts_with("0-refusals/")
        });
        keys
    }

    /// The keys in the store that begin like this.
    pub fn stored(&self, prefix: &str) -> Vec<String> {
        let store = self.store.borrow();
        let keys = store.keys().filter(|key| key.starts_with(prefix));
        keys.cloned().collect()
    }
}

impl Clock for FakeHost {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + NOW + self.since_start.get()
    }

    fn monotonic(&self) -> Duration {
        self.since_start.get()
    }

    async fn sleep(&self, time: Duration) {
        // An answer of the store is a turn away; a millisecond is as far.
        for _ in 0..time.as_millis().max(1) {
            YieldOnce(false).await;
        }
        self.advance(time);
    }
}

impl Random for FakeHost {
    fn random(&self) -> u128 {
        let drawn = self.drawn.replace(self.drawn.get() + 1);
        // An odd step, so that every bit of one differs from that of another now and then.
        drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
            ^ 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef
    }
}

impl Log for FakeHost {
    fn log(&self, line: &str) {
        self.lines.borrow_mut().push(line.to_owned());
    }
}

/// A request that was taken in.
pub fn received(headers: &[(&'static str, &[u8])], body: &[u8]) -> Received {
    Received {
        headers: header_map(headers),
        body: body.to_owned(),
        at: SystemTime::UNIX_EPOCH + NOW,
    }
}

/// Headers as they came, in order.
pub fn header_map(headers: &[(&'static str, &[u8])]) -> Headers {
    let mut fields = Headers::default();
    for (name, value) in headers {
        fields.add(*name, *value);
    }
    fields
}
