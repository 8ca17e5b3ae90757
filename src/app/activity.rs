//! The history of activity: one row a request of a source with a valid credential, for analysis later.
//! It is written after the reply, once, and kept out of the way of callbacks: a row that is not written
//! is counted in the log, and never comes to the outbox.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::audit::{Line, Masking, Subject};
use crate::config::ACTIVITY_TABLE;
use crate::delivery::{
    Change, DataApi, DeliveryError, Effort, Entity, Guard, IfAbsent, Timestamp, Value,
};
use crate::http::TraceContext;
use crate::instance::{Gauge, GaugeGuard};
use crate::ports::{Clock, Host};

/// How many rows an instance writes at a time. A table that is locked keeps as many connections of the
/// database for itself, of which callbacks need some.
const AT_A_TIME: usize = 4;

/// How many wait for that, and for how long, looking so often.
const WAITING: usize = 32;
const PATIENCE: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_millis(10);

/// How long writing a row may take.
const TIME: Duration = Duration::from_secs(2);

/// How long nothing is written after a failure. Then one row at a time is tried, until one is written.
const PAUSE: Duration = Duration::from_secs(5);

/// The rows that an instance is writing.
#[derive(Default)]
pub struct Activity {
    writing: Gauge,
    waiting: Gauge,
    /// When the last row was not written, and why.
    failed: Mutex<Option<(Duration, String)>>,
}

/// Why a row was not written. The texts are for the log.
#[derive(Debug, thiserror::Error)]
pub enum ActivityError {
    /// As many rows wait as may.
    #[error("too many rows at a time")]
    Busy,
    /// The data API was away just now.
    #[error("not tried: the data API was away just now")]
    Away,
    /// The last row was not written, for this reason.
    #[error("not tried again yet: {0}")]
    Paused(String),
    /// It was tried.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
}

/// What the history has of a request: nothing that the log does not have, and masked as there.
pub fn row(line: &Line, masking: &Masking) -> Change {
    let record = &line.record;
    let text = |text: &str| Value::Text(text.to_owned());
    let masked = |text: &str| Value::Text(masking.field(text).into_owned());
    let came = Timestamp::at(record.came).map(|time| Value::Text(time.to_string()));
    let subject = record.subject.as_ref();
    let key = subject.map(|subject| match subject {
        Subject::Deployment(id) => masked(id),
        Subject::Row(row) => masked(row),
    });
    // As the log writes it; std's own way to write a fraction would be in the component for this alone.
    let ms = serde_json::Value::from(line.ms());
    let values = [
        ("received_at", came.unwrap_or(Value::Null)),
        ("source", record.source.map_or(Value::Null, text)),
        ("outcome", text(line.outcome)),
        ("status", Value::Text(line.status.to_string())),
        ("row_key", key.unwrap_or(Value::Null)),
        ("ms", Value::Text(ms.to_string())),
    ];
    Change {
        entity: Entity::new(ACTIVITY_TABLE, "request_id"),
        key: masking.field(&record.request_id).into_owned(),
        values: values.map(|(name, value)| (name.into(), value)).into(),
        if_absent: IfAbsent::Insert,
        guard: Guard::Exists,
    }
}

impl Activity {
    /// Waits for room, and tries to write the row.
    ///
    /// # Errors
    /// Why it was not written.
    pub async fn write(
        &self,
        host: &impl Host,
        data_api: &DataApi,
        row: &Change,
    ) -> Result<(), ActivityError> {
        let _writing = self.wait_for_room(host).await?;
        let result = data_api
            .apply(host, row, Effort::Once(TIME), &TraceContext::default())
            .await
            .result;
        match &result {
            Ok(_) => *self.failed() = None,
            // Of this row, and not of the table.
            Err(error) if !error.is_retryable() => {}
            Err(error) => *self.failed() = Some((host.monotonic(), error.to_string())),
        }
        result?;
        Ok(())
    }

    async fn wait_for_room(&self, clock: &impl Clock) -> Result<GaugeGuard<'_>, ActivityError> {
        if let Some(writing) = self.room(clock)? {
            return Ok(writing);
        }
        let _waiting = self.waiting.try_enter(WAITING).ok_or(ActivityError::Busy)?;
        let until = clock.monotonic() + PATIENCE;
        while clock.monotonic() < until {
            clock.sleep(POLL).await;
            if let Some(writing) = self.room(clock)? {
                return Ok(writing);
            }
        }
        Err(ActivityError::Busy)
    }

    /// `None`: as many rows are being written as may.
    fn room(&self, clock: &impl Clock) -> Result<Option<GaugeGuard<'_>>, ActivityError> {
        let at_a_time = match &*self.failed() {
            Some((at, why)) if clock.monotonic() < *at + PAUSE => {
                return Err(ActivityError::Paused(why.clone()));
            }
            Some(_) => 1,
            None => AT_A_TIME,
        };
        Ok(self.writing.try_enter(at_a_time))
    }

    fn failed(&self) -> MutexGuard<'_, Option<(Duration, String)>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
