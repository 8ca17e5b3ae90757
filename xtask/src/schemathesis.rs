//! schemathesis, which compares openapi.json with the replies. It has a Python environment of its
//! own below the target folder, with exactly what tests/interface/requirements.txt names.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::debian;
use crate::project::Project;
use crate::run::{output_of, run, version_in};
use crate::say;

const REQUIREMENTS: &str = "tests/interface/requirements.txt";

/// Written last: the requirements that the environment was made for.
const STAMP: &str = "installed.txt";

const PYTHON: &str = "python3";

/// The oldest that what the requirements name runs with.
const OLDEST: (u32, u32) = (3, 10);

/// What Debian's python3 cannot make an environment without.
const VENV_PACKAGE: &str = "python3-venv";

const OWN: &str = "or set SAM_CALLBACK_SCHEMATHESIS to a schemathesis that is there";

/// The program.
pub fn find_or_install(project: &Project) -> Result<PathBuf> {
    let file = project.root.join(REQUIREMENTS);
    let wanted = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let folder = project.target_dir().join("schemathesis");
    let runs = |program: &Path| output_of(project.command(program).arg("--version")).is_some();

    let program = folder.join("bin/schemathesis");
    if is_made_for(&folder, &wanted) && runs(&program) {
        return Ok(program);
    }
    need_python(project)?;
    make(project, &folder, &wanted)?;
    if !runs(&program) {
        bail!(
            "schemathesis is installed, but `{} --version` fails; see what it says, {OWN}",
            program.display()
        );
    }
    Ok(program)
}

fn is_made_for(folder: &Path, wanted: &str) -> bool {
    std::fs::read_to_string(folder.join(STAMP)).is_ok_and(|text| text == wanted)
}

fn need_python(project: &Project) -> Result<()> {
    let said = output_of(project.command(PYTHON).arg("--version"));
    if !is_new_enough(said.as_deref()) {
        let (major, minor) = OLDEST;
        bail!(
            "openapi.json is tested with schemathesis, which needs {PYTHON} {major}.{minor} or \
             newer; install it, so that it comes first in PATH, {OWN}, then run this again"
        );
    }
    let has_venv = || {
        let asked = &["-c", "import ensurepip, venv"];
        output_of(project.command(PYTHON).args(asked)).is_some()
    };
    if has_venv() {
        return Ok(());
    }
    if debian::has_apt() {
        let why = "to test openapi.json with schemathesis";
        debian::install_packages(project, &[VENV_PACKAGE], why)?;
    }
    if !has_venv() {
        bail!(
            "{PYTHON} lacks its modules `ensurepip` and `venv`, which schemathesis is installed \
             with; add them ({VENV_PACKAGE} of Debian has those of Debian's python3), {OWN}, then \
             run this again"
        );
    }
    Ok(())
}

fn is_new_enough(said: Option<&str>) -> bool {
    said.and_then(version_in).is_some_and(|own| own >= OLDEST)
}

/// Anew, whatever is left there of an earlier time.
fn make(project: &Project, folder: &Path, wanted: &str) -> Result<()> {
    say::step("installing schemathesis into target/schemathesis, to test openapi.json");
    // First, so that nothing unfinished is ever taken for the whole.
    remove_stamp(folder)?;
    let failed = format!("see its message above, then run this again, {OWN}");
    run(
        project
            .command(PYTHON)
            .args(["-m", "venv", "--clear"])
            .arg(folder),
        &failed,
    )?;
    // Nothing is built here: what builds a package is not pinned.
    let options = ["--only-binary", ":all:", "--require-hashes"];
    run(
        project
            .command(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--no-input"])
            .arg("--disable-pip-version-check")
            .args(options)
            .args(["--requirement", REQUIREMENTS]),
        &failed,
    )?;
    let stamp = folder.join(STAMP);
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

fn remove_stamp(folder: &Path) -> Result<()> {
    let stamp = folder.join(STAMP);
    match std::fs::remove_file(&stamp) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", stamp.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_counts_for_the_requirements_that_it_was_made_for_only() {
        let top = tempfile::tempdir().expect("a folder");
        let folder = top.path().join("new");
        assert!(!is_made_for(&folder, "a==1\n"), "no folder");
        remove_stamp(&folder).expect("nothing to remove");

        std::fs::create_dir_all(&folder).expect("a folder");
        assert!(!is_made_for(&folder, ""), "half-made");
        std::fs::write(folder.join(STAMP), "a==1\n").expect("a stamp");
        assert!(is_made_for(&folder, "a==1\n"));
        assert!(!is_made_for(&folder, "a==2\n"), "changed since");

        remove_stamp(&folder).expect("removed");
        assert!(!is_made_for(&folder, "a==1\n"), "about to be made anew");
    }

    #[test]
    fn an_old_python_is_not_enough() {
        for (said, enough) in [
            (None, false),
            (Some("Python 2.7.18"), false),
            (Some("Python 3.9.18"), false),
            (Some("Python 3.10.13"), true),
            (Some("Python 3.13.0"), true),
        ] {
            assert_eq!(is_new_enough(said), enough, "{said:?}");
        }
    }

    #[test]
    fn every_requirement_is_pinned_and_has_hashes_and_names_no_place_to_fetch_it_from() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(REQUIREMENTS);
        let text = std::fs::read_to_string(file).expect("the requirements");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let (hashes, pins): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("    "));
        assert!(pins.iter().any(|line| line.starts_with("schemathesis==4.")));
        for line in pins {
            assert!(line.contains("==") && line.ends_with('\\'), "{line}");
        }
        for line in hashes {
            assert!(line.starts_with("    --hash=sha256:"), "{line}");
        }
        assert!(!text.contains("://"));
    }
}
