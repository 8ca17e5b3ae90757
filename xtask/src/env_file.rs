//! The project's `.env`: written once with a random callback token, and the user's from then on.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use app_manifest::dotenv;

use crate::private_file;

pub const TOKEN: &str = "SPIN_VARIABLE_CALLBACK_TOKEN";

const HEADER: &str = "\
# Settings of this machine, read by `spin up` and the stand-in. Secret: git ignores this file.
# spin.toml lists the variables; here their names are SPIN_VARIABLE_<NAME>.
";

#[derive(Debug, PartialEq)]
pub enum EnvFile {
    Created,
    Existing,
}

/// Writes the file unless there is one, readable by its owner only.
pub fn ensure(path: &Path) -> Result<EnvFile> {
    let text = format!("{HEADER}{TOKEN}={}\n", random_token()?);
    match private_file::create(path, &text) {
        Ok(()) => Ok(EnvFile::Created),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(EnvFile::Existing),
        Err(error) => Err(error).with_context(|| format!("cannot write {}", path.display())),
    }
}

fn random_token() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The first of the callback tokens in the file.
///
/// # Errors
/// Where the file cannot be read, or is malformed.
pub fn token(path: &Path) -> Result<Option<String>> {
    let variables = dotenv::read(path)?;
    let token = variables.get(TOKEN).map(|tokens| first_word(tokens));
    Ok(token.filter(|token| !token.is_empty()).map(str::to_owned))
}

/// Settings list several values with spaces between them.
pub fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_has_a_random_token_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
        let tokens = [&one, &two].map(|path| {
            assert_eq!(ensure(path).expect("written"), EnvFile::Created);
            token(path).expect("read").expect("a token")
        });
        for token in &tokens {
            assert_eq!(token.len(), 64);
            assert!(token.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
        assert_ne!(tokens[0], tokens[1]);
        #[cfg(unix)]
        {
            let about = std::fs::metadata(&one).expect("metadata");
            let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_that_is_there_is_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        for text in ["", "SPIN_VARIABLE_LOG_LEVEL=debug\n"] {
            let path = folder.path().join(".env");
            std::fs::write(&path, text).expect("written");
            assert_eq!(ensure(&path).expect("looked at"), EnvFile::Existing);
            assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
        }
    }

    #[test]
    fn the_token_is_found_however_it_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(".env");
        assert_eq!(token(&path).expect("no file"), None);
        for (line, expected) in [
            ("SPIN_VARIABLE_CALLBACK_TOKEN=abc", Some("abc")),
            ("SPIN_VARIABLE_CALLBACK_TOKEN=\"new old\"", Some("new")),
            ("SPIN_VARIABLE_CALLBACK_TOKEN='new old' # both", Some("new")),
            (
                "SPIN_VARIABLE_CALLBACK_TOKEN='$x`y\\z old'",
                Some("$x`y\\z"),
            ),
            ("export SPIN_VARIABLE_CALLBACK_TOKEN = abc\r", Some("abc")),
            ("# SPIN_VARIABLE_CALLBACK_TOKEN=abc", None),
            ("SPIN_VARIABLE_CALLBACK_TOKEN=", None),
            ("SPIN_VARIABLE_CALLBACK_TOKEN_HEADERS=X-Key", None),
            (
                "SPIN_VARIABLE_CALLBACK_TOKEN=a\nSPIN_VARIABLE_CALLBACK_TOKEN=b",
                // As the server has it.
                Some("b"),
            ),
        ] {
            std::fs::write(&path, line).expect("written");
            assert_eq!(token(&path).expect("read").as_deref(), expected, "{line}");
        }
        std::fs::write(&path, "no line").expect("written");
        assert!(token(&path).is_err());
    }
}
