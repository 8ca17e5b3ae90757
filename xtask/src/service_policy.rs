//! What keeps Debian's packages from starting the service that they come with: the tests start their own.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::debian;
use crate::project::Project;

/// Debian's asks this whether it may start a service that it has just installed.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs a package of Debian's, and starts no service of it.
pub fn install_quietly(project: &Project, package: &str, why: &str) -> Result<()> {
    let _policy = if debian::is_root(project) {
        NoServicePolicy::write(Path::new(POLICY))?
    } else {
        None
    };
    debian::install_packages(project, &[package], why)
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
        let text = "#!/bin/sh\n# Of `cargo xtask test`, while it installs packages; may be removed.\n\
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
