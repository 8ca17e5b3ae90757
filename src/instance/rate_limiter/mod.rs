//! Failed attempts at a door: guessing costs. After so many in a minute a client is told to stay
//! away until its minute is over. Who has valid credentials is not counted, nor ever refused. What
//! arrives where a source takes so many notifications a minute is counted in the same way.
//!
//! An instance counts exactly what it sees itself. Through the key-value store instances learn of
//! each other's counts, as well as a store can tell that has no counters: the last write wins,
//! and an edge host allows some 50 a second for a whole application. So each instance has a
//! budget for it, and an attacker with many addresses gets no more than that out of it. Counts
//! are written once their callers have been answered, but for the one that uses a client's
//! attempts up: that is written before its reply.

mod budget;
mod client;
mod costly;
mod slot;
mod window;

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, StoreError};
use costly::Costly;
use slot::Slot;
use window::Moment;

pub use budget::Budget;
pub use client::Client;

/// Kept of the budget for writes, for clients that use up their attempts.
const KEPT: u32 = 1;

/// How many clients an instance counts; the one whose last attempt is longest ago gives way.
const CLIENTS: usize = 1024;

/// How long an instance relies on what the store last knew of a client.
const FRESH: Duration = Duration::from_millis(250);

/// The attempts that this instance knows of.
pub struct Attempts {
    /// What its keys in the store begin with.
    prefix: &'static str,
    state: Mutex<State>,
}

/// All that an instance counts of its clients.
pub struct Counts {
    /// Failed attempts at its doors.
    pub failed: Attempts,
    /// Notifications where a source takes so many in a minute.
    pub taken: Attempts,
    /// Failed attempts that another service has judged. They are no guesses, and close no door.
    pub checked: Attempts,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            failed: Attempts::new("attempts"),
            taken: Attempts::new("arrivals"),
            checked: Attempts::new("checks"),
        }
    }
}

struct State {
    clients: Vec<Seen>,
    reads: Budget,
    writes: Budget,
    costly: Costly,
    settling: bool,
}

/// What is known of one client.
struct Seen {
    client: Client,
    /// When the store was last asked for it, on the monotonic clock; `None`: never.
    asked: Option<Duration>,
    /// Its attempts of the last minute that the store knew of when it was last asked, oldest first.
    stored: Vec<Moment>,
    /// Those that the store does not know of yet.
    unsaved: Vec<Moment>,
}

/// What a failed attempt leads to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// How long the client has to wait, where it has used up its attempts.
    pub closed_for: Option<Duration>,
    /// The store could not be asked.
    pub failure: Option<StoreError>,
}

