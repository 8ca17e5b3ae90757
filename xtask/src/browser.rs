//! A browser that can be driven, with which the tests use the page at /docs: Chromium or Chrome, and
//! chromedriver of the same version. They are found in PATH, and installed where Debian's packages
//! are to be had.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::debian;
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
    let path = std::env::var_os("PATH")?;
    let driver = in_folders(std::env::split_paths(&path))?;
    let said = |program: &Path| output_of(project.command(program).arg("--version"));
    let browsers = BROWSERS.iter().filter_map(|name| said(Path::new(name)));
    drives_one(&said(&driver)?, browsers).then_some(driver)
}

fn in_folders(mut folders: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let program = format!("{DRIVER}{}", std::env::consts::EXE_SUFFIX);
    folders.find_map(|folder| Some(folder.join(&program)).filter(|file| file.is_file()))
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

    #[test]
    fn the_first_driver_in_the_path_is_taken() {
        let top = std::env::temp_dir().join(format!("xtask-browser-{}", std::process::id()));
        let folders = ["none", "first", "second"].map(|name| top.join(name));
        let program = format!("{DRIVER}{}", std::env::consts::EXE_SUFFIX);
        for folder in &folders {
            std::fs::create_dir_all(folder).expect("a folder");
        }
        assert_eq!(in_folders(folders.iter().cloned()), None);
        for folder in &folders[1..] {
            std::fs::write(folder.join(&program), "").expect("a file");
        }
        let found = in_folders(folders.iter().cloned());
        assert_eq!(found, Some(folders[1].join(&program)));
        std::fs::remove_dir_all(&top).expect("removed");
    }
}
