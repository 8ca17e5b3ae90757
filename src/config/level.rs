//! Levels of log lines.

/// `log_level`, from most to least talkative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Also what is only of use while looking for an error.
    Debug,
    /// Every request.
    Info,
    /// Requests that were refused.
    Warn,
    /// Only what needs repair.
    Error,
}

impl Level {
    /// As it stands in the settings and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

pub const LEVELS: &[(&str, Level)] = &[
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("error", Level::Error),
];
