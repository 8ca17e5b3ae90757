//! What is wrong with a setting.

/// What is wrong with a value, and what would be right, in Spanish. It never quotes the value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(pub String);

impl SettingError {
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// A setting that is wrong. It never holds the value: that may be a secret in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name.
    pub setting: &'static str,
    /// What is wrong and what would be right, in Spanish.
    pub what: String,
    /// Whether reading it again may help: its provider failed.
    pub is_transient: bool,
}

impl Problem {
    /// A member of the fetched set that is not used, as it is called there.
    pub fn of_keys(left_out: &impl std::fmt::Display) -> Self {
        Self {
            setting: super::settings::JWT_JWKS_ORIGIN,
            what: format!("se omite la {left_out}"),
            is_transient: false,
        }
    }
}
