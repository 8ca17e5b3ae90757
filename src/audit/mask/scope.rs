//! What is needed to mask a text somewhere in a body, and how much of a body is looked at.

use serde::de::IgnoredAny;

use super::known::Known;

/// How much of a body is visible, in bytes.
pub const EXCERPT: usize = 2048;

/// What is needed to mask a text somewhere in a body.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub known: &'a Known,
    /// How many levels more are visible.
    pub depth: usize,
}

impl Scope<'_> {
    /// One level further in; `None` where that is too deep.
    pub fn deeper(self) -> Option<Self> {
        let depth = self.depth.checked_sub(1)?;
        Some(Self { depth, ..self })
    }
}

/// How many bytes may still be looked at.
pub struct Budget(pub usize);

impl Budget {
    /// Whether there is enough left to look at `text`, which is then taken off.
    pub fn allows(&mut self, text: &str) -> bool {
        match self.0.checked_sub(text.len()) {
            Some(left) => {
                self.0 = left;
                true
            }
            None => false,
        }
    }
}

/// Takes no memory to speak of, and no stack, however deep the text is.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}
