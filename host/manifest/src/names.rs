//! Spin's rules for the names of variables and components. Errors never repeat the name.

use anyhow::{Result, bail, ensure};

/// A variable's name, as providers can turn it into an environment variable or a path:
/// lower-case letters, digits and single underscores, a letter first, no underscore last.
pub(crate) fn variable(name: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    ensure!(!name.is_empty(), "must not be empty");
    ensure!(
        name.chars().all(allowed),
        "may contain only lower-case letters, digits and underscores"
    );
    ensure!(
        name.starts_with(|c: char| c.is_ascii_lowercase()),
        "must start with a lower-case letter"
    );
    ensure!(
        !name.ends_with('_'),
        "must end with a lower-case letter or a digit"
    );
    ensure!(
        !name.contains("__"),
        "must not have two underscores in a row"
    );
    Ok(())
}

/// A variable's name where spin.toml declares it: as [`variable`], and every word between
/// underscores starts with a letter.
pub(crate) fn declared_variable(name: &str) -> Result<()> {
    variable(name)?;
    words(name, '_')
}

/// A component's id: `kebab-case`.
pub(crate) fn component(id: &str) -> Result<()> {
    words(id, '-')
}

fn words(name: &str, separator: char) -> Result<()> {
    for word in name.split(separator) {
        let Some(first) = word.chars().next() else {
            bail!("must not be empty, nor have empty words");
        };
        ensure!(
            first.is_ascii_alphabetic(),
            "every word must start with a letter"
        );
        ensure!(
            word.chars().all(|c| c.is_ascii_alphanumeric()),
            "may contain only letters, digits and the separator of its words"
        );
        let mixed = |c: char| {
            c.is_ascii_alphabetic() && c.is_ascii_uppercase() != first.is_ascii_uppercase()
        };
        ensure!(
            !word.chars().any(mixed),
            "every word must be all lower case or all UPPER CASE"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_spins_rules() {
        type Rule = fn(&str) -> Result<()>;
        let cases: [(Rule, &str, bool); 21] = [
            (variable, "a", true),
            (variable, "jwt_leeway_seconds", true),
            (variable, "a1", true),
            (variable, "a_1", true),
            (variable, "", false),
            (variable, "A", false),
            (variable, "1a", false),
            (variable, "_a", false),
            (variable, "a_", false),
            (variable, "a__b", false),
            (variable, "a-b", false),
            (variable, "ñ", false),
            (declared_variable, "a_b1", true),
            (declared_variable, "a_1", false),
            (component, "sam-callback", true),
            (component, "SAM-callback", true),
            (component, "Sam", false),
            (component, "sam_callback", false),
            (component, "", false),
            (component, "a--b", false),
            (component, "a-1", false),
        ];
        for (rule, name, good) in cases {
            assert_eq!(rule(name).is_ok(), good, "{name:?}");
        }
    }
}
