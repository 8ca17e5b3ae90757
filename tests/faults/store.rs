//! Faults of the key-value store, planted where it keeps its values: in SQLite's file, or in Redis.

mod redis;
mod sqlite;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use support::redis::Redis;

/// Where the component keeps the marker of its outbox.
const MARKER: &str = "0-outbox-marker";

/// How often each of two writes the marker that both write at the same time.
const TIMES_WRITTEN_BY_TWO: usize = 20;

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    /// Nothing can be set.
    Sets,
    /// Nothing can be deleted: what was delivered stays, and is delivered again.
    Deletes,
    /// Neither that, nor can anything be read.
    Everything,
    /// Nobody else may write. With SQLite reads wait too, and all fail after 5 s; with Redis writes
    /// wait for as long as it lasts.
    Locked,
}

/// A wrong marker of the outbox.
#[derive(Debug, Clone, Copy)]
pub enum WrongMarker {
    /// There is none.
    Removed,
    /// It says that nothing waits, which was true shortly before.
    Stale,
    /// It was written tomorrow.
    FromTheFuture,
    /// Its lease is that of an instance that is gone.
    Abandoned,
    /// It is no marker.
    Damaged,
    /// Two write it at the same time: one that nothing waits, the other that something does.
    ByTwo,
}

pub const WRONG_MARKERS: [WrongMarker; 6] = [
    WrongMarker::Removed,
    WrongMarker::Stale,
    WrongMarker::FromTheFuture,
    WrongMarker::Abandoned,
    WrongMarker::Damaged,
    WrongMarker::ByTwo,
];

/// Where the store's values are.
#[derive(Clone)]
pub enum Store {
    /// In this file, which Spin makes.
    Sqlite(PathBuf),
    Redis(Arc<Redis>),
}

/// A fault, until it is repaired.
pub struct PlantedFault(Box<dyn FnOnce()>);

impl Store {
    /// From when this returns on, the store fails like this.
    pub fn fail(&self, how: Failing) -> PlantedFault {
        PlantedFault(match self {
            Self::Sqlite(file) => sqlite::fail(file, how),
            Self::Redis(redis) => redis::fail(redis, how),
        })
    }

    /// Puts this marker into the store.
    pub fn write_marker(&self, how: WrongMarker) {
        let now = unix_millis();
        match how {
            WrongMarker::Removed => self.set_marker(None),
            WrongMarker::Stale => self.set_marker(Some(marker("null", now, "null"))),
            WrongMarker::FromTheFuture => {
                let tomorrow = now + 86_400_000;
                self.set_marker(Some(marker(&tomorrow.to_string(), tomorrow, "null")));
            }
            WrongMarker::Abandoned => {
                let until = now + 15_000;
                let lease = format!(r#"{{"holder":1,"until":{until}}}"#);
                self.set_marker(Some(marker("0", now, &lease)));
            }
            WrongMarker::Damaged => self.set_marker(Some(r#"{"due":"#.to_owned())),
            WrongMarker::ByTwo => thread::scope(|scope| {
                for due in ["null", "0"] {
                    scope.spawn(move || {
                        for _ in 0..TIMES_WRITTEN_BY_TWO {
                            self.set_marker(Some(marker(due, now, "null")));
                        }
                    });
                }
            }),
        }
    }

    fn set_marker(&self, marker: Option<String>) {
        match self {
            Self::Sqlite(file) => sqlite::set(file, MARKER, marker.as_deref()),
            Self::Redis(redis) => redis::set(redis, MARKER, marker.as_deref()),
        }
    }
}

/// A marker as the component writes it.
fn marker(due: &str, listed: u64, lease: &str) -> String {
    format!(r#"{{"due":{due},"listed":{listed},"announced":false,"lease":{lease}}}"#)
}

fn unix_millis() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.expect("a clock that is set").as_millis()).expect("this age of the world")
}

impl PlantedFault {
    pub fn repair(self) {
        (self.0)();
    }
}

impl Failing {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sets => "takes no write",
            Self::Deletes => "deletes nothing",
            Self::Everything => "takes and gives nothing",
            Self::Locked => "is locked",
        }
    }

    /// Whether a write that comes meanwhile cannot have been made before it is repaired.
    pub fn keeps_writes_out(self) -> bool {
        self != Self::Deletes
    }
}
