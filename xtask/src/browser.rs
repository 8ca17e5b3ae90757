//! The browser that tests the page at /docs: Chromium or Chrome, and chromedriver of the same
//! version. They are found in PATH, or installed where Debian's packages are available.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::debian;
use crate::programs;
use crate::project::Project;
use crate::run::{output_of, version_in};

const DRIVER: &str = "chromedriver";

/// Where chromedriver looks too.
const BROWSERS: [&str; 6] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// Debian's, of one version.
const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// chromedriver, which finds the browser itself.
pub fn find_or_install(project: &Project) -> Result<PathBuf> {
    if let Some(found) = find(project) {
        return Ok(found);
    }
    if debian::has_apt() {
        debian::install_packages(project, &PACKAGES, "to test the page at /docs")?;
    }
    find(project).context(
        "the tests use the page at /docs with a browser, and there is no chromedriver in PATH with \
         a Chromium or Chrome of the same version; install both, or set SAM_CALLBACK_CHROMEDRIVER \
         to the chromedriver of the browser that is there, then run this again",
    )
}

fn find(project: &Project) -> Option<PathBuf> {
    let driver = programs::in_path(DRIVER)?;
    let said = |program: &Path| output_of(project.command(program).arg("--version"));
    let browsers = BROWSERS.iter().filter_map(|name| said(Path::new(name)));
    drives_one(&said(&driver)?, browsers).then_some(driver)
}

/// chromedriver refuses a browser of another major version.
fn drives_one(driver: &str, browsers: impl IntoIterator<Item = String>) -> bool {
    let major = |said: &str| version_in(said).map(|(major, _)| major);
    let own = major(driver);
    own.is_some() && browsers.into_iter().any(|said| major(&said) == own)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRIVER_SAYS: &str =
        "ChromeDriver 156.0.8078.79 (a21ce95c24ce-refs/branch-heads/8078@{#1})";

    #[test]
    fn a_driver_is_of_use_with_a_browser_of_its_major_version() {
        for (browsers, is_of_use) in [
            (&[][..], false),
            (
                &["Chromium 155.0.8000.1 built on Debian GNU/Linux 12"],
                false,
            ),
            (
                &["Chromium 156.0.8078.90 built on Debian GNU/Linux 12"],
                true,
            ),
            (
                &["Chromium 155.0.8000.1", "Google Chrome 156.0.8078.79"],
                true,
            ),
        ] {
            let said = browsers.iter().copied().map(str::to_owned);
            assert_eq!(drives_one(DRIVER_SAYS, said), is_of_use, "{browsers:?}");
        }
        assert!(!drives_one("", [String::new()]));
    }
}
