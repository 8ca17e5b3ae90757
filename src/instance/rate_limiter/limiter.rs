//! One limit, for any number of clients: an exact count within the instance, and a token bucket for what
//! it asks and tells the store.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::client::Client;
use super::sliding_window::{self, Millis};
use super::stored::StoredClients;
use super::tally::Tallies;
use super::token_bucket::TokenBucket;
use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, StoreError};

/// Writes that are reserved for clients that use up their attempts.
const RESERVED: u32 = 1;

/// How long an instance relies on what the store last knew of a client.
const FRESH: Duration = Duration::from_millis(250);

/// One kind of attempt, by client.
pub struct RateLimiter {
    /// What its keys in the store begin with.
    prefix: &'static str,
    state: Mutex<State>,
}

struct State {
    clients: Tallies,
    reads: TokenBucket,
    writes: TokenBucket,
    /// For how many requests costly work is done, of clients that the store has not been asked for.
    unasked: TokenBucket,
    /// The same of clients over their limit.
    over_limit: TokenBucket,
    flushing: bool,
}

/// What follows for the client.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// How long the client has to wait, where it has used up its attempts.
    pub retry_after: Option<Duration>,
    /// The store could not be asked.
    pub failure: Option<StoreError>,
}

impl RateLimiter {
    /// Nothing is counted yet.
    pub fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            state: Mutex::default(),
        }
    }

    /// Counts an attempt, unless the client has used up its `limit` of a minute; with 0 it
    /// has any number.
    pub async fn hit(
        &self,
        host: &(impl Clock + KeyValue),
        address: Option<IpAddr>,
        limit: usize,
    ) -> Decision {
        let mut decision = Decision::default();
        if limit == 0 {
            return decision;
        }
        let client = Client::at(address);
        let now = unix_time::millis(host.now());
        decision.failure = self.ask_store(host, client, now, limit).await.err();
        match self.add(client, now, limit) {
            Err(retry_after) => decision.retry_after = Some(retry_after),
            Ok(counted) if counted >= limit && self.may_write(host) => {
                if let Err(error) = self.save(host, client, limit).await {
                    decision.failure = Some(error);
                }
            }
            Ok(_) => {}
        }
        decision
    }

    /// Writes one client's count into the store, as soon as the token bucket allows: that of whoever has
    /// tried most. For a task that nobody waits for; one at a time does it, and the next attempt
    /// begins another. A flood makes a new instance with every 128 requests, and each writes once.
    ///
    /// # Errors
    /// Where the store fails. What was counted is left for the next time.
    pub async fn flush(
        &self,
        host: &(impl Clock + KeyValue),
        limit: usize,
    ) -> Result<(), StoreError> {
        let Some(_flushing) = Flushing::begin(self) else {
            return Ok(());
        };
        loop {
            let wait = self.state().writes.wait(host.monotonic(), RESERVED);
            if wait.is_zero() {
                break;
            }
            host.sleep(wait).await;
        }
        match self.most_unsaved(host) {
            Some(client) => self.save(host, client, limit).await,
            None => Ok(()),
        }
    }

    /// Whether work may be done for the client that costs far more than the request that asks for it:
    /// public-key operations, or a question to another service. It is done for each client within its
    /// `limit` of attempts in a minute (0: any number), and for others only as often as a token bucket
    /// of the instance allows.
    ///
    /// A new instance knows of nobody. Its first such request is not looked up, so that a first token in
    /// a quiet instance costs no access to the store; those that follow at once are.
    pub async fn allows_costly(
        &self,
        host: &(impl Clock + KeyValue),
        address: Option<IpAddr>,
        limit: usize,
    ) -> bool {
        if limit == 0 {
            return true;
        }
        let client = Client::at(address);
        let now = unix_time::millis(host.now());
        if !self.is_over(client, now, limit) {
            if self.state().unasked.take(host.monotonic(), 0) {
                return true;
            }
            // Where the store fails this instance's own count decides; a refusal asks again, and
            // the log has it then.
            let _ = self.ask_store(host, client, now, limit).await;
            if !self.is_over(client, now, limit) {
                return true;
            }
        }
        self.state().over_limit.take(host.monotonic(), 0)
    }

    /// Asks the store what it knows of the client, where it may know more and may be asked.
    async fn ask_store(
        &self,
        host: &(impl Clock + KeyValue),
        client: Client,
        now: Millis,
        limit: usize,
    ) -> Result<(), StoreError> {
        if !self.is_to_be_asked_for(client, now, host.monotonic(), limit) {
            return Ok(());
        }
        let stored = StoredClients::read(host, self.prefix, client, now).await?;
        let mut state = self.state();
        let tally = state.clients.of(client);
        tally.learn(&stored.times(client));
        // Not before the answer: who comes meanwhile has to ask too.
        tally.asked = Some(host.monotonic());
        Ok(())
    }

    async fn save(
        &self,
        host: &(impl Clock + KeyValue),
        client: Client,
        limit: usize,
    ) -> Result<(), StoreError> {
        let now = unix_time::millis(host.now());
        let stored = StoredClients::read(host, self.prefix, client, now).await?;
        // From here on they count as stored: another task may be at the same client.
        let (times, unsaved) = {
            let mut state = self.state();
            let tally = state.clients.of(client);
            tally.learn(&stored.times(client));
            let mut times = tally.times(now);
            times.drain(..times.len().saturating_sub(limit));
            tally.stored.clone_from(&times);
            (times, std::mem::take(&mut tally.unsaved))
        };
        let written = stored.write(host, client, times).await;
        if written.is_err() {
            self.state().clients.of(client).take_back(unsaved);
        }
        written
    }

    /// Whether the store may know more of the client, and may be asked.
    fn is_to_be_asked_for(
        &self,
        client: Client,
        now: Millis,
        monotonic: Duration,
        limit: usize,
    ) -> bool {
        let mut state = self.state();
        let tally = state.clients.of(client);
        let is_fresh = |asked| monotonic.saturating_sub(asked) < FRESH;
        if tally.asked.is_some_and(is_fresh) || tally.times(now).len() >= limit {
            return false;
        }
        state.reads.take(monotonic, 0)
    }

    /// Counts an attempt and says how many there are with it, or how long there may be none.
    fn add(&self, client: Client, now: Millis, limit: usize) -> Result<usize, Duration> {
        let mut state = self.state();
        let tally = state.clients.of(client);
        let times = tally.times(now);
        if let Some(retry_after) = sliding_window::retry_after(&times, now, limit) {
            return Err(retry_after);
        }
        sliding_window::prune(&mut tally.unsaved, now);
        tally.unsaved.push(now);
        Ok(times.len() + 1)
    }

    /// Whether the client has used up its attempts, as far as this instance knows.
    fn is_over(&self, client: Client, now: Millis, limit: usize) -> bool {
        let state = self.state();
        state.clients.known(client).is_some_and(|tally| {
            sliding_window::retry_after(&tally.times(now), now, limit).is_some()
        })
    }

    /// Whether the token bucket has a write left, the reserved one included.
    fn may_write(&self, host: &impl Clock) -> bool {
        self.state().writes.take(host.monotonic(), 0)
    }

    fn most_unsaved(&self, host: &impl Clock) -> Option<Client> {
        let now = unix_time::millis(host.now());
        let mut state = self.state();
        let client = state.clients.most_unsaved(now)?;
        let may_write = state.writes.take(host.monotonic(), RESERVED);
        may_write.then_some(client)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Never held across an await; what a panic leaves is counts, if not the newest.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            clients: Tallies::default(),
            reads: TokenBucket::new(16, 16, 16),
            writes: TokenBucket::new(1, 2, 4),
            unasked: TokenBucket::new(1, 4, 4),
            over_limit: TokenBucket::new(0, 2, 4),
            flushing: false,
        }
    }
}

/// One task at a time waits for the token bucket.
struct Flushing<'a>(&'a RateLimiter);

impl<'a> Flushing<'a> {
    fn begin(attempts: &'a RateLimiter) -> Option<Self> {
        let begun = std::mem::replace(&mut attempts.state().flushing, true);
        (!begun).then(|| Self(attempts))
    }
}

impl Drop for Flushing<'_> {
    fn drop(&mut self) {
        self.0.state().flushing = false;
    }
}

#[cfg(test)]
mod tests;
