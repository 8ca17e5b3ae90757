//! A long outbox, written into the host's store before it starts: by way of the component it would
//! take minutes.

use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use rusqlite::{Connection, params};
use serde_json::json;

/// As Spin and the stand-in have it.
const FILE: &str = "sqlite_key_value.db";
const TABLE: &str = "CREATE TABLE spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL, \
                     value BLOB NOT NULL, PRIMARY KEY (store, key))";

/// When the entries are due: not while anything is measured.
const DUE_IN: Duration = Duration::from_secs(3600);

/// Writes so many entries that wait, each for a row of its own, into the store in this folder.
pub fn fill(state: &Path, amount: usize) -> Result<()> {
    write(state, amount).context("cannot write the outbox")
}

fn write(state: &Path, amount: usize) -> Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let mut store = Connection::open(state.join(FILE))?;
    store.execute(TABLE, [])?;
    let writing = store.transaction()?;
    {
        let mut insert =
            writing.prepare("INSERT INTO spin_key_value VALUES ('default', ?1, ?2)")?;
        for number in 0..amount {
            let (key, value) = entry(number, now);
            insert.execute(params![key, value])?;
        }
    }
    writing.commit()?;
    Ok(())
}

/// As the component keeps one: src/delivery/outbox/ has the meaning of both.
fn entry(number: usize, now: Duration) -> (String, Vec<u8>) {
    let (at, due) = (now.as_millis(), (now + DUE_IN).as_millis());
    // Any 128 bits are some row's; they must be different ones.
    let key = format!("outbox/a/{due:011x}-{at:011x}-{number:08x}-f{number:032x}");
    let value = json!({
        "entity": "Ejecuciones",
        "key": format!("espera-{number}"),
        "change": {"Estado": "RUN_COMPLETED", "CallbackInfo": "x".repeat(300)},
        "source": "a360",
        "requestId": "r",
        "since": at as u64,
        "tries": 1,
        "attempts": [[at as u64, "data API: connection refused"]],
    });
    (key, value.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_entries_are_written_as_are_asked_for() {
        let folder = tempfile::TempDir::new().expect("a folder");
        fill(folder.path(), 3).expect("written");
        let store = Connection::open(folder.path().join(FILE)).expect("a store");
        let count: u32 = store
            .query_row("SELECT count(*) FROM spin_key_value", [], |row| row.get(0))
            .expect("a count");
        assert_eq!(count, 3);
    }
}
