//! What one instance has refused and not written yet, and the one task that writes it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::record::{RefusalRecord, RefusedRequest};
use super::slot::{self, SLOTS, Slot};
use crate::audit::Masking;
use crate::delivery::DeploymentId;
use crate::http::json;
use crate::instance::rate_limiter::TokenBucket;
use crate::instance::{Gauge, unix_time};
use crate::ports::{Clock, KeyValue, StoreError};

/// How long refusals are collected until they are written. A host may give each request an instance of its own,
/// which this keeps alive.
const COLLECTED: Duration = Duration::from_millis(50);

/// How many records an instance collects.
const RECORDS: usize = 32;

/// How often it looks for a value that was written just now, where a record is important.
const ROUNDS: usize = 2;

/// The name of the field that has the deployment's id.
const ID_FIELD: &str = "deploymentId";

/// The refusals of one instance.
pub struct RefusalLog {
    state: Mutex<State>,
    /// One task at a time writes.
    writing: Gauge,
}

struct State {
    collected: Vec<RefusalRecord>,
    /// Values that may be looked at.
    looks: TokenBucket,
    /// Bodies in which a deployment may be looked for.
    bodies: TokenBucket,
}

impl Default for RefusalLog {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                collected: Vec::new(),
                looks: TokenBucket::new(3, 2, 6),
                bodies: TokenBucket::new(32, 16, 64),
            }),
            writing: Gauge::default(),
        }
    }
}

impl RefusalLog {
    /// Collects a refusal, and writes what is collected as far as the budget allows. For a task that nobody
    /// waits for.
    ///
    /// # Errors
    /// Where the store fails. What was collected is left for the next time.
    pub async fn note(
        &self,
        host: &(impl Clock + KeyValue),
        masking: &Masking,
        refused: RefusedRequest,
    ) -> Result<(), StoreError> {
        // A stranger keeps no instance waiting, and of what failed here there may be as much as comes in.
        let rounds = match refused.is_verified && refused.status < 500 {
            true => ROUNDS,
            false => 1,
        };
        self.collect(host, masking, refused);
        let Some(_writing) = self.writing.try_enter(1) else {
            return Ok(());
        };
        let mut wait = COLLECTED;
        for _ in 0..rounds {
            host.sleep(wait).await;
            match self.write(host).await? {
                Some(time) => wait = time,
                None => break,
            }
        }
        Ok(())
    }

    fn collect(&self, host: &impl Clock, masking: &Masking, mut refused: RefusedRequest) {
        let now = unix_time::millis(host.now());
        let may_look = self.state().bodies.take(host.monotonic(), 0);
        let id = refused.deployment_id.take().or_else(|| {
            let found = may_look.then(|| json::first_text(&refused.beginning, ID_FIELD));
            let found = found.flatten()?;
            Some(DeploymentId::new(found).ok()?.to_string())
        });
        let id = id.map(|id| masking.field(&id).into_owned());
        let record = RefusalRecord::new(refused, id, now);
        slot::add(&mut self.state().collected, record, RECORDS, now);
    }

    /// Writes what may be written now; gives when to look again, where something important is left.
    async fn write(&self, host: &(impl Clock + KeyValue)) -> Result<Option<Duration>, StoreError> {
        let mut again = None;
        for (slot, is_important) in self.slots(unix_time::millis(host.now())) {
            let mut wait = self.state().looks.wait(host.monotonic(), 0);
            if wait.is_zero() {
                self.state().looks.take(host.monotonic(), 0);
                let stored = Slot::read(host, slot).await?;
                let now = unix_time::millis(host.now());
                wait = stored.wait(now, is_important);
                if wait.is_zero() {
                    self.write_slot(host, stored, slot, now).await?;
                    continue;
                }
            }
            if is_important {
                again = Some(again.map_or(wait, |known: Duration| known.min(wait)));
            }
        }
        Ok(again)
    }

    async fn write_slot(
        &self,
        host: &impl KeyValue,
        stored: Slot,
        slot: u8,
        now: u64,
    ) -> Result<(), StoreError> {
        let is_its_own = |record: &RefusalRecord| slot::slot_of(&record.client) == slot;
        let taken: Vec<_> = {
            let mut state = self.state();
            state
                .collected
                .extract_if(.., |it| is_its_own(it))
                .collect()
        };
        let written = stored.write(host, slot, taken.clone(), now).await;
        if written.is_err() {
            let mut state = self.state();
            for record in taken {
                slot::add(&mut state.collected, record, RECORDS, now);
            }
        }
        written
    }

    /// The values that something is collected for, and whether that is important: those first, and others
    /// beginning anywhere, so that none is always the last.
    fn slots(&self, now: u64) -> Vec<(u8, bool)> {
        let mut important = [None; SLOTS as usize];
        for record in &self.state().collected {
            let slot = &mut important[usize::from(slot::slot_of(&record.client))];
            *slot = Some(*slot == Some(true) || record.is_important());
        }
        let first = (now % u64::from(SLOTS)) as u8;
        let in_turn = || (0..SLOTS).map(|step| (first + step) % SLOTS);
        let kinds = [true, false].into_iter();
        let all = kinds.flat_map(|kind| in_turn().map(move |slot| (slot, kind)));
        all.filter(|(slot, kind)| important[usize::from(*slot)] == Some(*kind))
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Never held across an await.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
