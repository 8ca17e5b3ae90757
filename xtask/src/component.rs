//! `cargo xtask build`: the component, and the same way the floors that `cargo xtask bench`
//! compares it with.

use std::process::Command;

use anyhow::{Context, Result};

use crate::debian;
use crate::linker::Linkers;
use crate::project::Project;
use crate::run::run;
use crate::say;
use crate::shrink::shrink;
use crate::toolchain::{self, TARGET, Toolchain};

/// What does no more than any component must, and what must post as well.
const FLOORS: [(&str, &str); 2] = [("floor", "floor.wasm"), ("floor-out", "floor_out.wasm")];

/// Builds it and says where it is. Returns what it was built with.
pub fn build(project: &Project) -> Result<Toolchain> {
    let toolchain = toolchain::find_or_install(project)?;
    say::step(match &toolchain {
        Toolchain::WithTarget => "building the component",
        Toolchain::Debian(_) => {
            "building the component with Debian's Rust (the first time std too: some minutes)"
        }
    });
    compile(project, &toolchain, "sam-callback")?;

    let file = project.component();
    shrink(project, &file)?;
    let size = std::fs::metadata(&file)
        .with_context(|| format!("cargo succeeded, but {} is not there", file.display()))?
        .len();
    say::plain(&format!("{} ({} KB)", file.display(), size.div_ceil(1024)));
    Ok(toolchain)
}

/// Builds the components of tests/floor/ and tests/floor_out/ with what has built the component.
pub fn build_floors(project: &Project, toolchain: &Toolchain) -> Result<()> {
    say::step("building the components that it is compared with");
    for (package, file) in FLOORS {
        compile(project, toolchain, package)?;
        shrink(project, &project.component().with_file_name(file))?;
    }
    Ok(())
}

fn compile(project: &Project, toolchain: &Toolchain, package: &str) -> Result<()> {
    let mut cargo = match toolchain {
        Toolchain::WithTarget => project.cargo(),
        Toolchain::Debian(linkers) => debians_cargo(project, linkers),
    };
    cargo.args(["rustc", "--package", package]);
    // Said here and not in its manifest, which has the library for tests too: with both at once cargo
    // leaves out the optimisation over all crates.
    cargo.args(["--lib", "--crate-type", "cdylib"]);
    if let Toolchain::Debian(_) = toolchain {
        cargo.args(["-Z", "build-std=std,panic_abort"]);
        cargo.args(["-Z", "build-std-features=optimize_for_size"]);
    }
    cargo
        .args(["--release", "--locked", "--target", TARGET, "--target-dir"])
        .arg(project.target_dir());
    run(&mut cargo, "see the compiler's message above")
}

/// Debian's cargo and rustc, and nothing of the outer toolchain's settings.
fn debians_cargo(project: &Project, linkers: &Linkers) -> Command {
    let mut cargo = project.command(debian::CARGO);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(belongs_to_a_toolchain) {
            cargo.env_remove(name);
        }
    }
    cargo
        .env("RUSTC", debian::RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        // Empty is "none", also where a configuration file names one.
        .env("RUSTC_WRAPPER", "")
        .env("RUSTC_WORKSPACE_WRAPPER", "")
        .env("CARGO_TARGET_WASM32_WASIP2_LINKER", &linkers.component_ld)
        // Unlike RUSTFLAGS this takes paths with spaces, and comes before every other source of
        // flags. With `--target` it leaves build scripts and proc macros alone.
        .env("CARGO_ENCODED_RUSTFLAGS", flags(linkers).join("\u{1f}"));
    cargo
}

fn flags(linkers: &Linkers) -> Vec<String> {
    vec![
        "-C".to_owned(),
        format!("link-arg=--wasm-ld-path={}", linkers.wasm_ld.display()),
        "-L".to_owned(),
        format!("native={}", debian::WASI_LIBRARIES),
        "-C".to_owned(),
        "link-self-contained=no".to_owned(),
        // As .cargo/config.toml says, which nobody asks where flags come from here.
        "-Clink-arg=--strip-debug".to_owned(),
        "-Clink-arg=--compress-relocations".to_owned(),
        "-Clink-arg=--keep-section=target_features".to_owned(),
        "-Clink-arg=-zstack-size=262144".to_owned(),
        "-Clink-arg=--initial-memory=786432".to_owned(),
    ]
}

/// Variables with which the user, or rustup, chooses a compiler, its flags or its wrappers.
/// Network, registry and terminal settings stay.
fn belongs_to_a_toolchain(name: &str) -> bool {
    name.starts_with("RUSTUP_TOOLCHAIN")
        || name.starts_with("CARGO_TARGET_WASM32_WASIP2_")
        || name.starts_with("CARGO_BUILD_")
        || name.starts_with("CARGO_UNSTABLE_")
        || [
            "CARGO",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "RUSTC",
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTDOC",
            "RUSTFLAGS",
        ]
        .contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    fn linkers() -> Linkers {
        Linkers {
            component_ld: "/my tools/wasm-component-ld".into(),
            wasm_ld: "/my tools/wasm-ld".into(),
        }
    }

    #[test]
    fn a_path_with_a_space_stays_one_flag() {
        assert!(
            flags(&linkers()).contains(&"link-arg=--wasm-ld-path=/my tools/wasm-ld".to_owned())
        );
    }

    #[test]
    fn both_ways_to_build_link_alike() {
        let config = include_str!("../../.cargo/config.toml");
        let linking = |flag: &&str| flag.starts_with("-Clink-arg=-");
        let configured: Vec<_> = config.split('"').filter(linking).collect();
        let flags = flags(&linkers());
        let own: Vec<_> = flags.iter().map(String::as_str).filter(linking).collect();
        assert!(!own.is_empty());
        assert_eq!(configured, own);
    }

    #[test]
    fn debians_cargo_gets_its_own_compiler_and_no_wrapper() {
        let project = Project {
            root: "/project".into(),
        };
        let cargo = debians_cargo(&project, &linkers());
        for (name, value) in [
            ("RUSTC", "/usr/bin/rustc"),
            ("RUSTC_WRAPPER", ""),
            (
                "CARGO_TARGET_WASM32_WASIP2_LINKER",
                "/my tools/wasm-component-ld",
            ),
        ] {
            let set = cargo.get_envs().find(|(key, _)| *key == OsStr::new(name));
            assert_eq!(set.and_then(|(_, to)| to), Some(OsStr::new(value)));
        }
    }

    #[test]
    fn the_outer_toolchain_is_left_out_and_the_network_kept() {
        for (name, left_out) in [
            ("RUSTUP_TOOLCHAIN", true),
            ("RUSTUP_TOOLCHAIN_SOURCE", true),
            ("CARGO", true),
            ("CARGO_BUILD_TARGET", true),
            ("CARGO_TARGET_DIR", true),
            ("CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS", true),
            ("RUSTFLAGS", true),
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", false),
            ("CARGO_HOME", false),
            ("CARGO_HTTP_PROXY", false),
            ("CARGO_NET_OFFLINE", false),
            ("CARGO_TERM_COLOR", false),
            ("RUST_BACKTRACE", false),
        ] {
            assert_eq!(belongs_to_a_toolchain(name), left_out, "{name}");
        }
    }
}
