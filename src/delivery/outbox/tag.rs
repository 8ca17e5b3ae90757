//! The tag of an entry: its source and cause in three characters of its key, so that entries are counted
//! and chosen by both without reading a value.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::cause::Cause;

/// Source and cause of an entry. A key without one was written by an earlier version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// The source's name as a short hash, so that a further source needs no letter of its own.
    source: u8,
    /// A letter that only a later version knows stays what it is.
    cause: char,
}

impl Tag {
    /// The tag of an entry of this source.
    pub fn new(source: &str, cause: Cause) -> Self {
        Self {
            source: Sha256::digest(source)[0],
            cause: cause.letter(),
        }
    }

    /// Reads what [`Display`](fmt::Display) has written.
    pub fn parse(text: &str) -> Option<Self> {
        let (source, cause) = text.split_at_checked(2)?;
        let tag = Self {
            source: u8::from_str_radix(source, 16).ok()?,
            cause: cause.chars().next().filter(char::is_ascii_lowercase)?,
        };
        // One text for one tag: no other digits, signs or cases.
        (tag.to_string() == text).then_some(tag)
    }

    /// Why the entry is where it is.
    pub fn cause(self) -> Cause {
        Cause::of_letter(self.cause)
    }

    /// Whether it may be of this source: of no other that there is.
    pub fn is_of(self, source: &str) -> bool {
        self.source == Sha256::digest(source)[0]
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02x}{}", self.source, self.cause)
    }
}
