//! The key-value store `default`: in a SQLite file or in Redis, as the runtime configuration says.
//! What the component sees of it is in interfaces/key_value.rs.

mod listing;
mod redis;
mod sqlite;

use std::path::Path;

use anyhow::{Context, Result};
use app_manifest::{Manifest, RuntimeConfig, STORE, StoreLocation};

use crate::stdio::say;
pub use listing::Keys;

/// The store, which instances open.
pub enum Store {
    Sqlite(sqlite::SqliteStore),
    Redis(redis::RedisStore),
}

/// The store as one instance has opened it.
#[derive(Clone)]
pub enum OpenStore {
    Sqlite(sqlite::SqliteStore),
    Redis(redis::RedisConnection),
}

impl Store {
    /// The store, where spin.toml grants it.
    ///
    /// # Errors
    /// Where there can be none at the place that is configured.
    pub fn find(
        manifest: &Manifest,
        runtime: &RuntimeConfig,
        state_dir: Option<&Path>,
    ) -> Result<Option<Self>> {
        if !manifest.uses_store() {
            return Ok(None);
        }
        let (store, place) = match runtime.store(state_dir, manifest.dir())? {
            StoreLocation::File(path) => (
                Self::Sqlite(sqlite::SqliteStore::new(&path)?),
                format!("in {}", path.display()),
            ),
            StoreLocation::Redis(url) => {
                let store = redis::RedisStore::new(&url).context("key_value_store.default.url")?;
                let place = format!("in Redis at {}", store.address());
                (Self::Redis(store), place)
            }
        };
        say(&format!("Storing {STORE} key-value data {place}"));
        Ok(Some(store))
    }

    pub async fn open(&self) -> Result<OpenStore> {
        Ok(match self {
            Self::Sqlite(store) => OpenStore::Sqlite(store.open()),
            Self::Redis(store) => OpenStore::Redis(store.open().await?),
        })
    }
}

impl OpenStore {
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Sqlite(store) => store.get(key),
            Self::Redis(store) => store.get(key).await,
        }
    }

    pub async fn set(&self, key: &str, value: &[u8]) -> Result<()> {
        match self {
            Self::Sqlite(store) => store.set(key, value),
            Self::Redis(store) => store.set(key, value).await,
        }
    }

    pub async fn delete(&self, key: &str) -> Result<()> {
        match self {
            Self::Sqlite(store) => store.delete(key),
            Self::Redis(store) => store.delete(key).await,
        }
    }

    pub fn keys(&self) -> Keys {
        match self {
            Self::Sqlite(store) => store.keys(),
            Self::Redis(store) => store.keys(),
        }
    }
}