impl Attempts {
    /// Nothing is counted yet.
    pub fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            state: Mutex::default(),
        }
    }

    /// Counts a failed attempt, unless the client has used up its `limit` of a minute; with 0 it
    /// has any number.
    pub async fn count(
        &self,
        host: &(impl Clock + KeyValue),
        address: Option<IpAddr>,
        limit: usize,
    ) -> Judgement {
        let mut judgement = Judgement::default();
        if limit == 0 {
            return judgement;
        }
        let client = Client::at(address);
        let now = unix_time::since_1970(host.now());
        judgement.failure = self.ask_store(host, client, now, limit).await.err();
        match self.add(client, now, limit) {
            Err(closed_for) => judgement.closed_for = Some(closed_for),
            Ok(counted) if counted >= limit && self.may_write(host) => {
                if let Err(error) = self.save(host, client, limit).await {
                    judgement.failure = Some(error);
                }
            }
            Ok(_) => {}
        }
        judgement
    }

    /// Writes one client's count into the store, as soon as the budget allows: that of whoever has
    /// tried most. For a task that nobody waits for; one at a time does it, and the next attempt
    /// begins another. A flood makes a new instance with every 128 requests, and each writes once.
    ///
    /// # Errors
    /// Where the store fails. What was counted is kept for the next time.
    pub async fn settle(
        &self,
        host: &(impl Clock + KeyValue),
        limit: usize,
    ) -> Result<(), StoreError> {
        let Some(_settling) = Settling::begin(self) else {
            return Ok(());
        };
        loop {
            let wait = self.state().writes.wait(host.monotonic(), KEPT);
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

    /// Asks the store what it knows of the client, where it may know more and may be asked.
    async fn ask_store(
        &self,
        host: &(impl Clock + KeyValue),
        client: Client,
        now: Moment,
        limit: usize,
    ) -> Result<(), StoreError> {
        if !self.is_to_be_asked_for(client, now, host.monotonic(), limit) {
            return Ok(());
        }
        let slot = Slot::read(host, self.prefix, client, now).await?;
        let mut state = self.state();
        let seen = state.seen(client);
        seen.learn(&slot.moments(client));
        // Not before the answer: who comes meanwhile has to ask too.
        seen.asked = Some(host.monotonic());
        Ok(())
    }

    async fn save(
        &self,
        host: &(impl Clock + KeyValue),
        client: Client,
        limit: usize,
    ) -> Result<(), StoreError> {
        let now = unix_time::since_1970(host.now());
        let slot = Slot::read(host, self.prefix, client, now).await?;
        // From here on they count as stored: another task may be at the same client.
        let (moments, unsaved) = {
            let mut state = self.state();
            let seen = state.seen(client);
            seen.learn(&slot.moments(client));
            let mut moments = seen.moments(now);
            moments.drain(..moments.len().saturating_sub(limit));
            seen.stored.clone_from(&moments);
            (moments, std::mem::take(&mut seen.unsaved))
        };
        let written = slot.write(host, client, moments).await;
        if written.is_err() {
            self.state().seen(client).take_back(unsaved);
        }
        written
    }

    /// Whether the store may know more of the client, and may be asked.
    fn is_to_be_asked_for(
        &self,
        client: Client,
        now: Moment,
        monotonic: Duration,
        limit: usize,
    ) -> bool {
        let mut state = self.state();
        let seen = state.seen(client);
        let is_fresh = |asked| monotonic.saturating_sub(asked) < FRESH;
        if seen.asked.is_some_and(is_fresh) || seen.moments(now).len() >= limit {
            return false;
        }
        state.reads.spend(monotonic, 0)
    }

    /// Counts an attempt and says how many there are with it, or how long there may be none.
    fn add(&self, client: Client, now: Moment, limit: usize) -> Result<usize, Duration> {
        let mut state = self.state();
        let seen = state.seen(client);
        let moments = seen.moments(now);
        if let Some(closed_for) = window::closed_for(&moments, now, limit) {
            return Err(closed_for);
        }
        window::prune(&mut seen.unsaved, now);
        seen.unsaved.push(now);
        Ok(moments.len() + 1)
    }

    /// Whether the client has used up its attempts, as far as this instance knows.
    fn is_over(&self, client: Client, now: Moment, limit: usize) -> bool {
        let state = self.state();
        let known = state.clients.iter().find(|seen| seen.client == client);
        known.is_some_and(|seen| window::closed_for(&seen.moments(now), now, limit).is_some())
    }

    /// Whether the budget has a write left, that which is kept for this included.
    fn may_write(&self, host: &impl Clock) -> bool {
        self.state().writes.spend(host.monotonic(), 0)
    }

    fn most_unsaved(&self, host: &impl Clock) -> Option<Client> {
        let now = unix_time::since_1970(host.now());
        let mut state = self.state();
        state.clients.retain(|seen| !seen.moments(now).is_empty());
        let clients = state.clients.iter();
        let seen = clients.max_by_key(|seen| seen.unsaved.len())?;
        let (client, unsaved) = (seen.client, seen.unsaved.len());
        (unsaved > 0 && state.writes.spend(host.monotonic(), KEPT)).then_some(client)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Never held across an await; what a panic leaves is counts, if not the newest.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            clients: Vec::new(),
            reads: Budget::new(16, 16, 16),
            writes: Budget::new(1, 2, 4),
            costly: Costly::default(),
            settling: false,
        }
    }
}

impl State {
    fn seen(&mut self, client: Client) -> &mut Seen {
        let known = self.clients.iter().position(|seen| seen.client == client);
        let at = known.unwrap_or_else(|| {
            if self.clients.len() >= CLIENTS {
                let oldest = (0..self.clients.len()).min_by_key(|&at| self.clients[at].last());
                self.clients.swap_remove(oldest.unwrap_or_default());
            }
            self.clients.push(Seen {
                client,
                asked: None,
                stored: Vec::new(),
                unsaved: Vec::new(),
            });
            self.clients.len() - 1
        });
        &mut self.clients[at]
    }
}

impl Seen {
    /// What the store knows is counted beside what is known already.
    fn learn(&mut self, stored: &[Moment]) {
        self.stored = window::union(&self.stored, stored);
    }

    /// The store does not know of these after all.
    fn take_back(&mut self, unsaved: Vec<Moment>) {
        for moment in &unsaved {
            if let Ok(at) = self.stored.binary_search(moment) {
                self.stored.remove(at);
            }
        }
        self.unsaved.extend(unsaved);
    }

    fn last(&self) -> Option<Moment> {
        self.unsaved.last().max(self.stored.last()).copied()
    }

    /// All that count at `now`, oldest first.
    fn moments(&self, now: Moment) -> Vec<Moment> {
        let mut moments = [self.stored.as_slice(), &self.unsaved].concat();
        window::prune(&mut moments, now);
        moments
    }
}

/// One task at a time waits for the budget.
struct Settling<'a>(&'a Attempts);

impl<'a> Settling<'a> {
    fn begin(attempts: &'a Attempts) -> Option<Self> {
        let begun = std::mem::replace(&mut attempts.state().settling, true);
        (!begun).then(|| Self(attempts))
    }
}

impl Drop for Settling<'_> {
    fn drop(&mut self) {
        self.0.state().settling = false;
    }
}

#[cfg(test)]
mod tests;
