//! `spin:key-value@3.0.0` for one instance: access, calls and errors. Storage is in store/.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anyhow::Result;
use app_manifest::STORE;
use tokio::sync::mpsc;
use wasmtime::StoreContextMut;
use wasmtime::component::{
    Accessor, Destination, FutureReader, HasData, Resource, StreamProducer, StreamReader,
    StreamResult,
};

use crate::bindings::spin::key_value::key_value::{self, Error};
use crate::state::InstanceState;
use crate::stdio::report;
use crate::store::{Keys, OpenStore};

/// What the linker knows this interface by.
pub struct KeyValue;

impl HasData for KeyValue {
    type Data<'a> = &'a mut InstanceState;
}

impl key_value::Host for InstanceState {}

impl key_value::HostStore for InstanceState {
    fn drop(&mut self, store: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

impl<T: Send> key_value::HostStoreWithStore<T> for KeyValue {
    async fn open(
        accessor: &Accessor<T, Self>,
        label: String,
    ) -> Result<Resource<OpenStore>, Error> {
        let services = accessor.with(|mut access| access.get().services.clone());
        let store = services.store.as_ref().filter(|_| label == STORE);
        let opened = store.ok_or(Error::AccessDenied)?.open().await;
        let opened = opened.map_err(failed)?;
        accessor.with(|mut access| {
            let table = &mut access.get().table;
            table.push(opened).map_err(|_| Error::StoreTableFull)
        })
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> Result<Option<Vec<u8>>, Error> {
        opened(accessor, &store)?.get(&key).await.map_err(failed)
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
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
        store: Resource<OpenStore>,
        key: String,
    ) -> Result<(), Error> {
        opened(accessor, &store)?.delete(&key).await.map_err(failed)
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
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

fn opened<T>(
    accessor: &Accessor<T, KeyValue>,
    store: &Resource<OpenStore>,
) -> Result<OpenStore, Error> {
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

/// Hands over key by key, as they come.
struct Producer(mpsc::Receiver<String>);

impl<D> StreamProducer<D> for Producer {
    type Item = String;
    type Buffer = Option<String>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, String, Option<String>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if destination.remaining(store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let received = self.0.poll_recv(cx);
        if received.is_pending() && finish {
            return Poll::Ready(Ok(StreamResult::Cancelled));
        }
        Poll::Ready(Ok(match ready!(received) {
            None => StreamResult::Dropped,
            Some(key) => {
                destination.set_buffer(Some(key));
                StreamResult::Completed
            }
        }))
    }
}
