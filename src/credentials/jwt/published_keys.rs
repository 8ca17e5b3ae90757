//! Keys that the signer publishes at an address: fetched when a token first needs them, kept in the store
//! for other instances, and fetched anew when they are old, or when a token names one that is not among them.
//!
//! Strangers choose what a token names. So a key that is not known is fetched once in [`FETCH_EVERY`] for
//! all callers of all instances, which learn of each other's attempts through the store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use super::key_report::{KeyReport, KeysState, KeysStatus, KeysUnavailableError};
use super::key_set;
use super::keys::Keys;
use super::stored_keys::{self, StoredKeys, is_ahead};
use crate::config::PublishedKeysSettings;
use crate::instance::unix_time::{millis, millis_in};
use crate::instance::{Gauge, SingleFlightCache, within};
use crate::ports::{Clock, KeyValue, Outbound, Random, StoreError};

/// How often keys are fetched, by whichever instance.
const FETCH_EVERY: Duration = Duration::from_secs(60);

/// The same while there are none that can be used: then no token can be checked.
const FETCH_FIRST_EVERY: Duration = Duration::from_secs(10);

/// How often an instance looks into the store for keys that it does not know.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How much longer than their refresh keys are used while the signer is away.
const AWAY: Duration = Duration::from_secs(24 * 3600);

/// How long a request waits for keys, whoever fetches them.
const LONGEST_WAIT: Duration = Duration::from_secs(6);

/// How often it looks whether another instance has fetched them.
const POLL: Duration = Duration::from_millis(200);

/// What fetching keys needs from a host.
pub trait KeyPorts: Clock + KeyValue + Outbound + Random {}

impl<T: Clock + KeyValue + Outbound + Random> KeyPorts for T {}

/// The keys at one address, and those of `jwt_public_key` beside them.
pub struct PublishedKeys {
    settings: PublishedKeysSettings,
    fixed: Option<Arc<Keys>>,
    state: Mutex<State>,
    updates: SingleFlightCache<()>,
    refreshing: Gauge,
}

/// What keys are fetched for. A type, so that fetching them is compiled once.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    /// The key that a token names.
    Key(Option<&'a str>),
    /// Younger ones.
    Refresh,
}

#[derive(Default)]
struct State {
    set: Option<KeySet>,
    /// When keys were last fetched, or were to be, as far as is known here.
    attempted: u64,
    /// Why that failed.
    failure: Option<String>,
    /// When the store was last read, on the monotonic clock.
    looked: Option<Duration>,
    /// The same for those who only want to know.
    peeked: Option<Duration>,
    /// How often other keys came in place of those that were there.
    replaced: u64,
    report: Option<KeyReport>,
}

/// How often keys were replaced, and whether those from the signer can be used.
pub type Generation = (u64, bool);

/// A set that is in use.
struct KeySet {
    hash: [u8; 32],
    /// Its keys, behind those of `jwt_public_key`.
    all: Arc<Keys>,
    fetched: u64,
}

impl PublishedKeys {
    /// Keys at the address that `settings` name, none of them fetched, beside the `fixed` ones.
    pub fn new(settings: &PublishedKeysSettings, fixed: Option<Arc<Keys>>) -> Self {
        Self {
            settings: settings.clone(),
            fixed,
            state: Mutex::default(),
            updates: SingleFlightCache::default(),
            refreshing: Gauge::default(),
        }
    }

    /// The keys that tokens are verified with at `now`.
    pub fn current(&self, now: SystemTime) -> Option<Arc<Keys>> {
        self.usable(millis(now)).or_else(|| self.fixed.clone())
    }

    /// Which keys are in use at `now`: what was verified with others does not count.
    pub fn generation(&self, now: SystemTime) -> Generation {
        let is_usable = self.usable(millis(now)).is_some();
        (self.state().replaced, is_usable)
    }

    /// Whether no key is there that a token with this `kid` can have meant.
    pub fn lacks(&self, key_id: Option<&str>, now: SystemTime) -> bool {
        match (&self.usable(millis(now)), key_id) {
            (Some(all), Some(id)) => !all.knows(id),
            (Some(_), None) => false,
            (None, Some(id)) => !self.fixed.as_ref().is_some_and(|fixed| fixed.knows(id)),
            (None, None) => true,
        }
    }

