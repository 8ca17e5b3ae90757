//! The shells that printed lines are for, and how each of them quotes.

use std::path::PathBuf;

/// What a line is typed into.
#[derive(Debug, Clone, PartialEq)]
pub enum Shell {
    Posix,
    /// cmd.exe or PowerShell: of all quotes both know double ones only, and PowerShell takes those
    /// inside an argument away. So the body is in this file.
    Windows {
        body_file: PathBuf,
    },
}

impl Shell {
    /// PowerShell calls another program `curl`.
    pub fn curl(&self) -> &'static str {
        match self {
            Self::Posix => "curl",
            Self::Windows { .. } => "curl.exe",
        }
    }

    /// With quotes only where the shell needs them.
    pub fn quoted(&self, text: &str) -> String {
        let plain = match self {
            Self::Posix => "-_./:@%+=,",
            // An `@` at the beginning is PowerShell's.
            Self::Windows { .. } => "-_./:",
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || plain.contains(c);
        match self {
            _ if !text.is_empty() && text.chars().all(is_plain) => text.to_owned(),
            Self::Posix => format!("'{}'", text.replace('\'', r"'\''")),
            Self::Windows { .. } => format!("\"{text}\""),
        }
    }
}

/// What stands between double quotes of a POSIX shell, so that nothing in it is replaced.
pub fn in_double_quotes(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if "\\\"$`".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
