//! Fakes of the ports, for the tests of the core.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use ::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;

use crate::http::Received;
use crate::ports::{Clock, KeyValue, Log, Random, StoreError, VariableError, Variables};

#[path = "../tests/signer/mod.rs"]
pub mod signer;

/// 2026-01-02T03:04:05Z
const NOW: Duration = Duration::from_secs(1_767_323_045);

/// A host in memory. Its settings are the defaults of `spin.toml`, so that they stand in one
/// place, and what a test sets.
pub struct FakeHost {
    pub settings: BTreeMap<String, String>,
    pub undeclared: Option<&'static str>,
    pub unreadable: Option<&'static str>,
    pub asked: RefCell<Vec<String>>,
    pub store: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    pub store_fails: bool,
    /// How often the store was asked for something, and how often to write.
    pub accesses: Cell<usize>,
    pub writes: Cell<usize>,
    pub lines: RefCell<Vec<String>>,
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
            accesses: Cell::default(),
            writes: Cell::default(),
            lines: RefCell::default(),
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
        YieldOnce(false).await;
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
        self.store
            .borrow_mut()
            .insert(key.to_owned(), value.to_owned());
        Ok(())
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
        0x0123_4567_89ab_cdef_0123_4567_89ab_cdef + drawn
    }
}

impl Log for FakeHost {
    fn log(&self, line: &str) {
        self.lines.borrow_mut().push(line.to_owned());
    }
}

/// A request that was taken in.
pub fn received(headers: &[(&'static str, &[u8])], body: &'static [u8]) -> Received {
    Received {
        headers: header_map(headers),
        body: Bytes::from_static(body),
        at: SystemTime::UNIX_EPOCH + NOW,
    }
}

/// Headers as they came, in order.
pub fn header_map(headers: &[(&'static str, &[u8])]) -> HeaderMap {
    headers
        .iter()
        .map(|(name, value)| {
            let value = HeaderValue::from_bytes(value).expect("a header value");
            (HeaderName::from_static(name), value)
        })
        .collect()
}
