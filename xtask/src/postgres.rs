//! PostgreSQL's programs, with which the tests start a server of their own. They are found, or
//! installed where Debian's packages are available.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::debian;
use crate::project::Project;
use crate::run::output_of;

/// Where Debian keeps them, a folder a version.
const DEBIANS: &str = "/usr/lib/postgresql";

const PACKAGE: &str = "postgresql";

/// What postgresql-common reads before it makes a server for a newly installed version.
const SETTINGS: &str = "/etc/postgresql-common/createcluster.d";

/// The folder with `initdb` and `postgres`.
pub fn find_or_install(project: &Project) -> Result<PathBuf> {
    if let Some(found) = find(project) {
        return Ok(found);
    }
    if !debian::has_apt() {
        bail!(
            "PostgreSQL is not installed, and the tests of the databases' SQL need it; install it, \
             or set SAM_CALLBACK_POSTGRES to the folder with `initdb` and `postgres`"
        );
    }
    install(project)?;
    find(project).with_context(|| {
        format!("{PACKAGE} is installed, but {DEBIANS} has no initdb; see `dpkg -l 'postgresql*'`")
    })
}

fn find(project: &Project) -> Option<PathBuf> {
    let said = || output_of(project.command("pg_config").arg("--bindir")).map(PathBuf::from);
    newest_in(Path::new(DEBIANS))
        .or_else(|| said().filter(|folder| is_complete(folder)))
        .or_else(|| {
            let path = std::env::var_os("PATH")?;
            std::env::split_paths(&path).find(|folder| is_complete(folder))
        })
}

/// `<folder>/<version>/bin` of the highest version that has a server.
fn newest_in(folder: &Path) -> Option<PathBuf> {
    let versions = folder.read_dir().ok()?.flatten();
    let number = |name: &str| name.split('.').next()?.parse::<u32>().ok();
    versions
        .filter_map(|entry| {
            let number = number(entry.file_name().to_str()?)?;
            Some((number, entry.path().join("bin")))
        })
        .filter(|(_, folder)| is_complete(folder))
        .max()
        .map(|(_, folder)| folder)
}

fn is_complete(folder: &Path) -> bool {
    let has = |name: &str| {
        let program = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        folder.join(program).is_file()
    };
    has("initdb") && has("postgres")
}

fn install(project: &Project) -> Result<()> {
    if !debian::is_root(project) {
        return debian::install_packages(
            project,
            &[PACKAGE],
            "to test the databases' SQL (the package also sets up a server on port 5432, which \
             nothing here uses)",
        );
    }
    let _setting = NoClusterSetting::write(Path::new(SETTINGS))?;
    debian::install_packages(
        project,
        &[PACKAGE],
        "to test the databases' SQL; no server is set up",
    )
}

/// As long as it is there, Debian's packages of PostgreSQL set up no server on port 5432. The file
/// belongs to no package, so dpkg has nothing to ask; and it is gone before anybody installs
/// PostgreSQL for its own sake.
struct NoClusterSetting {
    file: PathBuf,
}

impl NoClusterSetting {
    fn write(folder: &Path) -> Result<Self> {
        let file = folder.join("sam-callback.conf");
        let text = "# Of `cargo xtask test`, while it installs PostgreSQL; may be removed.\n\
                    create_main_cluster = false\n";
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&file, text))
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Self { file })
    }
}

impl Drop for NoClusterSetting {
    fn drop(&mut self) {
        // What cannot be removed is named in the file itself; a folder that others use stays.
        let _ = std::fs::remove_file(&self.file);
        let _ = self.file.parent().map(std::fs::remove_dir);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(folder: &Path, names: &[&str]) {
        std::fs::create_dir_all(folder).expect("a folder");
        for name in names {
            let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
            std::fs::write(folder.join(file), "").expect("a file");
        }
    }

    #[test]
    fn the_newest_version_with_a_server_is_taken() {
        let top = tempfile::tempdir().expect("a folder");
        let top = top.path();
        assert_eq!(newest_in(top), None);
        for (version, names) in [
            ("9.6", &["initdb", "postgres"][..]),
            ("15", &["initdb", "postgres"]),
            ("16", &["psql"]),
            ("common", &["initdb", "postgres"]),
        ] {
            programs(&top.join(version).join("bin"), names);
        }
        assert_eq!(newest_in(top), Some(top.join("15/bin")));
    }

    #[test]
    fn the_setting_for_no_server_is_there_for_a_time_only() {
        let top = tempfile::tempdir().expect("a folder");
        let top = top.path();
        let folder = top.join("createcluster.d");
        let setting = NoClusterSetting::write(&folder).expect("written");
        let text = std::fs::read_to_string(folder.join("sam-callback.conf")).expect("there");
        assert!(text.ends_with("create_main_cluster = false\n"), "{text}");
        drop(setting);
        assert!(!folder.exists());

        programs(&folder, &["others.conf"]);
        drop(NoClusterSetting::write(&folder).expect("written"));
        assert_eq!(folder.read_dir().expect("it stays").count(), 1);
    }
}
