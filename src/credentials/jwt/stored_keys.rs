//! The published keys as the store has them: one value, for all instances.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value as Json, json};

use super::key_set::DEADLINE;
use crate::http::json;
use crate::instance::unix_time::{millis, millis_in};
use crate::ports::{Clock, KeyValue, StoreError};

/// Where they are.
pub const KEY: &str = "jwks";

/// The format, so that another version of the service does not misread it.
const VERSION: u64 = 1;

/// How long one that begins waits for others that begin at the same time. A write takes some milliseconds.
const CLAIM: Duration = Duration::from_millis(50);

/// How far ahead another instance's clock may be.
const SKEW: Duration = Duration::from_secs(60);

/// The last set that could be used, and the last attempt to fetch one. Times are milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredKeys {
    /// Where the keys are from: those of another address are none.
    url: String,
    /// The set as the signer sent it.
    pub set: Option<String>,
    /// When the request for it was sent.
    pub fetched: u64,
    /// When an instance last began to fetch them.
    pub attempted: u64,
    /// Which one it was: of two at once, the one that wrote last goes on.
    pub claim: u64,
    /// That attempt is over.
    pub ended: bool,
    /// Why it failed.
    pub failure: Option<String>,
}

impl StoredKeys {
    /// Nothing was ever fetched from this address.
    pub fn none(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ended: true,
            ..Self::default()
        }
    }

    /// What is stored for this address. What cannot be read, or is another address's, is as good as none.
    pub async fn read(store: &impl KeyValue, url: &str) -> Result<Self, StoreError> {
        let value = store.get(KEY).await?.unwrap_or_default();
        let stored = json::parse(&value).ok().and_then(restore);
        let stored = stored.filter(|stored| stored.url == url);
        Ok(stored.unwrap_or_else(|| Self::none(url)))
    }

    /// Writes it.
    pub async fn write(&self, store: &impl KeyValue) -> Result<(), StoreError> {
        let value = json!({
            "version": VERSION, "url": self.url, "set": self.set, "fetched": self.fetched,
            "attempted": self.attempted, "claim": self.claim, "ended": self.ended,
            "failure": self.failure,
        });
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        let value = serde_json::to_vec(&value).expect("JSON");
        store.set(KEY, &value).await
    }

    /// Tells other instances that this one fetches the keys; `false` where another does.
    pub async fn claim(mut self, host: &(impl Clock + KeyValue), claim: u64, now: u64) -> bool {
        self.attempted = now;
        self.claim = claim;
        self.ended = false;
        let is_written = self.write(host).await.is_ok();
        // Others that saw nobody fetch may be about to write: the last of them goes on.
        host.sleep(CLAIM).await;
        let read = Self::read(host, &self.url).await;
        !is_written || read.is_ok_and(|stored| stored.claim == claim)
    }

    /// Whether an instance is fetching them just now.
    pub fn is_under_way(&self, now: SystemTime) -> bool {
        let since = millis(now).checked_sub(self.attempted);
        !self.ended && since.is_some_and(|since| since <= millis_in(DEADLINE))
    }
}

/// What was stored; `None` where that is something else, or another version's.
fn restore(mut stored: Map<String, Json>) -> Option<StoredKeys> {
    if stored.get("version")?.as_u64()? != VERSION {
        return None;
    }
    let mut text = |name| match stored.remove(name) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    };
    let (url, set, failure) = (text("url")?, text("set"), text("failure"));
    let number = |name| stored.get(name)?.as_u64();
    Some(StoredKeys {
        url,
        set,
        failure,
        fetched: number("fetched")?,
        attempted: number("attempted")?,
        claim: number("claim")?,
        ended: stored.get("ended")?.as_bool()?,
    })
}

/// Stores what came of an attempt: the set, or why there is none. Another instance may have been faster, and
/// its keys newer.
pub async fn keep(
    store: &impl KeyValue,
    url: &str,
    set: Result<String, String>,
    claim: u64,
    now: u64,
) -> Result<(), StoreError> {
    let mut stored = StoredKeys::read(store, url).await?;
    match set {
        Ok(text) if stored.fetched <= now || is_ahead(stored.fetched, now) => {
            stored.set = Some(text);
            stored.fetched = now;
            stored.failure = None;
        }
        Err(failure) if stored.claim == claim => stored.failure = Some(failure),
        Ok(_) | Err(_) => return Ok(()),
    }
    // A time that a clock ahead has left goes too.
    if stored.attempted < now || is_ahead(stored.attempted, now) {
        stored.attempted = now;
    }
    stored.ended = true;
    stored.write(store).await
}

/// Whether a clock that was wrong has stored this time.
pub fn is_ahead(time: u64, now: u64) -> bool {
    time > now.saturating_add(millis_in(SKEW))
}
