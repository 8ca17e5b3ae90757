//! `spin:key-value@3.0.0` for the component: labels, access, errors. Storage is in [`sqlite`].

mod sqlite;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use app_manifest::{Manifest, RuntimeConfig, StoreLocation};
use wasmtime::component::{Accessor, FutureReader, HasData, Resource, StreamReader};

use crate::bindings::spin::key_value::key_value::{self, Error};
use crate::state::InstanceState;
use crate::stdio::{report, say};
pub use sqlite::Store;

/// The stores the component may open, by label.
pub struct Stores(BTreeMap<String, Store>);

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
            say(&match &location {
                StoreLocation::File(path) => {
                    format!("Storing {label} key-value data in {}", path.display())
                }
                StoreLocation::Memory => {
                    format!("Storing {label} key-value data in memory: a restart loses it")
                }
            });
            Ok((label.clone(), Store::open(label, &location)?))
        };
        manifest
            .key_value_stores()
            .iter()
            .map(store)
            .collect::<Result<_>>()
            .map(Self)
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
        accessor.with(|mut access| {
            let state = access.get();
            let store = state
                .services
                .stores
                .0
                .get(&label)
                .cloned()
                .ok_or(Error::AccessDenied)?;
            state.table.push(store).map_err(|_| Error::StoreTableFull)
        })
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> Result<Option<Vec<u8>>, Error> {
        opened(accessor, &store)?.get(key).await.map_err(failed)
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), Error> {
        opened(accessor, &store)?
            .set(key, value)
            .await
            .map_err(failed)
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> Result<(), Error> {
        opened(accessor, &store)?.delete(key).await.map_err(failed)
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> Result<bool, Error> {
        opened(accessor, &store)?.exists(key).await.map_err(failed)
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let keys = match opened(accessor, &store) {
            Ok(store) => store.keys().await.map_err(failed),
            Err(error) => Err(error),
        };
        let (keys, outcome) = match keys {
            Ok(keys) => (keys, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        accessor.with(|mut access| {
            let outcome = async move { wasmtime::error::Ok(outcome) };
            Ok((
                StreamReader::new(&mut access, keys)?,
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
