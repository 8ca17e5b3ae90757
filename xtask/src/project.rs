//! The project's paths, and commands that run in its folder. What `cargo run` has put into the
//! environment does not reach them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

pub struct Project {
    pub root: PathBuf,
}

impl Project {
    /// The folder above xtask/, as cargo names it now: the compiled-in one is stale once a clone
    /// has been moved.
    pub fn find() -> Result<Self> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package.parent().context("xtask/ is in no folder")?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// Always the project's own: spin.toml names the component below it.
    pub fn target_dir(&self) -> PathBuf {
        self.root.join("target")
    }

    pub fn component(&self) -> PathBuf {
        self.target_dir()
            .join("wasm32-wasip2/release/sam_callback.wasm")
    }

    pub fn stand_in(&self) -> PathBuf {
        self.program("host")
    }

    /// A program that was built with the profile `host`.
    pub fn program(&self, name: &str) -> PathBuf {
        let program = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.target_dir().join("host").join(program)
    }

    pub fn spin_toml(&self) -> PathBuf {
        self.root.join("spin.toml")
    }

    pub fn env_file(&self) -> PathBuf {
        self.root.join(".env")
    }

    /// The header with the callback token, which `curl -H @FILE` reads.
    pub fn header_file(&self) -> PathBuf {
        self.root.join(".callback-header")
    }

    /// A callback's body, for shells that cannot quote it.
    pub fn body_file(&self) -> PathBuf {
        self.root.join(".callback.json")
    }

    /// The cargo this was started with, in the project's folder.
    pub fn cargo(&self) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        self.command(cargo)
    }

    /// Any program, in the project's folder, without what `cargo run` has put into the environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        for (name, _) in std::env::vars_os() {
            if is_of_cargo_run(&name) {
                command.env_remove(name);
            }
        }
        if let Some(path) = std::env::var_os("LD_LIBRARY_PATH") {
            match without(&path, &cargos_folders()) {
                Some(rest) => command.env("LD_LIBRARY_PATH", rest),
                None => command.env_remove("LD_LIBRARY_PATH"),
            };
        }
        command
    }
}

/// The compiler cargo uses for the host, as cargo finds it.
pub fn rustc(project: &Project) -> Command {
    project.command(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

fn is_of_cargo_run(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    name.starts_with("CARGO_PKG_") || ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"].contains(&name)
}

/// cargo puts its target folder and its toolchain's libraries before the user's; another rustc
/// would load the wrong ones.
fn cargos_folders() -> Vec<PathBuf> {
    let own = std::env::current_exe().ok();
    let own = own.as_deref().and_then(Path::parent).map(Path::to_owned);
    let rustup = std::env::var_os("RUSTUP_HOME").map(PathBuf::from);
    own.into_iter().chain(rustup).collect()
}

fn without(search_path: &OsStr, folders: &[PathBuf]) -> Option<OsString> {
    let rest = std::env::split_paths(search_path)
        .filter(|entry| !folders.iter().any(|folder| entry.starts_with(folder)));
    std::env::join_paths(rest)
        .ok()
        .filter(|joined| !joined.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn cargos_folders_leave_the_library_path_and_the_users_stay() {
        let cargos = [
            PathBuf::from("/p/target/debug"),
            PathBuf::from("/home/u/.rustup"),
        ];
        let path = OsStr::new("/p/target/debug/deps:/home/u/.rustup/toolchains/x/lib:/opt/lib");
        assert_eq!(without(path, &cargos), Some("/opt/lib".into()));
        let path = OsStr::new("/p/target/debug:/p/target/debug/deps");
        assert_eq!(without(path, &cargos), None);
    }

    #[test]
    fn only_what_cargo_run_sets_is_removed() {
        for (name, removed) in [
            ("CARGO_PKG_NAME", true),
            ("CARGO_MANIFEST_DIR", true),
            ("CARGO_HOME", false),
            ("CARGO_NET_OFFLINE", false),
            ("SPIN_VARIABLE_CALLBACK_TOKEN", false),
        ] {
            assert_eq!(is_of_cargo_run(OsStr::new(name)), removed, "{name}");
        }
    }
}
