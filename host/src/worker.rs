//! How long one instance of the component serves, and how many requests at a time: Spin's rules of
//! reuse.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;
use wasmtime::component::GuestTaskId;
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::cli::Reuse;
use crate::shutdown::{Alive, Watch};
use crate::state::{InstanceState, Services};
use crate::stdio::report;

/// Makes instances.
pub struct Workers {
    pub component: ServicePre<InstanceState>,
    pub services: Arc<Services>,
    pub reuse: Reuse,
    pub watch: Watch,
}

impl HandlerState for Workers {
    type StoreData = InstanceState;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<InstanceState, Expiration, Worker>> {
        let mut store = Store::new(
            self.component.engine(),
            InstanceState::new(Arc::clone(&self.services)),
        );
        store.limiter(|state| &mut state.limits);
        let service = self.component.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: InstanceState::serving,
            expiration: Expiration {
                idle: self.reuse.idle_instance_timeout,
                sleep: Box::pin(tokio::time::sleep(Duration::MAX)),
                stopping: self.watch.stopping(),
            },
            state: Worker {
                total: self.reuse.max_instance_reuse_count,
                concurrent: self.reuse.max_instance_concurrent_reuse_count,
                _alive: self.watch.alive(),
            },
        })
    }
}

/// One instance's limits.
pub struct Worker {
    total: usize,
    concurrent: usize,
    _alive: Alive,
}

impl WorkerState for Worker {
    type StoreData = InstanceState;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.total {
            ShouldAccept::Never
        } else if concurrent >= self.concurrent {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    /// Requests have no time limit, as in Spin where `--request-timeout` is not given.
    fn on_request_start(
        &self,
        _: StoreContextMut<'_, InstanceState>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        Box::pin(std::future::pending())
    }

    fn drop(&self, store: Store<InstanceState>, result: Result<(), wasmtime::Error>) {
        if let Err(error) = result {
            report(&format!("An instance of the component failed: {error:#}"));
        }
        drop(store);
    }
}

/// Ends an instance that has been idle for its time, or at once when the host is stopping.
pub struct Expiration {
    idle: Duration,
    sleep: Pin<Box<Sleep>>,
    stopping: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        if status != WorkerStatus::Idle {
            return Poll::Pending;
        }
        if self.stopping.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let Some(deadline) = since.checked_add(self.idle) else {
            return Poll::Pending;
        };
        let deadline = deadline.into();
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(cx)
    }
}
