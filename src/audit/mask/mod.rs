//! What callers sent, as far as the log may have it.
//!
//! A body is understood first and cut afterwards: JSON and forms are masked by their structure,
//! texts inside them by what they are. Of anything else only its length and kind are logged.

mod escapes;
mod form;
mod json;
mod known;
mod names;
mod scan;
mod scope;
mod shape;
mod text;

use std::borrow::Cow;

use crate::config::Secret;
use known::{Known, MASK};
use scope::{Budget, EXCERPT, Scope, is_json};

/// How much of a field that a caller sets is visible, in characters.
const FIELD: usize = 200;

/// How deep objects, arrays, JSON in texts and forms are shown inside each other.
const DEPTH: usize = 16;

/// How often the bytes of a body may be looked at, so that its nesting does not multiply the work.
const LOOKS: usize = 4;

/// So much may be looked at of any body.
const LOOKS_AT_LEAST: usize = 1 << 20;

/// Masks what callers sent.
#[derive(Debug)]
pub struct Masking {
    known: Known,
}

impl Masking {
    /// `secrets` are the values of all settings that hold some; each word of one is a secret.
    pub fn new(secrets: &[Secret]) -> Self {
        let known = Known::new(secrets);
        Self { known }
    }

    /// The first 2 KiB of `body`, without whitespace and with secrets masked; or how long it is and
    /// what it seems to be, where it is neither JSON nor a form.
    ///
    /// Looks at each byte of the body a bounded number of times.
    pub fn excerpt(&self, body: &[u8]) -> String {
        let visible = match understood(body) {
            Ok(text) => self.show(text),
            Err(kind) => return withheld(body, kind),
        };
        let cut = &visible[..visible.floor_char_boundary(EXCERPT)];
        // Whatever the structure said.
        match self.known.is_in(cut) {
            true => withheld(body, "lleva un secreto"),
            false => cut.to_owned(),
        }
    }

    /// A field of the log that callers set: bounded, and masked where it is a secret of the
    /// settings or a token by its shape. Ids may be as random as keys are, and stay.
    pub fn field<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let masked = self.known.mask(text);
        if shape::has_token(&masked) || self.known.is_in(&masked) {
            return Cow::Borrowed(MASK);
        }
        match masked.char_indices().nth(FIELD) {
            Some((end, _)) => Cow::Owned(format!("{}…", &masked[..end])),
            None => masked,
        }
    }

    fn show(&self, text: &str) -> String {
        let mut budget = Budget((text.len() * LOOKS).max(LOOKS_AT_LEAST));
        let scope = Scope {
            known: &self.known,
            depth: DEPTH,
        };
        match is_json(text) {
            true => json::show(text.trim_ascii(), scope, &mut budget),
            false => form::show(text, scope, &mut budget),
        }
    }
}

/// The body as text, or what it seems to be where that is nothing to mask by its structure.
fn understood(body: &[u8]) -> Result<&str, &'static str> {
    let text = str::from_utf8(body).map_err(|_| "no es UTF-8")?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.trim_start().bytes().next();
    match start {
        _ if is_json(text) || form::is_form(text) => Ok(text),
        None => Err("vacío"),
        _ if text.contains('\0') => Err("binario o UTF-16"),
        Some(b'<') => Err("XML o HTML"),
        Some(b'{' | b'[' | b'"') => Err("JSON mal formado"),
        Some(_) => Err("texto"),
    }
}

fn withheld(body: &[u8], kind: &str) -> String {
    format!("[no se muestra: {} bytes, {kind}]", body.len())
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
