//! Compiles the component and links it: wasmtime's settings, and the imports that are offered. A
//! component that wants others is refused.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Cache, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::bindings::spin::key_value::key_value;
use crate::bindings::spin::variables::variables;
use crate::interfaces::{KeyValue, Variables};
use crate::state::InstanceState;
use crate::stdio::report;

/// What a component must export to be served.
const HANDLER: &str = "wasi:http/handler@0.3";

/// Instances there may be at a time where memory for them is set aside beforehand, and fibers,
/// which is what an instance runs on: the first that is one too many is a 500. Spin's number.
const INSTANCES: u32 = 1000;

/// The environment variable with another number, as in Spin.
const INSTANCES_VARIABLE: &str = "SPIN_MAX_INSTANCE_COUNT";

/// Compiles the component (or takes it from wasmtime's cache) and links it.
///
/// # Errors
/// Where the file is missing or no component, exports no `wasi:http/handler@0.3`, or imports
/// what is not offered; each in a sentence.
pub fn load(path: &Path) -> Result<ServicePre<InstanceState>> {
    ensure!(
        path.is_file(),
        "{}: is not there; build the component first: cargo xtask build",
        path.display()
    );
    let engine = engine()?;
    let component = Component::from_file(&engine, path).map_err(|error| {
        anyhow!(
            "{}: is not a component this host can run: {error:#}",
            path.display()
        )
    })?;
    check_exports(&engine, &component, path)?;
    let linked = link(&engine, &component, path)?;
    ServicePre::new(linked)
        .map_err(|error| anyhow!("{}: does not fit {HANDLER}: {error:#}", path.display()))
}

/// Memory for instances is set aside beforehand, as in Spin, where the machine has the address
/// space; elsewhere each instance gets its own.
fn engine() -> Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.wasm_component_model_async(true);
    match Cache::from_file(None) {
        Ok(cache) => {
            config.cache(Some(cache));
        }
        Err(error) => report(&format!(
            "Starting without the cache of compiled components: {error:#}"
        )),
    }
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(instances()?)));
    Engine::new(&config)
        .or_else(|_| {
            // No gigabytes of addresses for each memory either: bounds are checked in code then.
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            config.memory_reservation(0).memory_guard_size(0);
            Engine::new(&config)
        })
        .map_err(|error| anyhow!("wasmtime cannot start on this machine: {error:#}"))
}

fn instances() -> Result<u32> {
    let Some(text) = std::env::var_os(INSTANCES_VARIABLE) else {
        return Ok(INSTANCES);
    };
    let number = text.to_str().and_then(|text| text.parse().ok());
    number
        .filter(|number| (1..=INSTANCES).contains(number))
        .with_context(|| {
            format!("environment variable {INSTANCES_VARIABLE}: must be from 1 to {INSTANCES}")
        })
}

fn pool(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_memories(instances)
        .total_tables(2 * instances)
        .total_stacks(instances)
        .total_core_instances(4 * instances)
        .table_elements(100_000)
        .max_component_instance_size(10 << 20)
        .max_core_instance_size(10 << 20)
        .max_core_instances_per_component(200)
        .max_tables_per_component(64)
        .max_memories_per_component(32)
        .max_tables_per_module(2)
        .max_memories_per_module(2)
        .max_memory_size(4 << 30)
        .linear_memory_keep_resident(2 << 20)
        .table_keep_resident(1 << 19);
    pool
}

fn check_exports(engine: &Engine, component: &Component, path: &Path) -> Result<()> {
    let component_type = component.component_type();
    let exports: Vec<_> = component_type
        .exports(engine)
        .map(|(name, _)| name)
        .collect();
    if exports.iter().any(|name| name.starts_with(HANDLER)) {
        return Ok(());
    }
    let found = if exports.is_empty() {
        "nothing".to_owned()
    } else {
        exports.join(", ")
    };
    bail!(
        "{}: exports {found}; the stand-in serves components that export {HANDLER}.x only",
        path.display()
    )
}

fn link(engine: &Engine, component: &Component, path: &Path) -> Result<InstancePre<InstanceState>> {
    let linker = linker(engine)
        .map_err(|error| anyhow!("{error:#}"))
        .context("linking the host's interfaces")?;
    linker.instantiate_pre(component).map_err(|error| {
        let reason = format!("{error:#}");
        let component_type = component.component_type();
        let missing = component_type.imports(engine).map(|(name, _)| name);
        match missing.into_iter().find(|name| reason.contains(&format!("`{name}`"))) {
            Some(name) => anyhow!(
                "{}: imports {name}, which the stand-in does not offer: it has wasi 0.2 and 0.3, wasi:http 0.3, and \
                 of Spin the variables and the key-value store that sam-callback calls; use Spin \
                 ({reason})",
                path.display()
            ),
            None => anyhow!("{}: cannot be linked: {reason}", path.display()),
        }
    })
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<InstanceState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    variables::add_to_linker::<_, Variables>(&mut linker, |state| state)?;
    key_value::add_to_linker::<_, KeyValue>(&mut linker, |state| state)?;
    Ok(linker)
}
