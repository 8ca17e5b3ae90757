//! A single-flight cache: one request of an instance asks, and the others use its answer while it is
//! fresh.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::ports::Clock;

/// How long a request waits before it looks again whether another has the answer.
const POLL: Duration = Duration::from_millis(5);

/// The last answer.
pub struct SingleFlightCache<T>(Mutex<State<T>>);

struct State<T> {
    last: Option<T>,
    fresh_until: Duration,
    /// How often there was an answer.
    times: u64,
    /// A request is asking.
    asking: bool,
}

/// The request that asks, until this is dropped.
struct Asking<'a, T>(&'a SingleFlightCache<T>);

impl<T> Default for SingleFlightCache<T> {
    fn default() -> Self {
        Self(Mutex::new(State {
            last: None,
            fresh_until: Duration::ZERO,
            times: 0,
            asking: false,
        }))
    }
}

impl<T: Clone> SingleFlightCache<T> {
    /// The last answer, while it is fresh; otherwise that of `ask`, which says for how long it is fresh.
    /// Requests that come meanwhile wait for the same answer.
    pub async fn get(&self, clock: &impl Clock, ask: impl AsyncFnOnce() -> (T, Duration)) -> T {
        let came = self.state().times;
        let asking = loop {
            {
                let mut state = self.state();
                let is_fresh = clock.monotonic() < state.fresh_until || state.times != came;
                if let Some(last) = state.last.as_ref().filter(|_| is_fresh) {
                    return last.clone();
                }
                if !std::mem::replace(&mut state.asking, true) {
                    break Asking(self);
                }
            }
            clock.sleep(POLL).await;
        };
        let (found, fresh_for) = ask().await;
        let mut state = self.state();
        state.last = Some(found.clone());
        state.fresh_until = clock.monotonic().saturating_add(fresh_for);
        state.times += 1;
        drop(state);
        drop(asking);
        found
    }

    /// Forgets the last answer, if it is that one.
    pub fn forget(&self, is_it: impl FnOnce(&T) -> bool) {
        let mut state = self.state();
        if state.last.as_ref().is_some_and(is_it) {
            state.last = None;
        }
    }
}

impl<T> SingleFlightCache<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for Asking<'_, T> {
    fn drop(&mut self) {
        self.0.state().asking = false;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_executor::block_on;
    use futures_util::future::{Either, join_all, select};

    use super::*;
    use crate::testing::FakeHost;

    const FIVE: Duration = Duration::from_secs(5);

    #[test]
    fn it_is_found_out_once_while_it_is_fresh() {
        let (host, cache, asked) = (
            FakeHost::default(),
            SingleFlightCache::default(),
            Cell::new(0),
        );
        let get = || {
            block_on(cache.get(&host, async || {
                asked.set(asked.get() + 1);
                (asked.get(), FIVE)
            }))
        };
        assert_eq!((get(), get()), (1, 1));
        host.advance(FIVE);
        assert_eq!((get(), get()), (2, 2));
        cache.forget(|last| *last == 1);
        assert_eq!(get(), 2);
        cache.forget(|last| *last == 2);
        assert_eq!(get(), 3);
    }

    #[test]
    fn requests_at_once_share_one_answer_even_one_that_does_not_last() {
        let (host, cache, asked) = (
            FakeHost::default(),
            SingleFlightCache::default(),
            Cell::new(0),
        );
        let all = (0..16).map(|_| {
            cache.get(&host, async || {
                asked.set(asked.get() + 1);
                host.sleep(Duration::from_millis(50)).await;
                (asked.get(), Duration::ZERO)
            })
        });
        assert_eq!(block_on(join_all(all)), [1; 16]);
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn a_request_that_is_dropped_while_it_asks_leaves_its_turn_to_the_next() {
        let (host, cache) = (FakeHost::default(), SingleFlightCache::default());
        let never = cache.get(&host, async || std::future::pending().await);
        let second = std::pin::pin!(host.sleep(Duration::from_secs(1)));
        drop(block_on(select(Box::pin(never), second)));
        let found = std::pin::pin!(cache.get(&host, async || (7, FIVE)));
        let stuck = std::pin::pin!(host.sleep(Duration::from_secs(1)));
        assert!(matches!(
            block_on(select(found, stuck)),
            Either::Left((7, _))
        ));
    }
}
