//! Files with a secret in them: readable by their owner only, from the start.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Result, Write as _};
use std::path::Path;

/// Makes the file.
///
/// # Errors
/// `AlreadyExists` where there is one: it is left as it is.
pub fn create(path: &Path, text: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes()).inspect_err(|_| {
        // Half a file would be taken for a whole one the next time.
        let _ = std::fs::remove_file(path);
    })
}

/// Makes the file anew, whatever was there.
pub fn replace(path: &Path, text: &str) -> Result<()> {
    remove(path)?;
    create(path, text)
}

/// Removes the file, if there is one.
pub fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_its_owners_only_whatever_was_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, "everybody's").expect("written");
        let error = create(&path, "mine").expect_err("it is there");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        for text in ["mine", "mine again"] {
            replace(&path, text).expect("written");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
            #[cfg(unix)]
            {
                let about = std::fs::metadata(&path).expect("metadata");
                let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions());
                assert_eq!(mode & 0o777, 0o600);
            }
        }
        remove(&path).expect("removed");
        remove(&path).expect("nothing to remove");
        assert!(!path.exists());
    }
}
