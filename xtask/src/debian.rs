//! Debian's packages: its own Rust for WebAssembly, and whatever else the checks need. They stay
//! beside rustup's, and `cargo` means to the user what it meant before.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::run::{output_of, run, version_in};
use crate::say;

pub const CARGO: &str = "/usr/bin/cargo";
pub const RUSTC: &str = "/usr/bin/rustc";
pub const WASI_LIBRARIES: &str = "/usr/lib/wasm32-wasi";

const STD_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/Cargo.lock";
/// The first three come from one source package and fit together only at the same version.
const RUST_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
const WASI_PACKAGE: &str = "wasi-libc";
/// Has wasm-opt, which is good to have: where it is missing, nothing is amiss.
pub const SHRINKING_PACKAGE: &str = "binaryen";
const OLDEST: (u32, u32) = (1, 95);

pub fn has_apt() -> bool {
    Path::new("/usr/bin/apt-get").exists() && Path::new("/usr/bin/dpkg-query").exists()
}

/// All packages, of one version that is new enough, and /usr/bin/rustc is the packaged one.
pub fn is_installed(project: &Project) -> bool {
    let asked = project
        .command("dpkg-query")
        .args(["-W", "-f", "${db:Status-Abbrev} ${Package} ${Version}\n"])
        .args(RUST_PACKAGES)
        .arg(WASI_PACKAGE)
        .stderr(std::process::Stdio::null())
        .output();
    // dpkg-query fails when one package is unknown, and lists the others all the same.
    let Ok(listed) = asked else {
        return false;
    };
    let Some(packaged) = rust_version(&String::from_utf8_lossy(&listed.stdout)) else {
        return false;
    };
    let reported = output_of(project.command(RUSTC).arg("--version"));
    reported.and_then(|text| version_in(&text)) == Some(packaged)
        && packaged >= OLDEST
        && [CARGO, STD_SOURCE, WASI_LIBRARIES]
            .iter()
            .all(|path| Path::new(path).exists())
}

/// The Rust version in dpkg-query's lines; `None` if a package is missing or of another version.
fn rust_version(listed: &str) -> Option<(u32, u32)> {
    let version_of = |package: &str| {
        listed.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("ii") && words.next() == Some(package))
                .then(|| words.next())
                .flatten()
        })
    };
    version_of(WASI_PACKAGE)?;
    let compiler = version_of(RUST_PACKAGES[0])?;
    RUST_PACKAGES
        .iter()
        .all(|package| version_of(package) == Some(compiler))
        .then(|| version_in(compiler))?
}

pub fn install(project: &Project) -> Result<()> {
    let others = [WASI_PACKAGE, SHRINKING_PACKAGE];
    let packages: Vec<&str> = RUST_PACKAGES.into_iter().chain(others).collect();
    install_packages(
        project,
        &packages,
        "to compile the component to WebAssembly",
    )?;
    if !is_installed(project) {
        bail!(
            "the packages are installed, but {RUSTC} is not rustc-web's {}.{} or newer; see `{RUSTC} \
             --version` and `apt-cache policy rustc-web`, or run `rustup target add wasm32-wasip2` \
             where rustup has a network",
            OLDEST.0,
            OLDEST.1
        );
    }
    Ok(())
}

/// As root: says what comes and why, and installs it. Otherwise the error is the two commands.
pub fn install_packages(project: &Project, packages: &[&str], why: &str) -> Result<()> {
    let list = packages.join(" ");
    if !is_root(project) {
        bail!("{}", commands_for(&list, why));
    }
    say::step(&format!("installing Debian's packages {list}, {why}"));
    let failed = "see apt's message above, then run this again";
    run(&mut apt_get(project, "update"), failed)?;
    // Where Debian's older rustc is in use, the new one would push it out: not without being asked.
    run(
        apt_get(project, "install")
            .args(["-y", "--no-install-recommends", "--no-remove"])
            .args(packages),
        &format!(
            "see apt's message above; if other packages are in the way, `apt-get install {list}` \
             shows which. Then run this again"
        ),
    )
}

fn apt_get(project: &Project, subcommand: &str) -> Command {
    let mut apt_get = project.command("apt-get");
    apt_get.env("DEBIAN_FRONTEND", "noninteractive").args([
        subcommand,
        "-q",
        "-o",
        "Dpkg::Use-Pty=0",
    ]);
    apt_get
}

fn commands_for(list: &str, why: &str) -> String {
    format!(
        "Debian's packages {list} are needed {why}, and only root can install them. Run\n\n    \
         sudo apt-get update\n    sudo apt-get install --no-install-recommends {list}\n\n\
         and then this again"
    )
}

pub fn is_root(project: &Project) -> bool {
    output_of(project.command("id").arg("-u")).is_some_and(|id| id == "0")
}

/// The major version of the LLVM inside Debian's rustc: its linker must be at least as new.
pub fn llvm_version(project: &Project) -> Result<u32> {
    output_of(project.command(RUSTC).arg("-vV"))
        .and_then(|text| llvm_version_in(&text))
        .with_context(|| format!("`{RUSTC} -vV` names no LLVM version; reinstall rustc-web"))
}

fn llvm_version_in(text: &str) -> Option<u32> {
    let version = text
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))?;
    version.split('.').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "\
ii  cargo-web 1.96.0+dfsg1-1~deb12u2
ii  rust-web-src 1.96.0+dfsg1-1~deb12u2
ii  rustc-web 1.96.0+dfsg1-1~deb12u2
ii  wasi-libc 0.0~git20220510.9886d3d-2
";

    #[test]
    fn all_packages_of_one_version_are_an_installation() {
        assert_eq!(rust_version(ALL), Some((1, 96)));
    }

    #[test]
    fn a_package_that_is_missing_removed_or_of_another_version_is_none() {
        for (packages, case) in [
            (String::new(), "nothing known"),
            (ALL.replace("ii  wasi-libc", "un  wasi-libc"), "never there"),
            (ALL.replace("ii  rustc-web", "rc  rustc-web"), "removed"),
            (ALL.replace("cargo-web 1.96", "cargo-web 1.95"), "old cargo"),
            (ALL.replace("rust-web-src", "rust-src"), "another's source"),
        ] {
            assert_eq!(rust_version(&packages), None, "{case}");
        }
    }

    #[test]
    fn without_root_the_user_gets_the_two_commands() {
        let text = commands_for("rustc-web wasi-libc", "to compile");
        assert!(text.contains("\n    sudo apt-get update\n"), "{text}");
        assert!(
            text.contains("sudo apt-get install --no-install-recommends rustc-web wasi-libc\n"),
            "{text}"
        );
    }

    #[test]
    fn llvms_version_is_read_from_rustc() {
        let said = "rustc 1.96.0\nhost: x86_64-unknown-linux-gnu\nLLVM version: 22.1.8\n";
        assert_eq!(llvm_version_in(said), Some(22));
        assert_eq!(llvm_version_in("rustc 1.96.0"), None);
    }
}
