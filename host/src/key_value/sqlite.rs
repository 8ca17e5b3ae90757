//! One key-value store in SQLite, in the table Spin keeps it in, so that both can use one file.
//!
//! SQLite's own defaults stay: a rollback journal and full synchronization, so what `set` has
//! answered survives the process, however it ends.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use app_manifest::StoreLocation;
use rusqlite::{Connection, OptionalExtension, params};

/// A store; clones are the same store. Its functions may wait for the disk, so they run where
/// waiting hurts nobody.
#[derive(Clone)]
pub struct Store {
    label: Arc<str>,
    connection: Arc<Mutex<Connection>>,
}

impl Store {
    /// Opens the store `label`, and makes its file and directory where they are not there.
    ///
    /// # Errors
    /// Each names the file.
    pub fn open(label: &str, location: &StoreLocation) -> Result<Self> {
        let connection = match location {
            StoreLocation::Memory => open_memory()?,
            StoreLocation::File(path) => open_file(path)?,
        };
        Ok(Self {
            label: label.into(),
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    pub async fn get(&self, key: String) -> Result<Option<Vec<u8>>> {
        self.run(move |connection, label| {
            let mut statement = connection
                .prepare_cached("SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2")?;
            statement
                .query_row([label, &key], |row| row.get(0))
                .optional()
        })
        .await
    }

    pub async fn set(&self, key: String, value: Vec<u8>) -> Result<()> {
        self.run(move |connection, label| {
            let mut statement = connection.prepare_cached(
                "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT (store, key) DO UPDATE SET value = ?3",
            )?;
            statement.execute(params![label, key, value]).map(drop)
        })
        .await
    }

    pub async fn delete(&self, key: String) -> Result<()> {
        self.run(move |connection, label| {
            let mut statement = connection
                .prepare_cached("DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2")?;
            statement.execute([label, &key]).map(drop)
        })
        .await
    }

    pub async fn exists(&self, key: String) -> Result<bool> {
        self.run(move |connection, label| {
            let mut statement = connection
                .prepare_cached("SELECT 1 FROM spin_key_value WHERE store = ?1 AND key = ?2")?;
            statement.exists([label, &key])
        })
        .await
    }

    pub async fn keys(&self) -> Result<Vec<String>> {
        self.run(move |connection, label| {
            let mut statement =
                connection.prepare_cached("SELECT key FROM spin_key_value WHERE store = ?1")?;
            let keys = statement.query_map([label], |row| row.get(0))?;
            keys.collect()
        })
        .await
    }

    /// SQLite waits for the disk, so it gets a thread that may wait.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &str) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let Self { label, connection } = self.clone();
        let work = move || {
            work(
                &connection.lock().unwrap_or_else(PoisonError::into_inner),
                &label,
            )
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.context("the key-value store's thread ended early")?
            .context("the key-value store failed")
    }
}

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

fn open_memory() -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    create_table(&connection)?;
    Ok(connection)
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

    #[tokio::test]
    async fn a_store_keeps_what_it_was_given_apart_from_other_labels() {
        let dir = tempfile::tempdir().unwrap();
        let location = StoreLocation::File(dir.path().join("new/kv.db"));
        let store = Store::open("a", &location).unwrap();
        store.set("k".into(), b"1".to_vec()).await.unwrap();
        store.set("k".into(), b"2".to_vec()).await.unwrap();
        store.set("gone".into(), Vec::new()).await.unwrap();
        store.delete("gone".into()).await.unwrap();
        drop(store);

        let again = Store::open("a", &location).unwrap();
        assert_eq!(again.get("k".into()).await.unwrap(), Some(b"2".to_vec()));
        assert_eq!(again.get("gone".into()).await.unwrap(), None);
        assert!(again.exists("k".into()).await.unwrap());
        assert_eq!(again.keys().await.unwrap(), ["k"]);

        let other = Store::open("b", &location).unwrap();
        assert!(!other.exists("k".into()).await.unwrap());
    }

    #[tokio::test]
    async fn a_store_in_memory_works_too() {
        let store = Store::open("a", &StoreLocation::Memory).unwrap();
        store.set("k".into(), b"1".to_vec()).await.unwrap();
        assert_eq!(store.get("k".into()).await.unwrap(), Some(b"1".to_vec()));
    }

    #[test]
    fn a_file_that_is_no_store_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kv.db");
        std::fs::write(&path, "not a database, and long enough to be seen as none").unwrap();
        let error = Store::open("a", &StoreLocation::File(path))
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("kv.db: is not a key-value store"), "{error}");
    }
}
