//! `redis-server`, with which the tests keep what the component stores. It is found in PATH, or
//! installed where Debian's packages are available.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::debian;
use crate::programs;
use crate::project::Project;
use crate::service_policy::install_quietly;

const PROGRAM: &str = "redis-server";

/// The server's program.
pub fn find_or_install(project: &Project) -> Result<PathBuf> {
    if let Some(found) = programs::in_path(PROGRAM) {
        return Ok(found);
    }
    if debian::has_apt() {
        let why = "to test the key-value stores (the package's own service on port 6379 is of no use \
                   here)";
        install_quietly(project, PROGRAM, why)?;
    }
    programs::in_path(PROGRAM).context(
        "Redis is not installed, and the tests of the key-value stores need it; install it, or set \
         SAM_CALLBACK_REDIS to its `redis-server`, then run this again",
    )
}
