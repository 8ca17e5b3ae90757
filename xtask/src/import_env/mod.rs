//! `import-env`: the `.env` of a service that this one replaces, as the settings it amounts to here.
//! Secrets are shown as `***`; with `--write` they go into the project's `.env`, and nowhere else.

mod address;
mod page;
mod public_key;
mod quote;
mod read;
mod settings;
mod supabase;
mod table;
mod verdict;

#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use app_manifest::dotenv;

use crate::flags::ImportOptions;
use crate::private_file;
use crate::project::Project;
use crate::say;

use page::Secrets;
use settings::Import;

/// What begins the name of a setting in `.env`.
const PREFIX: &str = "SPIN_VARIABLE_";

/// Prints what the file amounts to, and writes it where that is asked for.
///
/// # Errors
/// Where the file cannot be read, or `.env` is there already or cannot be written.
pub fn run(project: &Project, options: &ImportOptions) -> Result<()> {
    let import = import(&options.file)?;
    say::result(&page::page(&import, Secrets::Masked));
    if options.write {
        write(&import, &project.env_file())?;
    }
    Ok(())
}

fn import(file: &Path) -> Result<Import> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    // The error would quote the bytes.
    let Ok(text) = String::from_utf8(bytes) else {
        bail!("{} is not in UTF-8: save it so first", file.display());
    };
    Ok(settings::import(read::read(&text)))
}

/// Writes `.env`, readable by its owner only, unless there is one.
fn write(import: &Import, path: &Path) -> Result<()> {
    let text = page::page(import, Secrets::Whole);
    match private_file::create(path, &text) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
            "{} is there already and was left as it is: move it away, or put the settings in by hand",
            path.display()
        ),
        written => written.with_context(|| format!("cannot write {}", path.display()))?,
    }
    let checked = is_read_back(import, path);
    if checked.is_err() {
        private_file::remove(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    checked?;
    say::plain(&format!("written: {}", path.display()));
    Ok(())
}

/// Checks that the server will get the values that were meant: it reads the file with the same crate.
fn is_read_back(import: &Import, path: &Path) -> Result<()> {
    let read = dotenv::read(path)?;
    for setting in import.settings() {
        let name = format!("{PREFIX}{}", setting.name.to_uppercase());
        ensure!(
            read.get(&name) == Some(&setting.value),
            "{name} has a value that a .env cannot hold: set it in the environment"
        );
    }
    Ok(())
}
