//! The Spin in PATH, and whether the component runs on it.

use crate::project::Project;
use crate::run::{output_of, version_in};

/// The first Spin that serves `wasi:http@0.3.0`, which the component exports.
const FIRST: (u32, u32) = (4, 1);

/// Why the component does not run on the Spin in PATH.
#[derive(Debug, PartialEq, Eq)]
pub enum Unusable {
    NotInstalled,
    /// Major and minor version.
    Older(u32, u32),
    UnknownVersion,
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (major, minor) = FIRST;
        match self {
            Self::NotInstalled => write!(formatter, "Spin is not installed"),
            Self::Older(old_major, old_minor) => write!(
                formatter,
                "Spin {old_major}.{old_minor} is installed, and cannot load the component, which needs \
                 {major}.{minor} or newer (wasi:http 0.3)"
            ),
            Self::UnknownVersion => {
                write!(formatter, "`spin --version` names no version that is known")
            }
        }
    }
}

/// Whether the component runs on the Spin in PATH.
pub fn usable(project: &Project) -> Result<(), Unusable> {
    let said = output_of(project.command("spin").arg("--version"));
    check(said.as_deref())
}

/// The same, by what Spin says about its version.
fn check(said: Option<&str>) -> Result<(), Unusable> {
    let said = said.ok_or(Unusable::NotInstalled)?;
    match version_in(said).ok_or(Unusable::UnknownVersion)? {
        version if version >= FIRST => Ok(()),
        (major, minor) => Err(Unusable::Older(major, minor)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spin_that_cannot_load_the_component_is_not_used_and_that_is_said() {
        for (said, found) in [
            (Some("spin 4.1.0 (94a8fc8 2026-08-26)"), Ok(())),
            (Some("spin 4.2.2"), Ok(())),
            (Some("spin 5.0.0"), Ok(())),
            (
                Some("spin 4.0.2 (1a2b3c4 2026-06-10)"),
                Err("Spin 4.0 is installed"),
            ),
            (Some("spin 3.6.0"), Err("Spin 3.6 is installed")),
            (Some("spinning"), Err("no version")),
            (None, Err("not installed")),
        ] {
            match (check(said), found) {
                (Ok(()), Ok(())) => {}
                (Err(why), Err(expected)) => {
                    assert!(why.to_string().contains(expected), "{why}");
                }
                (checked, _) => panic!("{said:?}: {checked:?}"),
            }
        }
    }
}
