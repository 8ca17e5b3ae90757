//! `cargo xtask dist`: what a release has, in `target/dist/`. The archives unpack to a folder in which
//! `spin up` serves the component as it stands, so that nobody has to compile to try it.

mod archive;
mod checksums;
mod manifest;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::component;
use crate::project::Project;
use crate::run::output_of;
use crate::say;
use archive::{Archive, Packed};

/// Where the component is in the archive: what its `spin.toml` names.
const COMPONENT: &str = "sam_callback.wasm";

/// What stands at the archive's root beside the component and `spin.toml`, and where it is in the project.
const AT_ROOT: [(&str, &str); 8] = [
    ("runtime-config.toml", "runtime-config.toml"),
    ("LEAME.md", "deploy/archive/LEAME.md"),
    ("README.md", "README.md"),
    ("README.es.md", "README.es.md"),
    ("CHANGELOG.md", "CHANGELOG.md"),
    ("CONTRIBUTING.md", "CONTRIBUTING.md"),
    ("SECURITY.md", "SECURITY.md"),
    ("LICENSE", "LICENSE"),
];

/// What is at the archive's root already.
const MOVED: &str = "deploy/archive/";

/// Folders with the pages, and with what they tell people to install.
const FOLDERS: [&str; 2] = ["docs", "deploy"];

/// Builds the component and packs it with all that serving it needs.
pub fn run(project: &Project) -> Result<()> {
    component::build(project)?;
    say::step("packing the archives");
    let name = format!("sam-callback-{}", env!("CARGO_PKG_VERSION"));
    let files = files(project)?;
    let packed = Packed {
        folder: &name,
        files: &files,
        // The same commit gives the same bytes.
        seconds: commit_time(project)?,
    };
    let folder = project.target_dir().join("dist");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    let mut sums = Vec::new();
    for archive in [Archive::TarGz, Archive::Zip] {
        let file = format!("{name}.{}", archive.extension());
        let bytes = archive.pack(&packed)?;
        write(&folder.join(&file), &bytes)?;
        say::plain(&format!(
            "target/dist/{file} ({} KB)",
            bytes.len().div_ceil(1024)
        ));
        sums.push((file, bytes));
    }
    let listed: Vec<_> = sums
        .iter()
        .map(|(file, bytes)| (file.as_str(), bytes.as_slice()))
        .collect();
    write(
        &folder.join("SHA256SUMS"),
        checksums::list(&listed).as_bytes(),
    )?;
    say::plain("target/dist/SHA256SUMS");
    say::result(&format!(
        "unpack {name}.tar.gz or {name}.zip; LEAME.md in it says how it is served"
    ));
    Ok(())
}

/// A file of the archive: its path there, and what is in it.
type File = (String, Vec<u8>);

/// All files, sorted by path, with their checksums among them.
fn files(project: &Project) -> Result<Vec<File>> {
    let spin_toml = read(&project.spin_toml())?;
    let spin_toml = String::from_utf8(spin_toml).context("spin.toml is not UTF-8")?;
    let mut files = vec![
        (COMPONENT.to_owned(), read(&project.component())?),
        (
            "spin.toml".to_owned(),
            manifest::for_archive(&spin_toml, COMPONENT)?.into_bytes(),
        ),
    ];
    for (path, source) in AT_ROOT {
        files.push((path.to_owned(), read(&project.root.join(source))?));
    }
    for path in pages(project)? {
        let bytes = read(&project.root.join(&path))?;
        files.push((path, bytes));
    }
    let listed: Vec<_> = files
        .iter()
        .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
        .collect();
    let sums = checksums::list(&listed);
    files.push(("SHA256SUMS".to_owned(), sums.into_bytes()));
    files.sort();
    Ok(files)
}

/// The files of the folders with pages that git has, as paths in the project.
fn pages(project: &Project) -> Result<Vec<String>> {
    let mut git = project.command("git");
    git.args(["ls-files", "-z", "--"]).args(FOLDERS);
    let listed = output_of(&mut git).context("`git ls-files` failed: dist needs a clone")?;
    let pages: Vec<_> = listed
        .split('\0')
        .filter(|path| !path.is_empty() && !path.starts_with(MOVED))
        .map(str::to_owned)
        .collect();
    match pages.is_empty() {
        true => bail!("git has no file below {}", FOLDERS.join(", ")),
        false => Ok(pages),
    }
}

/// When the commit was made, in seconds since 1970.
fn commit_time(project: &Project) -> Result<u64> {
    let mut git = project.command("git");
    git.args(["log", "-1", "--format=%ct"]);
    let time = output_of(&mut git).context("`git log` failed: dist needs a clone")?;
    time.trim().parse().context("git gave no time")
}

fn read(path: &PathBuf) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
