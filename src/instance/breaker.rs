//! A circuit breaker around the store of an instance: a store that does not answer in time costs
//! those who need it a quick refusal, and not the host a task for each of them.
//!
//! Spin makes a call to its SQLite store on the thread that runs the instance, so while that waits
//! nothing else in the instance runs and no deadline can end it. What can be done is not to ask
//! again at once: after an access that failed slowly, accesses of the next [`OPEN`] fail at once,
//! and after one that was slow, what nobody waits for is put off for [`PUT_OFF`].

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::deadline::within;
use super::gauge::Gauge;
use crate::http::message::{Request, Response};
use crate::ports::{
    Clock, KeyValue, Log, Outbound, Random, SendError, StoreError, VariableError, Variables,
};

/// A host whose store is asked through the breaker; every other port is the host's own.
pub struct Breaker<H> {
    host: H,
    state: Mutex<State>,
    /// Listings of keys that are under way.
    listings: Gauge,
}

/// An access to the store that is under way: what it has read, or nothing.
type Access<'a> = Pin<Box<dyn Future<Output = Result<Option<Vec<u8>>, StoreError>> + 'a>>;

/// Until when, on the monotonic clock.
#[derive(Default)]
struct State {
    open: Duration,
    slow: Duration,
}

/// An access that takes this long is slow. A write into a local store takes some milliseconds.
const SLOW: Duration = Duration::from_millis(500);

/// How long the breaker stays open.
const OPEN: Duration = Duration::from_secs(1);

/// How long what nobody waits for is put off.
const PUT_OFF: Duration = Duration::from_secs(5);

/// How long an access may take where the host can end it: a little longer than the 5 s that SQLite
/// waits for a lock, so that a caller hears within 10 s that its change was not kept.
const LIMIT: Duration = Duration::from_secs(6);

impl<H: Clock> Breaker<H> {
    /// The breaker of a new instance is closed.
    pub fn new(host: H) -> Self {
        Self {
            host,
            state: Mutex::default(),
            listings: Gauge::default(),
        }
    }

    /// Whether the store was slow lately, so that only those should ask who need it.
    pub fn is_slow(&self) -> bool {
        self.host.monotonic() < self.state().slow
    }

    /// All accesses as one type, so that this is compiled once and not for each.
    async fn watched(&self, access: Access<'_>) -> Result<Option<Vec<u8>>, StoreError> {
        let began = self.host.monotonic();
        let waits_for_listing = !self.listings.is_idle();
        if began < self.state().open {
            return Err(StoreError(
                "not asked: it did not answer in time just now".to_owned(),
            ));
        }
        let late = || StoreError(format!("no answer within {} s", LIMIT.as_secs()));
        let result = within(&self.host, LIMIT, access).await;
        let result = result.unwrap_or_else(|| Err(late()));
        let now = self.host.monotonic();
        // A listing holds the lock of Spin's store until its last key: whatever waits for that says
        // nothing of the store either.
        let waits_for_listing = waits_for_listing || !self.listings.is_idle();
        if now.saturating_sub(began) >= SLOW && !waits_for_listing {
            let mut state = self.state();
            state.slow = now + PUT_OFF;
            if result.is_err() {
                state.open = now + OPEN;
            }
        }
        result
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<H: KeyValue + Clock> KeyValue for Breaker<H> {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.watched(Box::pin(self.host.get(key))).await
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let access = async { self.host.set(key, value).await.map(|()| None) };
        self.watched(Box::pin(access)).await.map(drop)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let access = async { self.host.delete(key).await.map(|()| None) };
        self.watched(Box::pin(access)).await.map(drop)
    }

    /// A listing takes as long as there are keys, which says nothing of the store.
    async fn keys(&self, each: impl FnMut(&str) -> ControlFlow<()>) -> Result<(), StoreError> {
        let _listing = self.listings.enter();
        self.host.keys(each).await
    }
}

impl<H: Variables> Variables for Breaker<H> {
    async fn variable(&self, name: &str) -> Result<String, VariableError> {
        self.host.variable(name).await
    }
}

impl<H: Outbound> Outbound for Breaker<H> {
    type Body = H::Body;

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Self::Body>, SendError> {
        self.host.send(request).await
    }
}

impl<H: Clock> Clock for Breaker<H> {
    fn now(&self) -> SystemTime {
        self.host.now()
    }

    fn monotonic(&self) -> Duration {
        self.host.monotonic()
    }

    async fn sleep(&self, time: Duration) {
        self.host.sleep(time).await;
    }
}

impl<H: Random> Random for Breaker<H> {
    fn random(&self) -> u128 {
        self.host.random()
    }
}

impl<H: Log> Log for Breaker<H> {
    fn log(&self, line: &str) {
        self.host.log(line);
    }
}

#[cfg(test)]
impl<H> std::ops::Deref for Breaker<H> {
    type Target = H;

    fn deref(&self) -> &H {
        &self.host
    }
}

#[cfg(test)]
impl<H> std::ops::DerefMut for Breaker<H> {
    fn deref_mut(&mut self) -> &mut H {
        &mut self.host
    }
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;
    use crate::testing::FakeHost;

    fn slow(by: Duration) -> Breaker<FakeHost> {
        let mut host = FakeHost::default();
        host.access_takes = by;
        Breaker::new(host)
    }

    #[test]
    fn a_store_that_answers_in_time_is_asked_every_time() {
        let host = slow(SLOW - Duration::from_millis(1));
        for _ in 0..3 {
            assert_eq!(block_on(host.get("a")), Ok(None));
        }
        assert_eq!((host.accesses.get(), host.is_slow()), (3, false));
    }

    #[test]
    fn a_slow_answer_puts_off_what_nobody_waits_for_and_refuses_nobody() {
        let host = slow(SLOW);
        assert_eq!(block_on(host.get("a")), Ok(None));
        assert!(host.is_slow());
        assert_eq!(block_on(host.set("a", b"1")), Ok(()));
        host.advance(PUT_OFF);
        assert!(!host.is_slow());
    }

    #[test]
    fn after_a_slow_failure_nobody_asks_for_a_second() {
        let mut host = slow(Duration::from_secs(5));
        host.store_fails = true;
        assert!(block_on(host.get("a")).is_err());
        for _ in 0..16 {
            assert!(block_on(host.set("a", b"1")).is_err());
        }
        assert_eq!(host.accesses.get(), 1);
        host.store_fails = false;
        host.advance(OPEN);
        assert_eq!(block_on(host.set("a", b"1")), Ok(()));
    }

    #[test]
    fn what_waits_for_a_listing_of_the_instance_opens_nothing() {
        let mut host = slow(Duration::from_secs(60));
        let listing = host.listings.enter();
        assert!(block_on(host.get("a")).is_err());
        drop(listing);
        assert!(!host.is_slow());
        host.access_takes = Duration::ZERO;
        assert_eq!(block_on(host.get("a")), Ok(None));
    }

    #[test]
    fn a_failure_at_once_opens_nothing() {
        let mut host = slow(Duration::ZERO);
        host.store_fails = true;
        for _ in 0..3 {
            assert!(block_on(host.get("a")).is_err());
        }
        assert_eq!((host.accesses.get(), host.is_slow()), (3, false));
    }

    #[test]
    fn an_access_that_never_ends_is_given_up() {
        let host = slow(Duration::from_secs(60));
        let error = block_on(host.set("a", b"1")).expect_err("no answer");
        assert_eq!(error.to_string(), "no answer within 6 s");
        assert_eq!(block_on(host.get("a")).ok(), None);
        assert_eq!(host.accesses.get(), 1);
    }
}
