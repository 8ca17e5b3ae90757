//! The stand-in: serves this repository's Spin component where Spin is not installed. It reads the
//! same spin.toml and runtime-config.toml as Spin, has of Spin what this application uses, and
//! refuses the rest.
//!
//! # Layout
//! | files | |
//! | --- | --- |
//! | `cli`, `engine` | the command line; the component, compiled and linked |
//! | `server`, `request` | requests that come in |
//! | `worker`, `state`, `shutdown` | instances of the component |
//! | `bindings`, `interfaces/` | what of Spin the component calls |
//! | `store/` | the key-value store |
//! | `outbound/` | the component's own HTTP requests |
//! | `stdio` | its output, and the host's |

mod bindings;
mod cli;
mod engine;
mod interfaces;
mod outbound;
mod request;
mod server;
mod shutdown;
mod state;
mod stdio;
mod store;
mod worker;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use app_manifest::{AllowedHosts, Manifest, RuntimeConfig, Variables};
use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Options;
use crate::outbound::Outbound;
use crate::server::Server;
use crate::shutdown::Shutdown;
use crate::state::Services;
use crate::stdio::{report, say};
use crate::store::Store;
use crate::worker::Workers;

/// How long requests under way may take to finish once the host is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How long the output may take to be read before the process ends without it.
const LAST_WORDS: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let served = match runtime {
        Ok(runtime) => {
            let served = runtime.block_on(serve(options));
            // What has not finished within its grace is not waited for.
            runtime.shutdown_background();
            served
        }
        Err(error) => Err(error).context("cannot start the async runtime"),
    };
    let code = match served {
        Ok(()) => {
            say("Stopped");
            ExitCode::SUCCESS
        }
        Err(error) => {
            report(&format!("Error: {error:#}"));
            ExitCode::FAILURE
        }
    };
    stdio::flush(LAST_WORDS);
    code
}

async fn serve(options: Options) -> Result<()> {
    let manifest = Manifest::load(&manifest_path(&options.from))?;
    let services = Arc::new(services(&manifest, &options)?);
    // Before compiling: an address in use should not take a minute to find out about.
    let listener = listen(options.listen).await?;
    let address = listener
        .local_addr()
        .context("the listening address is not to be had")?;

    let component = engine::load(&manifest.source())?;
    let shutdown = Shutdown::new();
    let workers = Workers {
        component,
        services,
        reuse: options.reuse,
        watch: shutdown.watch(),
    };
    let server = Server::new(workers);
    let stop = stop_signal()?;
    say(&format!("Serving http://{address}"));

    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let serving = tokio::spawn(server.serve(listener, async {
        // Dropped or sent, either is the end.
        let _ = stopped.await;
    }));
    stop.await;
    say(&format!(
        "Stopping: requests under way have {} s",
        GRACE.as_secs()
    ));
    let _ = stopping.send(());
    let instances_gone = shutdown.stop();
    let finished = async {
        let _ = serving.await;
        instances_gone.await;
    };
    if tokio::time::timeout(GRACE, finished).await.is_err() {
        report(&format!(
            "Some requests did not finish within {} s and were cut off",
            GRACE.as_secs()
        ));
    }
    Ok(())
}

fn manifest_path(from: &Path) -> PathBuf {
    if from.is_dir() {
        from.join("spin.toml")
    } else {
        from.to_owned()
    }
}

/// Everything the component may ask the host for, checked before anything is compiled.
fn services(manifest: &Manifest, options: &Options) -> Result<Services> {
    let runtime = RuntimeConfig::load(options.runtime_config_file.as_deref())?;
    let variables = Variables::new(manifest, &runtime)?;
    variables.check()?;
    let allowed = AllowedHosts::new(manifest, &variables)?;
    Ok(Services {
        store: Store::find(manifest, &runtime, options.state_dir.as_deref())?,
        variables,
        outbound: Outbound::new(allowed, runtime.outbound_http()),
        max_instance_memory: runtime.max_instance_memory(),
    })
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "{address} is already in use; stop what listens there, or choose another address with --listen"
        ),
        ErrorKind::PermissionDenied => {
            anyhow!("{address} may not be listened on by this user; choose a port from 1024 up with --listen")
        }
        ErrorKind::AddrNotAvailable => {
            anyhow!("{address} is not an address of this machine; choose one that is with --listen")
        }
        _ => anyhow!("cannot listen on {address}: {error}; choose another address with --listen"),
    })
}

/// Ready at Ctrl-C or SIGTERM.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
