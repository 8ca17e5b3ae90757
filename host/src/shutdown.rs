//! Stops in good order: no new work, and time for requests under way.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

/// Tells everyone that the host is stopping, and learns when instances are gone.
pub struct Shutdown {
    stopping: watch::Sender<bool>,
    guard: mpsc::Sender<()>,
    gone: mpsc::Receiver<()>,
}

/// What each instance holds on to; cheap to clone.
#[derive(Clone)]
pub struct Watch {
    stopping: Arc<watch::Receiver<bool>>,
    guard: mpsc::Sender<()>,
}

/// Kept for as long as an instance lives.
pub struct Alive(#[expect(dead_code, reason = "its drop is what counts")] mpsc::Sender<()>);

impl Shutdown {
    pub fn new() -> Self {
        let (stopping, _) = watch::channel(false);
        let (guard, gone) = mpsc::channel(1);
        Self {
            stopping,
            guard,
            gone,
        }
    }

    pub fn watch(&self) -> Watch {
        Watch {
            stopping: Arc::new(self.stopping.subscribe()),
            guard: self.guard.clone(),
        }
    }

    /// Stops accepting idle time from instances. The result is ready once all have gone, which
    /// needs every [`Watch`] to be dropped as well.
    pub fn stop(self) -> impl Future<Output = ()> {
        self.stopping.send_replace(true);
        let Self {
            stopping,
            guard,
            mut gone,
        } = self;
        drop(guard);
        async move {
            while gone.recv().await.is_some() {}
            drop(stopping);
        }
    }
}

impl Watch {
    /// Counts an instance as alive until the result is dropped.
    pub fn alive(&self) -> Alive {
        Alive(self.guard.clone())
    }

    /// Ready once the host is stopping.
    pub fn stopping(&self) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        let mut stopping = watch::Receiver::clone(&self.stopping);
        Box::pin(async move {
            // The sender lives as long as anything can still be served.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        })
    }
}
