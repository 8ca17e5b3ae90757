//! The components' size, and how long a host takes to serve them, with an empty cache of compiled
//! components and with a filled one. The difference is the time to compile.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::bench::Bench;
use crate::figure::{Better, Unit};
use crate::say;
use crate::scenario::Served;

/// Each with its file below `target/wasm32-wasip2/release/`.
const COMPONENTS: [(&str, &str, Served); 3] = [
    ("floor", "floor.wasm", Served::Floor),
    ("floor-out", "floor_out.wasm", Served::FloorOut),
    ("sam-callback", "sam_callback.wasm", Served::Embedded),
];

/// A host may write into its cache once it serves.
const UNTIL_CACHED: Duration = Duration::from_millis(500);

pub fn measure(bench: &mut Bench) -> Result<()> {
    for (component, file, served) in COMPONENTS {
        if bench.plan.wants(&format!("size/{component}")) {
            let path = bench.servers.root.join("target/wasm32-wasip2/release");
            measure_size(bench, component, &path.join(file))?;
        }
        if bench.plan.wants(&format!("compile/{component}")) {
            say::progress(&format!("compile: {component}"));
            for _ in 0..bench.plan.starts() {
                measure_start(bench, component, served)?;
            }
        }
    }
    Ok(())
}

fn measure_size(bench: &mut Bench, component: &str, file: &Path) -> Result<()> {
    let size = std::fs::metadata(file)
        .with_context(|| format!("{} is not there; build it", file.display()))?
        .len();
    let name = format!("size/{component}/file");
    let size = size as f64 / 1024.0;
    bench
        .figures
        .add(&name, Unit::Kilobytes, Better::Less, size);
    Ok(())
}

fn measure_start(bench: &mut Bench, component: &str, served: Served) -> Result<()> {
    let cache = TempDir::new().context("no folder for a cache")?;
    let application = served.application(&bench.data_api.origin(), "");
    let start = || -> Result<f64> {
        let server = bench
            .servers
            .start_with(&application, Some(cache.path()), |_| Ok(()))?;
        std::thread::sleep(UNTIL_CACHED);
        Ok(server.started_in.as_secs_f64() * 1000.0)
    };
    let (first, second) = (start()?, start()?);
    for (measure, value) in [
        ("first-start", first),
        ("later-start", second),
        ("time", first - second),
    ] {
        let name = format!("compile/{component}/{measure}");
        bench
            .figures
            .add(&name, Unit::Milliseconds, Better::Less, value);
    }
    Ok(())
}
