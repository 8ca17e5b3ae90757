//! Keys on their way from a store to the component.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anyhow::Result;
use tokio::sync::{mpsc, oneshot};
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, StreamProducer, StreamResult};

/// How many keys a store may be ahead of who reads them; Spin's number.
pub const KEYS_AHEAD: usize = 4;

/// A listing under way. The store stops when `keys` is dropped.
pub struct Keys {
    pub keys: mpsc::Receiver<String>,
    /// Once there are no more keys: whether these were all.
    pub outcome: oneshot::Receiver<Result<()>>,
}

/// Hands over key by key, as they come.
pub struct Producer(pub mpsc::Receiver<String>);

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

#[cfg(test)]
impl Keys {
    pub async fn all(mut self) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        while let Some(key) = self.keys.recv().await {
            keys.push(key);
        }
        self.outcome.await??;
        Ok(keys)
    }
}
