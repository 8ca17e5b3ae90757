//! The state of one instance of the component, and what all instances share.

use std::sync::Arc;

use app_manifest::Variables;
use wasmtime::component::ResourceTable;
use wasmtime::{StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    ForbiddenHeaderFilter, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use crate::outbound::Outbound;
use crate::stdio::{Lines, Target};
use crate::store::Store;

/// What all instances share.
pub struct Services {
    pub variables: Variables,
    /// Where spin.toml grants it.
    pub store: Option<Store>,
    pub outbound: Outbound,
    /// Bytes one instance may allocate.
    pub max_instance_memory: Option<usize>,
}

/// What one instance owns.
pub struct InstanceState {
    pub table: ResourceTable,
    pub services: Arc<Services>,
    pub limits: StoreLimits,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
    inbound: Inbound,
}

/// The rules for requests that come in.
struct Inbound;

impl InstanceState {
    /// No files, no environment, no arguments, no sockets: stdout and stderr are all of the
    /// process that the component gets.
    pub fn new(services: Arc<Services>) -> Self {
        let wasi = WasiCtx::builder()
            .stdout(Lines::new(Target::Stdout))
            .stderr(Lines::new(Target::Stderr))
            .build();
        let limits = match services.max_instance_memory {
            Some(bytes) => StoreLimitsBuilder::new().memory_size(bytes).build(),
            None => StoreLimits::default(),
        };
        let outbound = services.outbound.clone();
        Self {
            table: ResourceTable::new(),
            services,
            limits,
            wasi,
            http: WasiHttpCtx::new(),
            outbound,
            inbound: Inbound,
        }
    }

    /// What incoming requests are made in; the component's own calls go through
    /// [`WasiHttpView::http`].
    pub fn serving(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.inbound,
        }
    }
}

impl WasiView for InstanceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for InstanceState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.outbound,
        }
    }
}

/// Spin 4.1 lets the component see `Host` and the like; wasmtime 48 would take them away.
impl WasiHttpHooks for Inbound {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|_| false)
    }
}
