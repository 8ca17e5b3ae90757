//! Turns at a row, on a store where the last write wins.
//!
//! Within an instance a row has one callback at a time. Between instances each leaves its mark
//! beside the row before it reads the row, and looks at the mark again before it writes and
//! after: as long as the mark is its own, nobody has come after it. Who finds another's mark
//! before writing steps back. Who finds it afterwards, or found a recent one on coming, waits
//! until all have written, and what stands then is what counts.
//!
//! This is as good as its timing: a callback that is held up for longer than [`SETTLE`] between
//! its look at the mark and its write can still write over another's.

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

/// A mark older than this belongs to nobody who could still write.
const RECENT: Duration = Duration::from_secs(5);

/// How long a callback waits before it looks again whether this instance is done with its row.
const GLANCE: Duration = Duration::from_millis(1);

/// Who is at a row, and since when: no two are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    number: u64,
    /// Milliseconds since 1970.
    since: u64,
}

/// The rows that requests of this instance are at.
#[derive(Default)]
pub struct Turns(KeyLocks);

/// A row that no other request of this instance is at until this is dropped.
pub struct Turn<'a>(KeyGuard<'a>);

impl Mark {
    fn parse(text: &str) -> Option<Self> {
        let (number, since) = text.split_once('@')?;
        Some(Self {
            number: number.parse().ok()?,
            since: since.parse().ok()?,
        })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.number, self.since)
    }
}

impl Turns {
    /// Waits until no other request of this instance is at the row.
    pub async fn wait(&self, clock: &impl Clock, key: &str) -> Turn<'_> {
        loop {
            match self.0.try_lock(key) {
                Some(guard) => return Turn(guard),
                None => clock.sleep(GLANCE).await,
            }
        }
    }
}

impl Turn<'_> {
    /// The row's key.
    pub fn key(&self) -> &str {
        self.0.key()
    }

    /// Leaves a new mark beside the row, and tells whether the row was quiet before.
    pub async fn mark(
        &self,
        host: &(impl KeyValue + Clock + Random),
    ) -> Result<(Mark, bool), DeliveryError> {
        let mark = Mark {
            // Half of it is enough to tell apart the few that can meet at a row.
            number: host.random() as u64,
            since: unix_time::millis(host.now()),
        };
        let last = self.last(host).await?;
        let quiet = last
            .is_none_or(|last| u128::from(mark.since.abs_diff(last.since)) > RECENT.as_millis());
        host.set(&self.marks(), mark.to_string().as_bytes()).await?;
        Ok((mark, quiet))
    }

    /// Whether nobody has left a mark since.
    pub async fn is_still(&self, host: &impl KeyValue, mark: Mark) -> Result<bool, DeliveryError> {
        Ok(self.last(host).await? == Some(mark))
    }

    async fn last(&self, host: &impl KeyValue) -> Result<Option<Mark>, DeliveryError> {
        let value = host.get(&self.marks()).await?;
        // What cannot be read is not a mark of anybody's who is at the row now.
        Ok(value.and_then(|value| Mark::parse(str::from_utf8(&value).ok()?)))
    }

    fn marks(&self) -> String {
        format!("{}:turn", self.key())
    }
}

/// Lets the others go first: a while by chance, longer after each round.
pub async fn step_back(host: &(impl Clock + Random), round: u32) {
    let longest = 10 + 4 * u64::from(round.min(20));
    let milliseconds = 1 + host.random() as u64 % longest;
    host.sleep(Duration::from_millis(milliseconds)).await;
}
