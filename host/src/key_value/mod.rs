//! `spin:key-value@3.0.0` for the component: labels, access, errors. Storage is in [`sqlite`] and
//! [`redis`].

mod listing;
mod redis;
mod sqlite;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use app_manifest::{Manifest, RuntimeConfig, StoreLocation};
use wasmtime::component::{Accessor, FutureReader, HasData, Resource, StreamReader};

use crate::bindings::spin::key_value::key_value::{self, Error};
use crate::state::InstanceState;
use crate::stdio::{report, say};
use listing::{KEYS_AHEAD, Keys, Producer};

/// The stores the component may open, by label.
pub struct Stores(BTreeMap<String, Place>);

/// Where a store is.
#[derive(Clone)]
enum Place {
    Sqlite(sqlite::Store),
    Redis(redis::Server),
}

/// A store that the component has opened.
#[derive(Clone)]
pub enum Store {
    Sqlite(sqlite::Store),
    Redis(redis::Store),
}

impl Stores {
    /// Opens what spin.toml grants, where the runtime config says it is.
    ///
    /// # Errors
    /// Where a label is granted but not configured, or a store cannot be opened.
    pub fn open(
        manifest: &Manifest,
        runtime: &RuntimeConfig,
        state_dir: Option<&Path>,
    ) -> Result<Self> {
        let store = |label: &String| {
            let location = runtime.store(label, state_dir).with_context(|| {
                format!(
                    "{}: unknown key_value_stores label {label:?}; configure it in the runtime config as [key_value_store.{label}]",
                    manifest.at_component("key_value_stores")
                )
            })?;
            Ok((label.clone(), Place::open(label, &location)?))
        };
        manifest
            .key_value_stores()
            .iter()
            .map(store)
            .collect::<Result<_>>()
            .map(Self)
    }
}

impl Place {
    fn open(label: &str, location: &StoreLocation) -> Result<Self> {
        let (place, said) = match location {
            StoreLocation::File(path) => (
                Self::Sqlite(sqlite::Store::open(label, Some(path))?),
                format!("in {}", path.display()),
            ),
            StoreLocation::Memory => (
                Self::Sqlite(sqlite::Store::open(label, None)?),
                "in memory: a restart loses it".to_owned(),
            ),
            StoreLocation::Redis(url) => {
                let server = redis::Server::new(url)
                    .with_context(|| format!("key_value_store.{label}.url"))?;
                let said = format!("in Redis at {}", server.address());
                (Self::Redis(server), said)
            }
        };
        say(&format!("Storing {label} key-value data {said}"));
        Ok(place)
    }

    async fn handle(&self) -> Result<Store> {
        Ok(match self {
            Self::Sqlite(store) => Store::Sqlite(store.handle()),
            Self::Redis(server) => Store::Redis(server.open().await?),
        })
    }
}

impl Store {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Sqlite(store) => store.get(key),
            Self::Redis(store) => store.get(key).await,
        }
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<()> {
        match self {
            Self::Sqlite(store) => store.set(key, value),
            Self::Redis(store) => store.set(key, value).await,
        }
    }

    async fn delete(&self, key: &str) -> Result<()> {
        match self {
            Self::Sqlite(store) => store.delete(key),
            Self::Redis(store) => store.delete(key).await,
        }
    }

    async fn exists(&self, key: &str) -> Result<bool> {
        match self {
            Self::Sqlite(store) => store.exists(key),
            Self::Redis(store) => store.exists(key).await,
        }
    }

    fn keys(&self) -> Keys {
        match self {
            Self::Sqlite(store) => store.keys(),
            Self::Redis(store) => store.keys(),
        }
    }
}

/// What the linker knows this interface by.
pub struct KeyValue;

impl HasData for KeyValue {
    type Data<'a> = &'a mut InstanceState;
}

impl key_value::Host for InstanceState {}

impl key_value::HostStore for InstanceState {
    fn drop(&mut self, store: Resource<Store>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

impl<T: Send> key_value::HostStoreWithStore<T> for KeyValue {
    async fn open(accessor: &Accessor<T, Self>, label: String) -> Result<Resource<Store>, Error> {
        let place = accessor.with(|mut access| access.get().services.stores.0.get(&label).cloned());
        let store = place.ok_or(Error::AccessDenied)?.handle().await;
        let store = store.map_err(failed)?;
        accessor.with(|mut access| {
            let table = &mut access.get().table;
            table.push(store).map_err(|_| Error::StoreTableFull)
        })
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> Result<Option<Vec<u8>>, Error> {
        opened(accessor, &store)?.get(&key).await.map_err(failed)
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), Error> {
        opened(accessor, &store)?
            .set(&key, &value)
            .await
            .map_err(failed)
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> Result<(), Error> {
        opened(accessor, &store)?.delete(&key).await.map_err(failed)
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> Result<bool, Error> {
        opened(accessor, &store)?.exists(&key).await.map_err(failed)
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let Keys { keys, outcome } = opened(accessor, &store)
            .map_err(wasmtime::Error::new)?
            .keys();
        let outcome = async move { wasmtime::error::Ok(outcome.await?.map_err(failed)) };
        accessor.with(|mut access| {
            Ok((
                StreamReader::new(&mut access, Producer(keys))?,
                FutureReader::new(&mut access, outcome)?,
            ))
        })
    }
}

fn opened<T>(accessor: &Accessor<T, KeyValue>, store: &Resource<Store>) -> Result<Store, Error> {
    accessor.with(|mut access| {
        access
            .get()
            .table
            .get(store)
            .cloned()
            .map_err(|_| Error::NoSuchStore)
    })
}

/// The component gets the reason, and so does whoever runs the host.
fn failed(error: anyhow::Error) -> Error {
    report(&format!("key-value: {error:#}"));
    Error::Other(format!("{error:#}"))
}
