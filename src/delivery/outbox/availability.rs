//! Whether the data API is there, and since when: one small value of the store that all instances share.
//!
//! It is written only when the state changes, and by whoever notices while it is at the store anyway: a
//! request whose change was queued, a worker, a probe that failed, an operator. A change that the data
//! API has accepted at once costs nothing here.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::delivery::outcome::{DeliveryError, Outcome};
use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, StoreError};

/// Where the value is: before the entries in a store that keeps its keys in order.
pub const KEY: &str = "0-data-api";

/// How often an instance looks whether what it goes on seeing is stored, also where the store has failed.
const RELIED_ON: Duration = Duration::from_secs(10);

/// How long what an instance has seen counts: longer than a worker goes on.
const SEEN_LATELY: Duration = Duration::from_secs(30);

/// What a data API is like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// It answers, and accepts changes as far as is known.
    #[default]
    Ok,
    /// It is not to be reached, or fails.
    Failing,
    /// It refuses every change, or somebody else answers in its place.
    Refusing,
}

/// What all instances know of the data API. Nothing stored: no instance has ever seen it fail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataApiStatus {
    /// What it is like.
    pub state: Availability,
    /// Since when, in milliseconds since 1970: since it is well again, or since it is not.
    pub since: Option<u64>,
    /// What an attempt has failed with, where it is not well.
    pub failure: Option<String>,
}

/// What an instance knows of the data API.
#[derive(Default)]
pub struct AvailabilityTracker(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// What it has seen last, and when it did, on the monotonic clock.
    seen: Option<(DataApiStatus, Duration)>,
    /// The state that is stored, as far as it knows.
    stored: Option<Availability>,
    /// Which state it has last tried to share, and when, on the monotonic clock.
    tried: Option<(Availability, Duration)>,
}

impl Availability {
    /// The name in replies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failing => "failing",
            Self::Refusing => "refusing",
        }
    }

    /// What the result of a change says of the data API; `None`: nothing, it was about that change.
    fn of_change(result: &Result<Outcome, DeliveryError>) -> Option<Self> {
        match result {
            Ok(_) => Some(Self::Ok),
            Err(DeliveryError::Remote(error)) if error.refuses_all() => Some(Self::Refusing),
            // It was understood, and by the data API itself.
            Err(DeliveryError::Remote(error)) if !error.is_retryable() => Some(Self::Ok),
            Err(error) => error.is_away().then_some(Self::Failing),
        }
    }

    fn of_probe(result: &Result<(), DeliveryError>) -> Self {
        match result {
            Ok(()) => Self::Ok,
            Err(DeliveryError::Remote(error)) if error.refuses_all() => Self::Refusing,
            Err(_) => Self::Failing,
        }
    }
}

impl DataApiStatus {
    /// Reads what is stored; what is damaged counts as nothing.
    pub async fn read(store: &impl KeyValue) -> Result<Self, StoreError> {
        let value = store.get(KEY).await?;
        Ok(value
            .and_then(|value| crate::http::json::parse(&value).ok())
            .unwrap_or_default())
    }

    /// What is to be stored once this was `seen`. One trouble that turns into another began when the
    /// first did; and an instance that has noticed nothing of what is stored notices its end now.
    fn after(&self, seen: &Self, now: u64) -> Self {
        let is_well = |status: &Self| status.state == Availability::Ok;
        let since = match is_well(self) || is_well(seen) {
            true if seen.since > self.since => seen.since,
            true => Some(now),
            false => self.since,
        };
        Self {
            since,
            ..seen.clone()
        }
    }
}

impl AvailabilityTracker {
    /// Notes what came of a change.
    pub fn note_change(&self, clock: &impl Clock, result: &Result<Outcome, DeliveryError>) {
        if let Some(state) = Availability::of_change(result) {
            self.note(clock, state, result.as_ref().err());
        }
    }

    /// Notes what came of a probe.
    pub fn note_probe(&self, clock: &impl Clock, result: &Result<(), DeliveryError>) {
        let state = Availability::of_probe(result);
        self.note(clock, state, result.as_ref().err());
    }

    fn note(&self, clock: &impl Clock, state: Availability, error: Option<&DeliveryError>) {
        let now = clock.monotonic();
        let mut known = self.known();
        if let Some((seen, at)) = &mut known.seen
            && seen.state == state
        {
            // The happy path ends here.
            *at = now;
            return;
        }
        let error = error.filter(|_| state != Availability::Ok);
        let seen = DataApiStatus {
            state,
            since: Some(unix_time::millis(clock.now())),
            failure: error.map(ToString::to_string),
        };
        known.seen = Some((seen, now));
    }

    /// Whether this instance has seen the data API not well, or knows that this is stored.
    pub fn knows_of_trouble(&self) -> bool {
        let known = self.known();
        let seen = known.seen.as_ref().map(|(seen, _)| seen.state);
        let mut states = [seen, known.stored].into_iter().flatten();
        states.any(|state| state != Availability::Ok)
    }

    /// Stores what this instance has seen, where that is another state than the one stored.
    ///
    /// # Errors
    /// Where the store fails. Whoever notices next stores it.
    pub async fn share(&self, host: &(impl KeyValue + Clock)) -> Result<(), StoreError> {
        let Some(seen) = self.seen_lately(host) else {
            return Ok(());
        };
        if !self.is_time_to_try(host, seen.state) {
            return Ok(());
        }
        self.store(host, &seen).await.map(drop)
    }

    /// What all instances know, this one's word included.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn status(
        &self,
        host: &(impl KeyValue + Clock),
    ) -> Result<DataApiStatus, StoreError> {
        match self.seen_lately(host) {
            Some(seen) => self.store(host, &seen).await,
            None => DataApiStatus::read(host).await,
        }
    }

    fn is_time_to_try(&self, clock: &impl Clock, state: Availability) -> bool {
        let now = clock.monotonic();
        let mut known = self.known();
        let recent = known.tried.filter(|(_, at)| now < *at + RELIED_ON);
        if recent.is_some_and(|(tried, _)| tried == state) {
            return false;
        }
        known.tried = Some((state, now));
        true
    }

    fn seen_lately(&self, clock: &impl Clock) -> Option<DataApiStatus> {
        let known = self.known();
        let (seen, at) = known.seen.as_ref()?;
        (clock.monotonic() < *at + SEEN_LATELY).then(|| seen.clone())
    }

    async fn store(
        &self,
        host: &(impl KeyValue + Clock),
        seen: &DataApiStatus,
    ) -> Result<DataApiStatus, StoreError> {
        let stored = DataApiStatus::read(host).await?;
        let status = match stored.state == seen.state {
            true => stored,
            false => {
                let status = stored.after(seen, unix_time::millis(host.now()));
                // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
                let value = serde_json::to_vec(&status).expect("a plain structure");
                host.set(KEY, &value).await?;
                status
            }
        };
        self.known().stored = Some(status.state);
        Ok(status)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