    /// Sees to it that the keys are there that a token with this `kid` can have meant, as far as that is
    /// possible: from the store, or from the signer. Returns within [`LONGEST_WAIT`].
    ///
    /// # Errors
    /// There are no published keys, and none of the fixed ones has that name.
    pub async fn obtain(
        &self,
        host: &impl KeyPorts,
        key_id: Option<&str>,
    ) -> Result<(), KeysUnavailableError> {
        let wanted = Wanted::Key(key_id);
        if self.are_wanted(wanted, host) && !self.looked_lately(host) {
            // Given up by this request alone: another may have longer to wait for the same.
            within(host, LONGEST_WAIT, self.share_update(host, wanted)).await;
        }
        if self.usable(millis(host.now())).is_some() || !self.are_wanted(wanted, host) {
            return Ok(());
        }
        Err(KeysUnavailableError(self.state().failure.clone()))
    }

    /// Whether the keys are old, and it is time to fetch them. The store is not asked.
    pub fn is_due(&self, now: SystemTime) -> bool {
        let now = millis(now);
        let state = self.state();
        let is_old = |set: &KeySet| self.age(set.fetched, now) >= self.settings.refresh;
        state.set.as_ref().is_some_and(is_old) && may_attempt(state.attempted, true, now)
    }

    /// Fetches keys that are old, where no request waits for them. One task of an instance does it.
    pub async fn refresh(&self, host: &impl KeyPorts) {
        if !self.is_due(host.now()) {
            return;
        }
        let Some(_refreshing) = self.refreshing.try_enter(1) else {
            return;
        };
        self.share_update(host, Wanted::Refresh).await;
    }

    /// What came of the last attempt of this instance, once.
    pub fn take_report(&self) -> Option<KeyReport> {
        self.state().report.take()
    }

    /// How old the keys are, and why they could not be fetched. Of an instance that has none the store is
    /// asked, now and then; the signer never is.
    pub async fn status(&self, host: &impl KeyPorts) -> KeysStatus {
        if self.usable(millis(host.now())).is_none() && self.may_peek(host) {
            // Where the store says nothing, nobody knows.
            let _ = self.look(host).await;
        }
        let now = millis(host.now());
        let state = self.state();
        let set = state.set.as_ref();
        let age = set.map(|set| self.age(set.fetched, now));
        KeysStatus {
            state: match set {
                Some(set) if !self.is_usable(set.fetched, now) => KeysState::Missing,
                Some(_) if age >= Some(self.settings.refresh) && state.failure.is_some() => {
                    KeysState::Old
                }
                Some(_) => KeysState::Ok,
                None if state.attempted == 0 => KeysState::NotFetched,
                None => KeysState::Missing,
            },
            age,
            failure: state.failure.clone(),
        }
    }

    async fn share_update(&self, host: &impl KeyPorts, wanted: Wanted<'_>) {
        let update = async || (self.update(host, wanted).await, Duration::ZERO);
        self.updates.get(host, update).await;
    }

    fn are_wanted(&self, wanted: Wanted<'_>, clock: &impl Clock) -> bool {
        match wanted {
            Wanted::Key(key_id) => self.lacks(key_id, clock.now()),
            Wanted::Refresh => self.is_due(clock.now()),
        }
    }

    /// Reads the store, and fetches the keys where they are still `wanted` and it may be done.
    async fn update(&self, host: &impl KeyPorts, wanted: Wanted<'_>) {
        let until = host.monotonic() + LONGEST_WAIT;
        loop {
            let stored = self.look(host).await;
            let is_under_way = stored.as_ref().is_ok_and(|it| it.is_under_way(host.now()));
            if !self.are_wanted(wanted, host) || !is_under_way && self.fetch(host, stored).await {
                break;
            }
            if host.monotonic() >= until {
                break;
            }
            host.sleep(POLL).await;
        }
        self.state().looked = Some(host.monotonic());
    }

    /// Reads the store, and takes what is newer there.
    async fn look(&self, host: &impl KeyPorts) -> Result<StoredKeys, StoreError> {
        let stored = StoredKeys::read(host, &self.settings.url).await?;
        self.adopt(&stored);
        Ok(stored)
    }

