//! `redis-server`, with which the tests keep what the component stores. It is found in PATH, or
//! installed where Debian's packages are available.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::debian;
use crate::programs;
use crate::project::Project;

const PROGRAM: &str = "redis-server";

/// Debian's asks this whether it may start a service that it has just installed.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// The server's program.
pub fn find_or_install(project: &Project) -> Result<PathBuf> {
    if let Some(found) = programs::in_path(PROGRAM) {
        return Ok(found);
    }
    if debian::has_apt() {
        install(project)?;
    }
    programs::in_path(PROGRAM).context(
        "Redis is not installed, and the tests of the key-value stores need it; install it, or set \
         SAM_CALLBACK_REDIS to its `redis-server`, then run this again",
    )
}

fn install(project: &Project) -> Result<()> {
    let why = "to test the key-value stores (the package's own service on port 6379 is of no use \
               here)";
    let _policy = if debian::is_root(project) {
        NoServicePolicy::write(Path::new(POLICY))?
    } else {
        None
    };
    debian::install_packages(project, &[PROGRAM], why)
}

/// As long as it is there, Debian's packages start no service.
struct NoServicePolicy {
    file: PathBuf,
}

impl NoServicePolicy {
    /// `None` where the machine has a policy already: it is the administrator's.
    fn write(file: &Path) -> Result<Option<Self>> {
        if file.exists() {
            return Ok(None);
        }
        let text = "#!/bin/sh\n# Of `cargo xtask test`, while it installs Redis; may be removed.\n\
                    exit 101\n";
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o755);
        options
            .open(file)
            .and_then(|mut opened| opened.write_all(text.as_bytes()))
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Some(Self { file: file.into() }))
    }
}

impl Drop for NoServicePolicy {
    fn drop(&mut self) {
        // What cannot be removed is named in the file itself.
        let _ = std::fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_there_for_a_time_only_and_another_stays() {
        let top = tempfile::tempdir().expect("a folder");
        let file = top.path().join("policy-rc.d");
        let policy = NoServicePolicy::write(&file)
            .expect("written")
            .expect("ours");
        let text = std::fs::read_to_string(&file).expect("there");
        assert!(text.ends_with("\nexit 101\n"), "{text}");
        drop(policy);
        assert!(!file.exists());

        std::fs::write(&file, "another's").expect("written");
        assert!(NoServicePolicy::write(&file).expect("seen").is_none());
        assert!(file.exists());
    }
}
