//! The key-value store in SQLite, in the table Spin keeps it in, so that both can use one file.
//!
//! It waits where Spin waits, so that what this does to an application shows here too: there is one
//! connection behind one lock; a call blocks the scheduler's thread it is made on; and a listing
//! has the lock from its first key until its reader has the last one or is gone.
//!
//! SQLite's own defaults stay: a rollback journal and full synchronization, so what `set` has
//! answered survives the process, however it ends.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use app_manifest::STORE;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::{mpsc, oneshot};
use tokio::task;

use super::listing::{KEYS_AHEAD, Keys};

/// A store; clones are the same store. Its functions need a scheduler of several threads.
#[derive(Clone)]
pub struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
}

impl SqliteStore {
    /// Opens the file, and makes it and its directory where they are not there.
    ///
    /// # Errors
    /// Each names the file.
    pub fn new(path: &Path) -> Result<Self> {
        Ok(Self {
            connection: Arc::new(Mutex::new(open_file(path)?)),
        })
    }

    /// What the component opens. Spin may have to open the file here, and blocks for it.
    pub fn open(&self) -> Self {
        task::block_in_place(|| self.clone())
    }

    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.run(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2")?;
            statement
                .query_row([STORE, key], |row| row.get(0))
                .optional()
        })
    }

    pub fn set(&self, key: &str, value: &[u8]) -> Result<()> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT (store, key) DO UPDATE SET value = ?3",
            )?;
            statement.execute(params![STORE, key, value]).map(drop)
        })
    }

    pub fn delete(&self, key: &str) -> Result<()> {
        self.run(|connection| {
            let mut statement = connection
                .prepare_cached("DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2")?;
            statement.execute([STORE, key]).map(drop)
        })
    }

    /// Lists on a thread of its own, which waits there for the lock, and then has it.
    pub fn keys(&self) -> Keys {
        let (keys, reader) = mpsc::channel(KEYS_AHEAD);
        let (outcome, outcome_reader) = oneshot::channel();
        let store = self.clone();
        task::spawn_blocking(move || {
            // Nobody may want to know any more.
            let _ = outcome.send(store.list(&keys).context(FAILED));
        });
        Keys {
            keys: reader,
            outcome: outcome_reader,
        }
    }

    fn list(&self, keys: &mpsc::Sender<String>) -> rusqlite::Result<()> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT key FROM spin_key_value WHERE store = ?1")?;
        let mut rows = statement.query([STORE])?;
        while let Some(row) = rows.next()? {
            if keys.blocking_send(row.get(0)?).is_err() {
                // The reader has seen enough.
                break;
            }
        }
        Ok(())
    }

    /// Waits on the scheduler's own thread; others take over what that had to do, if there are any.
    fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        task::block_in_place(|| work(&self.lock())).context(FAILED)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

const FAILED: &str = "the key-value store failed";

fn open_file(path: &Path) -> Result<Connection> {
    if let Some(parent) = path.parent() {
        let failed = || {
            format!(
                "{}: cannot make this directory; is its parent writable?",
                parent.display()
            )
        };
        std::fs::create_dir_all(parent).with_context(failed)?;
    }
    let open = || -> Result<Connection> {
        // SQLite would let every user read it, and it holds what robots have put out.
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)?;
        let connection = Connection::open(path)?;
        create_table(&connection)?;
        Ok(connection)
    };
    open().with_context(|| {
        format!(
            "{}: is not a key-value store that can be written",
            path.display()
        )
    })
}

fn create_table(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .execute(
            "CREATE TABLE IF NOT EXISTS spin_key_value (
                store TEXT NOT NULL,
                key   TEXT NOT NULL,
                value BLOB NOT NULL,
                PRIMARY KEY (store, key)
            )",
            [],
        )
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The folder is there for as long as the result.
    fn store() -> (SqliteStore, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::new(&dir.path().join("new/kv.db")).unwrap();
        (store, dir)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_keeps_what_it_was_given_apart_from_other_labels() {
        let (store, dir) = store();
        store.set("k", b"1").unwrap();
        store.set("k", b"2").unwrap();
        store.set("gone", b"").unwrap();
        store.delete("gone").unwrap();
        let others = "INSERT INTO spin_key_value VALUES ('b', 'other', 'x')";
        store.lock().execute(others, []).unwrap();
        drop(store);

        let again = SqliteStore::new(&dir.path().join("new/kv.db")).unwrap();
        assert_eq!(again.get("k").unwrap(), Some(b"2".to_vec()));
        assert_eq!(again.get("gone").unwrap(), None);
        assert_eq!(again.get("other").unwrap(), None);
        assert_eq!(again.keys().all().await.unwrap(), ["k"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_listing_has_the_lock_until_its_reader_is_gone() {
        let (store, _dir) = store();
        // One is read, four are on their way, one waits to be.
        for number in 0..KEYS_AHEAD + 2 {
            store.set(&format!("k{number}"), b"").unwrap();
        }
        let mut listing = store.keys();
        assert_eq!(listing.keys.recv().await.as_deref(), Some("k0"));
        assert!(store.connection.try_lock().is_err(), "the lock is free");

        let reader = store.clone();
        let read = tokio::spawn(async move { reader.get("k0") });
        assert!(store.connection.try_lock().is_err(), "the lock is free");
        drop(listing);
        assert_eq!(read.await.unwrap().unwrap(), Some(Vec::new()));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_listing_read_to_its_end_has_all_keys_and_frees_the_lock() {
        let (store, _dir) = store();
        for number in 0..100 {
            store.set(&format!("k{number:02}"), b"").unwrap();
        }
        let keys = store.keys().all().await.unwrap();
        let expected: Vec<_> = (0..100).map(|number| format!("k{number:02}")).collect();
        assert_eq!(keys, expected);
        store.delete("k00").unwrap();
        assert_eq!(store.get("k00").unwrap(), None);
    }

    #[test]
    fn a_file_that_is_no_store_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kv.db");
        std::fs::write(&path, "not a database, and long enough to be seen as none").unwrap();
        let error = SqliteStore::new(&path).err().unwrap().to_string();
        assert!(error.contains("kv.db: is not a key-value store"), "{error}");
    }
}
