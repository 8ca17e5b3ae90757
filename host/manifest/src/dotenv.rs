//! Reads `.env` files with dotenvy, which Spin reads them with too: what a value becomes here is
//! what the component gets there. Errors name the line and never quote it.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, anyhow};

/// Stands for a `$` that dotenvy is not to see: of the private use area, so no value has it.
const DOLLAR: &str = "\u{e000}";

/// The variables of the file; none where there is no file.
///
/// # Errors
/// Where it cannot be read, or a line is malformed.
pub fn read(path: &Path) -> Result<HashMap<String, String>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => {
            return Err(error)
                .with_context(|| format!("{}: is there but cannot be read", path.display()));
        }
    };
    dotenvy::from_read_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| malformed(path, &text, &error))
}

/// The variables in the text of such a file whose values lose a `$` and the word behind it: dotenvy
/// replaces that outside single quotes. A secret is then shorter than it looks.
pub fn expanded_in(text: &str) -> Vec<String> {
    let read = |text: &str| -> Vec<(String, String)> {
        // Whoever needs the values reports a malformed line.
        dotenvy::from_read_iter(text.as_bytes()).flatten().collect()
    };
    let values = read(text).into_iter();
    let written = read(&without_expansion(text)).into_iter();
    values
        .zip(written)
        .filter(|((_, value), (_, written))| *value != written.replace(DOLLAR, "$"))
        .map(|((name, _), _)| name)
        .collect()
}

/// The text with another character in place of each `$` that no backslash stands before.
fn without_expansion(text: &str) -> String {
    let mut replaced = String::new();
    let mut is_escaped = false;
    for character in text.chars() {
        match character {
            '$' if !is_escaped => replaced.push_str(DOLLAR),
            _ => replaced.push(character),
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    replaced
}

/// The parser's own message quotes the line, and with it the value.
fn malformed(path: &Path, text: &str, error: &dotenvy::Error) -> anyhow::Error {
    let path = path.display();
    let wanted = "must be NAME=value, in quotes where the value has spaces, #, $ or quotes in it";
    let line = match error {
        // It is the line from where the parser stumbled, and more lines where quotes do not close.
        dotenvy::Error::LineParse(lines, _) => {
            let first = lines.trim().lines().next().unwrap_or_default().trim();
            text.lines()
                .position(|line| line.trim().ends_with(first))
                .map(|index| index + 1)
        }
        _ => None,
    };
    match line {
        Some(number) => anyhow!("{path}: line {number} {wanted}"),
        None => anyhow!("{path}: every line {wanted}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_file_is_an_error_that_shows_no_value() {
        for text in [
            "A=1\nTOKEN hush\n",
            "A=1\nTOKEN=hush hush\n",
            "A=1\nTOKEN='hush\n",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(".env");
            fs::write(&path, text).unwrap();
            let shown = format!("{:?}", read(&path).unwrap_err());
            assert!(!shown.contains("hush"), "{shown}");
            assert!(shown.contains(".env: line 2 must be NAME=value"), "{shown}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error() {
        assert!(read(tempfile::tempdir().unwrap().path()).is_err());
    }

    #[test]
    fn values_that_lose_a_part_when_the_file_is_read_are_known() {
        for (line, is_expanded) in [
            ("A=pa$word-9x", true),
            ("A=\"pa$word-9x\"", true),
            ("export A = pa${word}9x", true),
            // dotenvy takes a `$` alone away, too.
            ("A=pa-9x$", true),
            ("A=pa$-9x", true),
            ("A=pa\\\\$word", true),
            ("A=\"-----BEGIN\npa$word\n-----END\"", true),
            ("A='pa$word-9x'", false),
            ("A='pa\\$word-9x'", false),
            ("A=pa\\$word-9x", false),
            ("A=pa-9x", false),
            ("# A=pa$word", false),
            ("A", false),
        ] {
            let expected: &[&str] = if is_expanded { &["A"] } else { &[] };
            assert_eq!(expanded_in(line), expected, "{line}");
        }
    }
}
