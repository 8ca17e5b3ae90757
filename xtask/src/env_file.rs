//! The project's `.env`: made once with a random callback token, and the user's from then on.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result};

pub const TOKEN: &str = "SPIN_VARIABLE_CALLBACK_TOKEN";

const HEADER: &str = "\
# Settings of this machine, read by `spin up` and the stand-in. Secret: git ignores this file.
# spin.toml lists the variables; here their names are SPIN_VARIABLE_<NAME>.
";

#[derive(Debug, PartialEq)]
pub enum Found {
    New,
    Kept,
}

/// Writes the file unless there is one, readable by its owner only.
pub fn ensure(path: &Path) -> Result<Found> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);

    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(Found::Kept),
        Err(error) => return Err(error).with_context(|| format!("cannot make {}", path.display())),
    };
    if let Err(error) = fill(file) {
        // Half a file would be kept as the user's own the next time.
        let _ = std::fs::remove_file(path);
        return Err(error.context(format!("cannot write {}", path.display())));
    }
    Ok(Found::New)
}

fn fill(mut file: File) -> Result<()> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    file.write_all(format!("{HEADER}{TOKEN}={token}\n").as_bytes())?;
    Ok(())
}

/// The token's first word in the text of a `.env`, read like [`crate::curl`]'s `sed` reads it.
/// `None` also where several lines set it: that `sed` would print them all.
pub fn token_in(text: &str) -> Option<&str> {
    let mut values = text.lines().filter_map(|line| {
        let name = line.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == ' ');
        let value = name.strip_prefix(TOKEN)?.trim_start_matches(' ');
        let value = value.strip_prefix('=')?.trim_start_matches(' ');
        let value = value.trim_start_matches(['"', '\'']);
        value
            .split(|c: char| c.is_whitespace() || "\"'".contains(c))
            .next()
    });
    let value = values.next().filter(|value| !value.is_empty());
    if values.next().is_some() { None } else { value }
}

/// The variables of a `.env` whose values lose what looks like a name behind `$`: dotenvy, which
/// Spin reads the file with, replaces it outside single quotes. A secret is then shorter than it
/// seems, and nobody else can notice.
pub fn shortened_in(text: &str) -> Vec<&str> {
    let assigned = text.lines().filter_map(|line| {
        let line = line.trim_start();
        let (name, value) = line
            .strip_prefix("export ")
            .unwrap_or(line)
            .split_once('=')?;
        let value = value.trim_start();
        let is_read = !name.starts_with('#') && !value.starts_with('\'');
        (is_read && is_replaced(value)).then_some(name.trim())
    });
    assigned.collect()
}

/// Whether a `$` stands before a name, or `{`, and no backslash before it.
fn is_replaced(value: &str) -> bool {
    let mut before = ' ';
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek();
        let is_name = next.is_some_and(|&c| c.is_ascii_alphanumeric() || "_{".contains(c));
        if character == '$' && before != '\\' && is_name {
            return true;
        }
        before = character;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        path
    }

    #[test]
    fn a_new_file_has_a_random_token_for_its_owner_only() {
        let folder = folder("env-new");
        let [one, two] = ["one", "two"].map(|name| folder.join(name));
        let texts = [&one, &two].map(|path| {
            assert_eq!(ensure(path).expect("written"), Found::New);
            std::fs::read_to_string(path).expect("read")
        });
        let tokens = [&texts[0], &texts[1]].map(|text| token_in(text).expect("a token"));
        for token in tokens {
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
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn a_file_that_is_there_is_left_as_it_is() {
        let folder = folder("env-kept");
        for text in ["", "SPIN_VARIABLE_LOG_LEVEL=debug\n"] {
            let path = folder.join(".env");
            std::fs::write(&path, text).expect("written");
            assert_eq!(ensure(&path).expect("looked at"), Found::Kept);
            assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
        }
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn values_that_lose_a_part_when_the_file_is_read_are_known() {
        for (line, shortened) in [
            ("A=pa$word-9x", true),
            ("A=\"pa$word-9x\"", true),
            ("export A = pa${word}9x", true),
            ("A='pa$word-9x'", false),
            ("A=pa\\$word-9x", false),
            ("A=pa-9x$", false),
            ("A=pa$-9x", false),
            ("# A=pa$word", false),
            ("A", false),
        ] {
            let expected: &[&str] = if shortened { &["A"] } else { &[] };
            assert_eq!(shortened_in(line), expected, "{line}");
        }
    }

    #[test]
    fn the_token_is_found_however_it_is_written() {
        for (line, token) in [
            ("SPIN_VARIABLE_CALLBACK_TOKEN=abc", Some("abc")),
            ("SPIN_VARIABLE_CALLBACK_TOKEN=\"new old\"", Some("new")),
            ("SPIN_VARIABLE_CALLBACK_TOKEN='new old' # both", Some("new")),
            ("export SPIN_VARIABLE_CALLBACK_TOKEN = abc\r", Some("abc")),
            ("# SPIN_VARIABLE_CALLBACK_TOKEN=abc", None),
            ("SPIN_VARIABLE_CALLBACK_TOKEN=", None),
            ("SPIN_VARIABLE_CALLBACK_TOKEN_HEADERS=X-Key", None),
            (
                "SPIN_VARIABLE_CALLBACK_TOKEN=a\nSPIN_VARIABLE_CALLBACK_TOKEN=b",
                None,
            ),
        ] {
            assert_eq!(token_in(line), token, "{line}");
        }
    }
}
