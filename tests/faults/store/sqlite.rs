//! The SQLite file that Spin's own store is.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::Failing;

/// What Spin makes; the server may not have made it yet.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value (
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (store, key)
)";

/// Lets the store fail like this until the returned function is called.
pub fn fail(file: &Path, how: Failing) -> Box<dyn FnOnce()> {
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
    let connection = open(file);
    connection.execute_batch(fault).expect("a fault");
    Box::new(move || connection.execute_batch(remedy).expect("a store"))
}

/// Sets a key, or deletes it.
pub fn set(file: &Path, key: &str, value: Option<&str>) {
    let connection = open(file);
    let done = match value {
        Some(value) => connection.execute(
            "INSERT INTO spin_key_value (store, key, value) VALUES ('default', ?1, ?2)
             ON CONFLICT (store, key) DO UPDATE SET value = ?2",
            (key, value.as_bytes()),
        ),
        None => connection.execute("DELETE FROM spin_key_value WHERE key = ?1", [key]),
    };
    done.expect("a write");
}

fn open(file: &Path) -> Connection {
    let connection = Connection::open(file).expect("the store's file");
    // The server writes too.
    let patience = Duration::from_secs(60);
    connection.busy_timeout(patience).expect("a timeout");
    connection.execute_batch(TABLE).expect("a table");
    connection
}
