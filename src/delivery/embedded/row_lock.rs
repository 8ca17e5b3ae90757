//! One change of a row at a time, on a store where the last write wins.
//!
//! Within an instance a row has one change at a time. Between instances each stores its claim beside
//! the row before it reads the row, and reads the claim again before it writes and after: as long as
//! the claim is its own, nobody has come after it. Who finds another's claim before writing steps
//! back. Who finds it afterwards, or found a recent one at first, waits until all have written, and
//! what is stored then is what counts.
//!
//! This is as good as its timing: a change that is delayed by more than [`SETTLE`] between its look at
//! the claim and its write can still overwrite another's.

use std::fmt;
use std::time::Duration;

use crate::delivery::outcome::DeliveryError;
use crate::instance::key_locks::{KeyGuard, KeyLocks};
use crate::instance::unix_time;
use crate::ports::{Clock, KeyValue, Random};

/// How often a callback steps back before it gives up: some seconds in all.
pub const ROUNDS: u32 = 60;

/// How long after a write no other can still be under way that began before it.
pub const SETTLE: Duration = Duration::from_millis(100);

/// A claim older than this belongs to nobody who could still write.
const RECENT: Duration = Duration::from_secs(5);

/// How long a callback waits before it looks again whether this instance is done with its row.
const POLL: Duration = Duration::from_millis(1);

/// Who is at a row, and since when: no two are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    number: u64,
    /// Milliseconds since 1970.
    since: u64,
}

/// The rows that requests of this instance are at.
#[derive(Default)]
pub struct RowLocks(KeyLocks);

/// A row that no other request of this instance is at until this is dropped.
pub struct RowLock<'a>(KeyGuard<'a>);

impl Claim {
    fn parse(text: &str) -> Option<Self> {
        let (number, since) = text.split_once('@')?;
        Some(Self {
            number: number.parse().ok()?,
            since: since.parse().ok()?,
        })
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.number, self.since)
    }
}

impl RowLocks {
    /// Waits until no other request of this instance is at the row.
    pub async fn wait(&self, clock: &impl Clock, key: &str) -> RowLock<'_> {
        loop {
            match self.0.try_lock(key) {
                Some(guard) => return RowLock(guard),
                None => clock.sleep(POLL).await,
            }
        }
    }
}

impl RowLock<'_> {
    /// The row's key.
    pub fn key(&self) -> &str {
        self.0.key()
    }

    /// Leaves a new claim beside the row, and tells whether the row was quiet before.
    pub async fn claim(
        &self,
        host: &(impl KeyValue + Clock + Random),
    ) -> Result<(Claim, bool), DeliveryError> {
        let claim = Claim {
            // Half of it is enough to tell apart the few that can meet at a row.
            number: host.random() as u64,
            since: unix_time::millis(host.now()),
        };
        let last = self.last(host).await?;
        let quiet = last
            .is_none_or(|last| u128::from(claim.since.abs_diff(last.since)) > RECENT.as_millis());
        host.set(&self.claim_key(), claim.to_string().as_bytes())
            .await?;
        Ok((claim, quiet))
    }

    /// Whether nobody has left a claim since.
    pub async fn is_still(
        &self,
        host: &impl KeyValue,
        claim: Claim,
    ) -> Result<bool, DeliveryError> {
        Ok(self.last(host).await? == Some(claim))
    }

    async fn last(&self, host: &impl KeyValue) -> Result<Option<Claim>, DeliveryError> {
        let value = host.get(&self.claim_key()).await?;
        // What cannot be read is not a claim of anybody's who is at the row now.
        Ok(value.and_then(|value| Claim::parse(str::from_utf8(&value).ok()?)))
    }

    fn claim_key(&self) -> String {
        format!("{}:turn", self.key())
    }
}

/// Lets the others go first: a while by chance, longer after each round.
pub async fn step_back(host: &(impl Clock + Random), round: u32) {
    let longest = 10 + 4 * u64::from(round.min(20));
    let milliseconds = 1 + host.random() as u64 % longest;
    host.sleep(Duration::from_millis(milliseconds)).await;
}
