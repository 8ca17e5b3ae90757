//! The programs that the examples of docs/mensajes.md need, which the tests run. They are found in
//! PATH, or installed where Debian's packages are available.

use anyhow::{Result, bail};

use crate::debian;
use crate::project::Project;
use crate::run::{output_of, version_in};

struct Program {
    name: &'static str,
    /// Debian's.
    package: &'static str,
    /// With which it prints its version.
    version_flag: &'static str,
    /// The oldest that runs the examples.
    oldest: (u32, u32),
}

static PROGRAMS: [Program; 5] = [
    Program {
        name: "bash",
        package: "bash",
        version_flag: "--version",
        oldest: (3, 2),
    },
    Program {
        name: "curl",
        package: "curl",
        version_flag: "--version",
        // --fail-with-body
        oldest: (7, 76),
    },
    Program {
        name: "node",
        package: "nodejs",
        version_flag: "--version",
        // fetch
        oldest: (18, 0),
    },
    Program {
        name: "openssl",
        package: "openssl",
        version_flag: "version",
        oldest: (1, 1),
    },
    Program {
        name: "python3",
        package: "python3",
        version_flag: "--version",
        // hmac.digest
        oldest: (3, 7),
    },
];

pub fn find_or_install(project: &Project) -> Result<()> {
    let missing = || missing(|program| version(project, program));
    let to_install = missing();
    if to_install.is_empty() {
        return Ok(());
    }
    if debian::has_apt() {
        let packages: Vec<_> = to_install.iter().map(|program| program.package).collect();
        let why = "to run the examples of docs/mensajes.md";
        debian::install_packages(project, &packages, why)?;
    }
    match missing().as_slice() {
        [] => Ok(()),
        missing => bail!("{}", complaint(missing)),
    }
}

fn version(project: &Project, program: &Program) -> Option<(u32, u32)> {
    let said = output_of(project.command(program.name).arg(program.version_flag))?;
    version_in(&said)
}

/// Those that are not there, or too old.
fn missing(version: impl Fn(&Program) -> Option<(u32, u32)>) -> Vec<&'static Program> {
    let is_missing = |program: &&Program| version(program).is_none_or(|own| own < program.oldest);
    PROGRAMS.iter().filter(is_missing).collect()
}

fn complaint(missing: &[&Program]) -> String {
    let wanted: Vec<_> = missing
        .iter()
        .map(|program| {
            let (major, minor) = program.oldest;
            format!("{} {major}.{minor}", program.name)
        })
        .collect();
    format!(
        "the tests run the examples of docs/mensajes.md, and lack for it: {} or newer; install \
         what is named, so that it comes first in PATH, then run this again",
        wanted.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(missing: &[&Program]) -> Vec<&'static str> {
        missing.iter().map(|program| program.name).collect()
    }

    #[test]
    fn what_is_not_there_or_too_old_is_missing() {
        assert!(missing(|program| Some(program.oldest)).is_empty());
        assert_eq!(missing(|_| None).len(), PROGRAMS.len());
        let found = missing(|program| match program.name {
            "python3" => None,
            "node" => Some((12, 22)),
            _ => Some((100, 0)),
        });
        assert_eq!(names(&found), ["node", "python3"]);
        let said = complaint(&found);
        assert!(
            said.contains(": node 18.0, python3 3.7 or newer;"),
            "{said}"
        );
    }

    #[test]
    fn what_they_say_of_their_version_is_understood() {
        for (said, version) in [
            (
                "GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)",
                (5, 2),
            ),
            ("curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1", (7, 88)),
            ("v18.20.4", (18, 20)),
            (
                "OpenSSL 3.0.17 1 Jul 2025 (Library: OpenSSL 3.0.17 1 Jul 2025)",
                (3, 0),
            ),
            ("Python 3.11.2", (3, 11)),
        ] {
            assert_eq!(version_in(said), Some(version), "{said}");
        }
    }
}
