//! Faults of the key-value store, planted in the SQLite file that it is kept in.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;

/// Where the component keeps the marker of its outbox.
const MARKER: &str = "0-outbox-marker";

/// What Spin makes; the server may not have made it yet.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value (
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (store, key)
)";

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    /// Nothing can be set.
    Sets,
    /// Nothing can be deleted: what was delivered stays, and is delivered again.
    Deletes,
    /// Neither that, nor can anything be read.
    Everything,
    /// The file is locked. Operations wait, and fail after SQLite's 5 s.
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
}

pub const WRONG_MARKERS: [WrongMarker; 5] = [
    WrongMarker::Removed,
    WrongMarker::Stale,
    WrongMarker::FromTheFuture,
    WrongMarker::Abandoned,
    WrongMarker::Damaged,
];

pub struct Store {
    file: PathBuf,
}

/// A fault, until it is repaired.
pub struct PlantedFault {
    connection: Connection,
    remedy: &'static str,
}

impl Store {
    pub fn at(file: PathBuf) -> Self {
        Self { file }
    }

    /// From when this returns on, the store fails like this.
    pub fn fail(&self, how: Failing) -> PlantedFault {
        let (fault, remedy) = match how {
            Failing::Sets => (
                "CREATE TRIGGER planted BEFORE INSERT ON spin_key_value
                 BEGIN SELECT RAISE(ABORT, 'planted'); END",
                "DROP TRIGGER planted",
            ),
            Failing::Deletes => (
                "CREATE TRIGGER planted BEFORE DELETE ON spin_key_value
                 BEGIN SELECT RAISE(ABORT, 'planted'); END",
                "DROP TRIGGER planted",
            ),
            Failing::Everything => (
                "ALTER TABLE spin_key_value RENAME COLUMN store TO planted",
                "ALTER TABLE spin_key_value RENAME COLUMN planted TO store",
            ),
            Failing::Locked => ("BEGIN EXCLUSIVE", "COMMIT"),
        };
        let connection = Connection::open(&self.file).expect("the store's file");
        // The server writes too.
        let patience = Duration::from_secs(60);
        connection.busy_timeout(patience).expect("a timeout");
        connection.execute_batch(TABLE).expect("a table");
        connection.execute_batch(fault).expect("a fault");
        PlantedFault { connection, remedy }
    }
}

impl Store {
    /// Puts this marker into the store.
    pub fn write_marker(&self, how: WrongMarker) {
        let connection = Connection::open(&self.file).expect("the store's file");
        let patience = Duration::from_secs(60);
        connection.busy_timeout(patience).expect("a timeout");
        connection.execute_batch(TABLE).expect("a table");
        let done = match how.marker(unix_millis()) {
            Some(marker) => connection.execute(
                "INSERT INTO spin_key_value (store, key, value) VALUES ('default', ?1, ?2)
                 ON CONFLICT (store, key) DO UPDATE SET value = ?2",
                (MARKER, marker.as_bytes()),
            ),
            None => connection.execute("DELETE FROM spin_key_value WHERE key = ?1", [MARKER]),
        };
        done.expect("a marker");
    }
}

impl WrongMarker {
    fn marker(self, now: u64) -> Option<String> {
        let marker = |due: &str, listed: u64, lease: &str| {
            Some(format!(
                r#"{{"due":{due},"listed":{listed},"announced":false,"lease":{lease}}}"#
            ))
        };
        let tomorrow = now + 86_400_000;
        match self {
            Self::Removed => None,
            Self::Stale => marker("null", now, "null"),
            Self::FromTheFuture => marker(&tomorrow.to_string(), tomorrow, "null"),
            Self::Abandoned => {
                let until = now + 15_000;
                marker("0", now, &format!(r#"{{"holder":1,"until":{until}}}"#))
            }
            Self::Damaged => Some(r#"{"due":"#.to_owned()),
        }
    }
}

fn unix_millis() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.expect("a clock that is set").as_millis()).expect("this age of the world")
}

impl PlantedFault {
    pub fn repair(self) {
        self.connection.execute_batch(self.remedy).expect("a store");
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
