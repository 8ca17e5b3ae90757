//! The two programs behind the component's link step that Debian's Rust does not bring:
//! wasm-component-ld, and the wasm-ld that it calls. A rustup toolchain has both.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::debian;
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
    if let Some(found) = first_file(toolchain, NAME).or_else(|| installed(NAME)) {
        return Ok(found);
    }
    say::step("installing wasm-component-ld with cargo, to link the component");
    run(
        project.cargo().args(["install", NAME, "--locked"]),
        "see cargo's message above; `cargo install wasm-component-ld --locked` must work",
    )?;
    installed(NAME).context(
        "`cargo install` has put wasm-component-ld where neither PATH nor cargo's bin folder \
         has it; add that folder to PATH",
    )
}

fn wasm_ld(project: &Project, toolchain: Option<&Path>) -> Result<PathBuf> {
    if let Some(found) = first_file(toolchain, "gcc-ld/wasm-ld") {
        return Ok(found);
    }
    let llvm = debian::llvm_version(project)?;
    let name = format!("wasm-ld-{llvm}");
    if let Some(found) = installed(&name) {
        return Ok(found);
    }
    let package = format!("lld-{llvm}");
    debian::install_packages(project, &[&package], "to link the component")?;
    installed(&name)
        .with_context(|| format!("{package} brought no {name}; see `dpkg -L {package}`"))
}

/// In PATH, or where `cargo install` puts programs, which need not be in PATH.
pub fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let folders: Vec<PathBuf> = std::env::split_paths(&path)
        .chain(cargo_home.map(|home| home.join("bin")))
        .collect();
    first_file(folders.iter().map(PathBuf::as_path), name)
}

fn first_file<'a>(folders: impl IntoIterator<Item = &'a Path>, name: &str) -> Option<PathBuf> {
    folders
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_that_has_the_program_wins() {
        let top = std::env::temp_dir().join(format!("xtask-linker-{}", std::process::id()));
        let folders = ["none", "one", "two"].map(|name| top.join(name));
        for folder in &folders {
            std::fs::create_dir_all(folder).expect("a folder");
        }
        for folder in &folders[1..] {
            std::fs::write(folder.join("ld"), "").expect("a file");
        }
        let found = |name| first_file(folders.iter().map(PathBuf::as_path), name);
        assert_eq!(found("ld"), Some(folders[1].join("ld")));
        assert_eq!(found("other"), None);
        std::fs::remove_dir_all(&top).expect("removed");
    }
}
