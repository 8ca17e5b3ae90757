//! The linker programs that Debian's Rust lacks: wasm-component-ld, and the wasm-ld that it calls.
//! A rustup toolchain has both.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::debian;
use crate::programs::{self, in_path_or_cargos};
use crate::project::{Project, rustc};
use crate::run::{output_of, run};
use crate::say;

pub struct Linkers {
    pub component_ld: PathBuf,
    pub wasm_ld: PathBuf,
}

pub fn find_or_install(project: &Project) -> Result<Linkers> {
    let toolchain = toolchain_programs(project);
    Ok(Linkers {
        component_ld: component_ld(project, toolchain.as_deref())?,
        wasm_ld: wasm_ld(project, toolchain.as_deref())?,
    })
}

/// `<sysroot>/lib/rustlib/<host>/bin` of the compiler in use.
fn toolchain_programs(project: &Project) -> Option<PathBuf> {
    let sysroot = output_of(rustc(project).args(["--print", "sysroot"]))?;
    let about = output_of(rustc(project).arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "))?;
    Some(
        Path::new(&sysroot)
            .join("lib/rustlib")
            .join(host)
            .join("bin"),
    )
}

fn component_ld(project: &Project, toolchain: Option<&Path>) -> Result<PathBuf> {
    const NAME: &str = "wasm-component-ld";
    if let Some(found) = programs::first_of(toolchain, NAME).or_else(|| in_path_or_cargos(NAME)) {
        return Ok(found);
    }
    say::step("installing wasm-component-ld with cargo, to link the component");
    run(
        project.cargo().args(["install", NAME, "--locked"]),
        "see cargo's message above; `cargo install wasm-component-ld --locked` must work",
    )?;
    in_path_or_cargos(NAME).context(
        "`cargo install` has put wasm-component-ld where neither PATH nor cargo's bin folder \
         has it; add that folder to PATH",
    )
}

fn wasm_ld(project: &Project, toolchain: Option<&Path>) -> Result<PathBuf> {
    if let Some(found) = programs::first_of(toolchain, "gcc-ld/wasm-ld") {
        return Ok(found);
    }
    let llvm = debian::llvm_version(project)?;
    let name = format!("wasm-ld-{llvm}");
    if let Some(found) = in_path_or_cargos(&name) {
        return Ok(found);
    }
    let package = format!("lld-{llvm}");
    debian::install_packages(project, &[&package], "to link the component")?;
    in_path_or_cargos(&name)
        .with_context(|| format!("{package} brought no {name}; see `dpkg -L {package}`"))
}
