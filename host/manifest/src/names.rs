//! What a name may look like: variables, components and key-value labels.
//!
//! The rules are Spin's. Reasons never repeat the name; whoever reports them says where it stands.

/// A variable's name, as providers can turn it into an environment variable or a path:
/// lower-case letters, digits and single underscores, a letter first, no underscore last.
pub(crate) fn variable(name: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() {
        Err("must not be empty")
    } else if !name.chars().all(allowed) {
        Err("may contain only lower-case letters, digits and underscores")
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Err("must start with a lower-case letter")
    } else if name.ends_with('_') {
        Err("must end with a lower-case letter or a digit")
    } else if name.contains("__") {
        Err("must not have two underscores in a row")
    } else {
        Ok(())
    }
}

/// A variable's name where spin.toml declares it: as [`variable`], and every word between
/// underscores starts with a letter.
pub(crate) fn declared_variable(name: &str) -> Result<(), &'static str> {
    variable(name)?;
    words(name, '_')
}

/// A component's id: `kebab-case`.
pub(crate) fn component(id: &str) -> Result<(), &'static str> {
    words(id, '-')
}

/// A key-value store's label: `kebab-case` or `snake_case`.
pub(crate) fn label(label: &str) -> Result<(), &'static str> {
    words(label, '-').or_else(|_| words(label, '_'))
}

fn words(name: &str, separator: char) -> Result<(), &'static str> {
    for word in name.split(separator) {
        let Some(first) = word.chars().next() else {
            return Err("must not be empty, nor have empty words");
        };
        if !first.is_ascii_alphabetic() {
            return Err("every word must start with a letter");
        }
        if !word.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err("may contain only letters, digits and the separator of its words");
        }
        let mixed = |c: char| {
            c.is_ascii_alphabetic() && c.is_ascii_uppercase() != first.is_ascii_uppercase()
        };
        if word.chars().any(mixed) {
            return Err("every word must be all lower case or all UPPER CASE");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_spins_rules() {
        type Rule = fn(&str) -> Result<(), &'static str>;
        let cases: [(Rule, &str, bool); 25] = [
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
            (label, "default", true),
            (label, "my_store", true),
            (label, "my-store", true),
            (label, "my-big_store", false),
        ];
        for (rule, name, good) in cases {
            assert_eq!(rule(name).is_ok(), good, "{name:?}");
        }
    }
}
