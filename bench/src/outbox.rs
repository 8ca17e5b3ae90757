//! A long outbox: one entry that the component has kept itself, copied for as many other rows as
//! are asked for. By way of the component it would take minutes.

use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use rusqlite::{Connection, params};

/// As Spin and the stand-in have it.
const FILE: &str = "sqlite_key_value.db";
const TABLE: &str = "CREATE TABLE spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL, \
                     value BLOB NOT NULL, PRIMARY KEY (store, key))";

/// Where what waits is.
const WAITING: &str = "0-outbox/a/";

/// When the copies are due: not while anything is measured.
const DUE_IN: Duration = Duration::from_secs(3600);

/// An entry of the outbox.
#[derive(Debug, PartialEq)]
pub struct Entry {
    key: String,
    value: Vec<u8>,
}

/// What waits in the store of this folder: the first of it.
pub fn first(state: &Path) -> Result<Entry> {
    let store = Connection::open(state.join(FILE)).context("cannot open the store")?;
    let range = format!("{WAITING}*");
    let query = "SELECT key, value FROM spin_key_value WHERE key GLOB ?1 ORDER BY key";
    let read = |row: &rusqlite::Row| {
        Ok(Entry {
            key: row.get(0)?,
            value: row.get(1)?,
        })
    };
    store
        .query_row(query, [range], read)
        .context("the component has put nothing into its outbox")
}

/// Writes so many copies into a new store in this folder.
pub fn fill(state: &Path, amount: usize, entry: &Entry) -> Result<()> {
    write(state, amount, entry).context("cannot write the outbox")
}

fn write(state: &Path, amount: usize, entry: &Entry) -> Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let due = (now + DUE_IN).as_millis();
    let mut store = Connection::open(state.join(FILE))?;
    store.execute(TABLE, [])?;
    let writing = store.transaction()?;
    {
        let mut insert =
            writing.prepare("INSERT INTO spin_key_value VALUES ('default', ?1, ?2)")?;
        for number in 0..amount {
            let key = renumbered(&entry.key, number, due)
                .with_context(|| format!("{} is not how entries were called", entry.key))?;
            insert.execute(params![key, entry.value])?;
        }
    }
    writing.commit()?;
    Ok(())
}

/// The key `<due>-<came>-<number>-<kind><row>` of another row, as src/delivery/outbox/id.rs has it.
fn renumbered(key: &str, number: usize, due: u128) -> Option<String> {
    let mut parts = key.strip_prefix(WAITING)?.split('-');
    let (_, came, _, row) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let kind = row.chars().next()?;
    let is_whole = parts.next().is_none() && row.len() == 33;
    // Any 128 bits are some row's; they must be different ones.
    is_whole.then(|| format!("{WAITING}{due:011x}-{came}-{number:08x}-{kind}{number:032x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "0-outbox/a/019ab000000-019aaffffff-0000abcd-f0123456789abcdef0123456789abcdef";

    #[test]
    fn as_many_entries_are_written_as_are_asked_for() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let entry = Entry {
            key: KEY.to_owned(),
            value: b"{}".to_vec(),
        };
        fill(folder.path(), 3, &entry).expect("written");
        let store = Connection::open(folder.path().join(FILE)).expect("a store");
        let count: u32 = store
            .query_row("SELECT count(*) FROM spin_key_value", [], |row| row.get(0))
            .expect("a count");
        assert_eq!(count, 3);
        let first = first(folder.path()).expect("an entry");
        assert!(first.key.ends_with(&format!("-00000000-f{:032}", 0)));
        assert_eq!(first.value, entry.value);
    }

    #[test]
    fn a_key_of_another_kind_is_not_copied() {
        let key = renumbered(KEY, 255, 0x1000).expect("a key");
        let expected = format!("0-outbox/a/00000001000-019aaffffff-000000ff-f{:0>32}", "ff");
        assert_eq!(key, expected);
        for other in [
            "0-outbox/d/1-2-3-f4",
            "0-outbox/a/1-2-3",
            "0-outbox/a/1-2-3-f4",
        ] {
            assert_eq!(renumbered(other, 1, 1), None, "{other}");
        }
    }
}
