//! Reads and writes the file of the key-value store, as Spin and the stand-in have it. Filling it
//! through the component would take minutes.

use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::{Connection, params};

const FILE: &str = "sqlite_key_value.db";
const TABLE: &str = "CREATE TABLE spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL, \
                     value BLOB NOT NULL, PRIMARY KEY (store, key))";

/// What is stored under a key.
#[derive(Debug, PartialEq)]
pub struct Entry {
    pub key: String,
    pub value: Vec<u8>,
}

/// The entries of the store in this folder whose keys fit SQLite's `GLOB` pattern, by key.
///
/// # Errors
/// Where there is no store yet, or it is not as it is known here.
pub fn matching(state: &Path, pattern: &str) -> Result<Vec<Entry>> {
    let read = || -> rusqlite::Result<Vec<Entry>> {
        let store = Connection::open(state.join(FILE))?;
        let query = "SELECT key, value FROM spin_key_value WHERE key GLOB ?1 ORDER BY key";
        let mut selected = store.prepare(query)?;
        let entries = selected.query_map([pattern], |row| {
            Ok(Entry {
                key: row.get(0)?,
                value: row.get(1)?,
            })
        })?;
        entries.collect()
    };
    read().context("cannot read the store")
}

/// Writes these entries into a new store in this folder.
pub fn fill(state: &Path, entries: impl Iterator<Item = Result<Entry>>) -> Result<()> {
    let mut store = Connection::open(state.join(FILE))?;
    store.execute(TABLE, [])?;
    let writing = store.transaction()?;
    {
        let mut insert =
            writing.prepare("INSERT INTO spin_key_value VALUES ('default', ?1, ?2)")?;
        for entry in entries {
            let Entry { key, value } = entry?;
            insert.execute(params![key, value])?;
        }
    }
    writing.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_found_by_its_key() {
        let folder = tempfile::TempDir::new().expect("a folder");
        assert!(matching(folder.path(), "*").is_err(), "no store is there");
        let folder = tempfile::TempDir::new().expect("a folder");
        let entry = |key: &str| Entry {
            key: key.to_owned(),
            value: key.to_uppercase().into_bytes(),
        };
        let written = ["b:2", "a:1", "b:1"].map(|key| Ok(entry(key)));
        fill(folder.path(), written.into_iter()).expect("written");
        let found = matching(folder.path(), "b:*").expect("a store");
        assert_eq!(found, [entry("b:1"), entry("b:2")]);
    }
}