    fn adopt(&self, stored: &StoredKeys) {
        let mut state = self.state();
        // The same attempt may have ended since.
        if stored.attempted >= state.attempted {
            state.attempted = stored.attempted;
            state.failure.clone_from(&stored.failure);
        }
        let known = state.set.as_ref().map_or(0, |set| set.fetched);
        let newer = stored.set.as_deref().filter(|_| stored.fetched > known);
        if let Some((text, keys)) = newer.and_then(|text| Some((text, key_set::restore(text)?))) {
            self.replace(&mut state, text, &keys, stored.fetched);
        }
    }

    /// Says whether they are others than before.
    fn replace(&self, state: &mut State, text: &str, keys: &Keys, fetched: u64) -> bool {
        let hash = Sha256::digest(text).into();
        let are_new = state.set.as_ref().is_none_or(|set| set.hash != hash);
        state.replaced += u64::from(are_new);
        state.set = Some(KeySet {
            hash,
            all: Arc::new(keys.behind(self.fixed.as_deref())),
            fetched,
        });
        are_new
    }

    /// Fetches the keys, if nobody has tried to lately, and keeps them; `false` where another instance was
    /// a little faster and is fetching them.
    async fn fetch(&self, host: &impl KeyPorts, stored: Result<StoredKeys, StoreError>) -> bool {
        let now = millis(host.now());
        let is_usable = self.usable(now).is_some();
        // Without the store nobody knows what other instances do: then only what is needed.
        if stored.is_err() && is_usable && !self.is_due(host.now()) {
            return true;
        }
        if !may_attempt(self.state().attempted, is_usable, now) {
            return true;
        }
        self.state().attempted = now;
        let claim = host.random() as u64;
        if let Ok(stored) = stored
            && !stored.claim(host, claim, now).await
        {
            return false;
        }
        let fetched = key_set::fetch(host, &self.settings.url).await;
        let report = match &fetched {
            Ok((text, keys)) => KeyReport::Fetched {
                count: keys.count(),
                are_new: self.replace(&mut self.state(), text, keys, now),
                left_out: keys.left_out().to_vec(),
                not_kept: None,
            },
            Err(error) => KeyReport::Failed(error.clone()),
        };
        let set = fetched.map(|(text, _)| text);
        let set = set.map_err(|error| error.to_string());
        self.state().failure = set.as_ref().err().cloned();
        // Logged also where this is given up while it is stored.
        self.state().report = Some(report);
        let kept = stored_keys::keep(host, &self.settings.url, set, claim, now).await;
        if let Some(KeyReport::Fetched { not_kept, .. }) = &mut self.state().report {
            *not_kept = kept.err();
        }
        true
    }

    /// The keys, where published ones are among them.
    fn usable(&self, now: u64) -> Option<Arc<Keys>> {
        let state = self.state();
        let set = state.set.as_ref();
        let set = set.filter(|set| self.is_usable(set.fetched, now))?;
        Some(Arc::clone(&set.all))
    }

    fn is_usable(&self, fetched: u64, now: u64) -> bool {
        self.age(fetched, now) <= self.settings.refresh + AWAY
    }

    /// What a clock that was ahead has stored is old.
    fn age(&self, fetched: u64, now: u64) -> Duration {
        match is_ahead(fetched, now) {
            true => self.settings.refresh,
            false => Duration::from_millis(now.saturating_sub(fetched)),
        }
    }

    fn may_peek(&self, clock: &impl Clock) -> bool {
        let now = clock.monotonic();
        let peeked = &mut self.state().peeked;
        let may = peeked.is_none_or(|peeked| now >= peeked + LOOK_EVERY);
        if may {
            *peeked = Some(now);
        }
        may
    }

    fn looked_lately(&self, clock: &impl Clock) -> bool {
        let looked = self.state().looked;
        looked.is_some_and(|looked| clock.monotonic() < looked + LOOK_EVERY)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one operation, so what a panic leaves is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it is time for another attempt.
fn may_attempt(attempted: u64, is_usable: bool, now: u64) -> bool {
    let pause = match is_usable {
        true => FETCH_EVERY,
        false => FETCH_FIRST_EVERY,
    };
    now >= attempted.saturating_add(millis_in(pause)) || is_ahead(attempted, now)
}
