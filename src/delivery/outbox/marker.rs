//! The marker: one value of the store that says when the next entry is due and who delivers what
//! waits, so that finding out whether there is anything to do costs one `get` and no listing.
//!
//! The store has no compare-and-set, so every write of the marker may undo another. What keeps
//! entries from being forgotten all the same:
//!
//! - An entry is stored before it is announced here, and whoever delivers takes the lease, which
//!   clears `announced`, before the keys are listed. So an entry is in that listing, or the
//!   worker finds `announced` at the end and lists once more.
//! - Where a worker ends in the same instant in which an entry is announced, and its write comes
//!   last, the request that queued the entry reads the marker once more after its reply, finds
//!   nobody at work, and becomes the worker itself.
//! - A marker that is missing, cannot be read, or speaks of a time that cannot be, counts as one
//!   that says "look". One whose last listing is [`LISTED_EVERY`] ago does too, so whatever went
//!   wrong (also an instance that ended in between, or a store that shows its writes late) costs
//!   that delay and no entry.
//! - Two workers at once do no harm: changes are guarded.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, Random, StoreError};

/// Where the marker is: before the entries in a store that keeps its keys in order.
pub const KEY: &str = "0-outbox-marker";

/// How long a listing is relied on: the longest that an entry waits because of a lost marker.
pub const LISTED_EVERY: Duration = Duration::from_secs(600);

/// How long a lease lasts. Longer than a round, so that it ends by itself only where the worker did.
const LEASE: Duration = Duration::from_secs(16);

/// How far the clocks of two instances may differ.
const SKEW: Duration = Duration::from_secs(60);

/// What all instances know of the outbox. Times are milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// When the next entry is due; `None`: nothing waits.
    pub due: Option<u64>,
    /// When the keys were last listed; 0: never.
    listed: u64,
    /// Whether an entry came since the worker began its last listing.
    announced: bool,
    lease: Option<Lease>,
    /// When the last callback was accepted, as far as those knew who have written this. Each listing writes
    /// it anew, so it lags behind by [`LISTED_EVERY`] at most.
    #[serde(default)]
    pub callback: Option<u64>,
}

/// Who delivers what waits, and until when nobody else need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Lease {
    holder: u64,
    until: u64,
}

/// The instance that has the lease: it delivers what waits, for all of them.
#[derive(Debug, Clone, Copy)]
pub struct LeaseHolder {
    holder: u64,
}

impl Marker {
    /// Reads the marker; one that is missing or damaged is one that was never listed.
    pub async fn read(store: &impl KeyValue) -> Result<Self, StoreError> {
        let value = store.get(KEY).await?;
        Ok(value
            .and_then(|value| crate::http::json::parse(&value).ok())
            .unwrap_or_default())
    }

    async fn write(&self, store: &impl KeyValue) -> Result<(), StoreError> {
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        let value = serde_json::to_vec(self).expect("a plain structure");
        store.set(KEY, &value).await
    }

    /// Whether somebody should look at `now`, or for what is due by `until`, and nobody is at it.
    pub fn wants_worker(&self, now: u64, until: u64) -> bool {
        !self.is_leased(now) && (self.is_stale(now) || self.due.is_some_and(|due| due <= until))
    }

    /// With the last callback that an instance knows of.
    pub fn with_callback(self, callback: Option<u64>) -> Self {
        let callback = self.callback.max(callback);
        Self { callback, ..self }
    }

    /// Whether the last listing says nothing any more.
    fn is_stale(&self, now: u64) -> bool {
        let is_past = self.listed <= now.saturating_add(unix_time::millis_in(SKEW));
        !is_past || now.saturating_sub(self.listed) >= unix_time::millis_in(LISTED_EVERY)
    }

    fn is_leased(&self, now: u64) -> bool {
        let latest = now.saturating_add(unix_time::millis_in(LEASE + SKEW));
        self.lease
            .is_some_and(|lease| now < lease.until && lease.until <= latest)
    }
}

/// Says that an entry is due then, and when the last `callback` came. To be called once the entry is stored.
///
/// # Errors
/// Where the store fails. The entry is found all the same, within [`LISTED_EVERY`].
pub async fn announce(
    host: &(impl KeyValue + Clock),
    due: u64,
    callback: Option<u64>,
) -> Result<(), StoreError> {
    let now = unix_time::millis(host.now());
    let mut marker = Marker::read(host).await?.with_callback(callback);
    let is_known = marker.due.is_some_and(|known| known <= due);
    if is_known && (marker.announced || !marker.is_leased(now)) {
        return Ok(());
    }
    marker.due = Some(marker.due.map_or(due, |known| known.min(due)));
    marker.announced = true;
    marker.write(host).await
}

impl LeaseHolder {
    /// Takes the lease where nobody has it; `None`: somebody else was faster.
    pub async fn begin(
        host: &(impl KeyValue + Clock + Random),
        marker: Marker,
    ) -> Result<Option<Self>, StoreError> {
        let holder = Self {
            holder: host.random() as u64,
        };
        holder.renew(host, marker).await?;
        let found = Marker::read(host).await?;
        Ok(holder.has(&found).then_some(holder))
    }

    /// Extends the lease. What is announced from here on is in what [`found`](Self::found) gives.
    pub async fn renew(
        self,
        host: &(impl KeyValue + Clock),
        mut marker: Marker,
    ) -> Result<(), StoreError> {
        let now = unix_time::millis(host.now());
        let until = now.saturating_add(unix_time::millis_in(LEASE));
        let holder = self.holder;
        (marker.announced, marker.lease) = (false, Some(Lease { holder, until }));
        marker.write(host).await
    }

    /// The marker as it stands; `None`: somebody else has the lease now.
    pub async fn found(self, host: &impl KeyValue) -> Result<Option<Marker>, StoreError> {
        let marker = Marker::read(host).await?;
        Ok(self.has(&marker).then_some(marker))
    }

    /// Gives the lease back and says when the next entry is due, as a listing begun at `listed` and
    /// the deliveries after it found. `callback` is the last one known.
    pub async fn end(
        self,
        store: &impl KeyValue,
        listed: u64,
        due: Option<u64>,
        callback: Option<u64>,
    ) -> Result<(), StoreError> {
        let marker = Marker {
            due,
            listed,
            announced: false,
            lease: None,
            callback,
        };
        marker.write(store).await
    }

    /// Gives the lease back, if nobody else has it by now, and has somebody look at once.
    pub async fn give_back(self, host: &(impl KeyValue + Clock)) -> Result<(), StoreError> {
        let Some(marker) = self.found(host).await? else {
            return Ok(());
        };
        let due = Some(unix_time::millis(host.now()));
        let marker = Marker {
            due,
            lease: None,
            ..marker
        };
        marker.write(host).await
    }

    fn has(self, marker: &Marker) -> bool {
        marker
            .lease
            .is_some_and(|lease| lease.holder == self.holder)
    }
}

impl Marker {
    /// When the earliest entry is due that came since the worker's last listing.
    pub fn announced(&self) -> Option<u64> {
        self.due.filter(|_| self.announced)
    }
}
