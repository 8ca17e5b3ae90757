//! Variables from the environment, and from a `.env` file behind it.

use std::collections::HashMap;
use std::env::VarError;
use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Result, bail};

use crate::dotenv;

/// What Spin puts in front of a variable's name, and an underscore behind it.
pub(crate) const PREFIX: &str = "SPIN_VARIABLE";

/// Reads one environment variable; tests bring their own.
pub(crate) type Fetch = fn(&str) -> Result<String, VarError>;

/// `SPIN_VARIABLE_<NAME>` in the environment, then in a dotenv file.
pub(crate) struct Environment {
    fetch: Fetch,
    dotenv_path: Option<PathBuf>,
    /// Read when first needed, and then once: a service does not change under way.
    dotenv: OnceLock<HashMap<String, String>>,
}

impl Environment {
    pub(crate) fn new(fetch: Fetch, dotenv_path: Option<PathBuf>) -> Self {
        Self {
            fetch,
            dotenv_path,
            dotenv: OnceLock::new(),
        }
    }

    /// The value of the variable `name`.
    ///
    /// # Errors
    /// Where the environment's value is not UTF-8, or the dotenv file is there and unreadable.
    pub(crate) fn get(&self, name: &str) -> Result<Option<String>> {
        let key = format!("{PREFIX}_{}", name.to_ascii_uppercase());
        match (self.fetch)(&key) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => self.in_dotenv(&key),
            Err(VarError::NotUnicode(_)) => bail!("environment variable {key}: must be UTF-8"),
        }
    }

    fn in_dotenv(&self, key: &str) -> Result<Option<String>> {
        let Some(path) = &self.dotenv_path else {
            return Ok(None);
        };
        let entries = match self.dotenv.get() {
            Some(entries) => entries,
            None => {
                let entries = dotenv::read(path)?;
                self.dotenv.get_or_init(|| entries)
            }
        };
        Ok(entries.get(key).cloned())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn nothing(_: &str) -> Result<String, VarError> {
        Err(VarError::NotPresent)
    }

    fn everything(key: &str) -> Result<String, VarError> {
        Ok(format!("value of {key}"))
    }

    fn dotenv(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn the_prefix_goes_in_front_of_the_name_in_capitals() {
        let value = Environment::new(everything, None).get("a_b").unwrap();
        assert_eq!(value.as_deref(), Some("value of SPIN_VARIABLE_A_B"));
    }

    #[test]
    fn the_environment_wins_over_the_dotenv_file() {
        let (_dir, path) = dotenv("SPIN_VARIABLE_A=from dotenv\n");
        let from = |fetch| {
            Environment::new(fetch, Some(path.clone()))
                .get("a")
                .unwrap()
                .unwrap()
        };
        assert_eq!(from(everything), "value of SPIN_VARIABLE_A");
    }

    #[test]
    fn a_dotenv_file_is_read_once_and_may_be_absent() {
        let (dir, path) = dotenv("# comment\nSPIN_VARIABLE_A='x y'\nexport SPIN_VARIABLE_B=z\n");
        let environment = Environment::new(nothing, Some(path.clone()));
        assert_eq!(environment.get("a").unwrap().as_deref(), Some("x y"));
        fs::remove_file(&path).unwrap();
        assert_eq!(environment.get("b").unwrap().as_deref(), Some("z"));
        assert_eq!(environment.get("c").unwrap(), None);
        let absent = Environment::new(nothing, Some(dir.path().join("absent")));
        assert_eq!(absent.get("a").unwrap(), None);
    }
}
