//! `promtool`, with which the tests try the rules of deploy/monitoring. It is found in PATH, or installed
//! where Debian's packages are available.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::debian;
use crate::programs;
use crate::project::Project;
use crate::service_policy::install_quietly;

const PROGRAM: &str = "promtool";

/// Debian has it beside the server, which is of no use here.
const PACKAGE: &str = "prometheus";

/// The program.
pub fn find_or_install(project: &Project) -> Result<PathBuf> {
    if let Some(found) = programs::in_path(PROGRAM) {
        return Ok(found);
    }
    if debian::has_apt() {
        let why =
            "to try the alert rules (the package's own service on port 9090 is of no use here)";
        install_quietly(project, PACKAGE, why)?;
    }
    programs::in_path(PROGRAM).context(
        "promtool is not installed, and the tests of deploy/monitoring need it; install Prometheus, or \
         set SAM_CALLBACK_PROMTOOL to its `promtool`, then run this again",
    )
}
