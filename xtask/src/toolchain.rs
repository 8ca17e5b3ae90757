//! Finds the compiler that builds the component. Only where there is none something is installed:
//! rustup's target first, Debian's packages where rustup cannot.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::debian;
use crate::linker::{self, Linkers};
use crate::project::{Project, rustc};
use crate::run::{Exit, output_of, run_for_at_most};
use crate::say;

pub const TARGET: &str = "wasm32-wasip2";

/// rustup retries a dead network for minutes; a slow one must still get some 30 MB across.
const RUSTUP_PATIENCE: Duration = Duration::from_secs(90);

pub enum Toolchain {
    /// The compiler has the target's std with it.
    WithTarget,
    /// Debian's compiler, which builds std from its source package.
    Debian(Linkers),
}

pub fn find_or_install(project: &Project) -> Result<Toolchain> {
    if has_target(project) {
        return Ok(Toolchain::WithTarget);
    }
    if debian::is_installed(project) {
        return linker::find_or_install(project).map(Toolchain::Debian);
    }
    if add_target(project) && has_target(project) {
        return Ok(Toolchain::WithTarget);
    }
    if !debian::has_apt() {
        bail!(
            "no compiler here has the target {TARGET}; install it with `rustup target add \
             {TARGET}` (rustup needs the network for that), then run this again"
        );
    }
    debian::install(project)?;
    linker::find_or_install(project).map(Toolchain::Debian)
}

/// `--print target-libdir` names the folder whether or not the target is installed.
fn has_target(project: &Project) -> bool {
    output_of(rustc(project).args(["--print", "target-libdir", "--target", TARGET]))
        .is_some_and(|folder| holds_std(Path::new(&folder)))
}

fn holds_std(folder: &Path) -> bool {
    let Ok(entries) = folder.read_dir() else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = PathBuf::from(entry.file_name());
        name.extension().is_some_and(|end| end == "rlib")
            && name.to_string_lossy().starts_with("libstd-")
    })
}

/// Only where this cargo is rustup's own: another compiler would not see the target.
fn add_target(project: &Project) -> bool {
    if std::env::var_os("RUSTUP_TOOLCHAIN").is_none() {
        return false;
    }
    say::step(&format!(
        "adding the target {TARGET} with rustup (for {} s at most)",
        RUSTUP_PATIENCE.as_secs()
    ));
    let mut rustup = project.command("rustup");
    // Without a network it fails as a matter of course; where in rustup is of no interest.
    rustup.env("RUST_BACKTRACE", "0");
    let why_not = match run_for_at_most(RUSTUP_PATIENCE, rustup.args(["target", "add", TARGET])) {
        Exit::Success => return true,
        Exit::Failure => "rustup could not add it",
        Exit::NotFound => "rustup is not in PATH",
        Exit::TimedOut => "rustup took too long and was ended",
    };
    say::plain(&format!("    {why_not}: going on without"));
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_there_once_its_std_is() {
        let top = tempfile::tempdir().expect("a folder");
        let folder = top.path().join("new");
        assert!(!holds_std(&folder), "no folder");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("libcore-1.rlib"), "").expect("a file");
        assert!(!holds_std(&folder), "core alone");
        std::fs::write(folder.join("libstd-1.rlib"), "").expect("a file");
        assert!(holds_std(&folder));
    }
}
