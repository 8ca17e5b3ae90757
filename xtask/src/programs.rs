//! Finding programs that are installed.

use std::path::{Path, PathBuf};

/// In PATH.
pub fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    first_of(std::env::split_paths(&path), name)
}

/// In PATH, or where `cargo install` puts programs, which need not be in PATH.
pub fn in_path_or_cargos(name: &str) -> Option<PathBuf> {
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    in_path(name).or_else(|| first_of([cargo_home?.join("bin")], name))
}

/// The program of the first folder that has it.
pub fn first_of(
    folders: impl IntoIterator<Item = impl AsRef<Path>>,
    name: &str,
) -> Option<PathBuf> {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    folders
        .into_iter()
        .map(|folder| folder.as_ref().join(&name))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_that_has_the_program_wins() {
        let top = tempfile::tempdir().expect("a folder");
        let folders = ["none", "first", "second"].map(|name| top.path().join(name));
        let program = format!("redis-server{}", std::env::consts::EXE_SUFFIX);
        assert_eq!(first_of(&folders, "redis-server"), None, "no folders");
        for folder in &folders {
            std::fs::create_dir_all(folder).expect("a folder");
        }
        for folder in &folders[1..] {
            std::fs::write(folder.join(&program), "").expect("a file");
        }
        let found = first_of(&folders, "redis-server");
        assert_eq!(found, Some(folders[1].join(program)));
        assert_eq!(first_of(&folders, "chromedriver"), None);
    }
}
