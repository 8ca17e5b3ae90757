//! The beginning of a body for the log, without what looks secret in it.
//!
//! The body may be anything (it was refused), so this reads no grammar. It looks at what stands
//! before each `:`, `=` or end of a tag, as in JSON, JSON inside a JSON string, headers, forms
//! and XML; if that names a secret, what follows is taken out. In doubt it takes out too much.

mod value;

use crate::config::Secret;
use value::value;

/// How much of a body is shown, in bytes.
const SHOWN: usize = 2048;

/// Parts of a key's name, in lower case and without separators, that make it look secret.
const SECRET: &[&str] = &[
    "pass",
    "pwd",
    "contrasena",
    "contraseña",
    "clave",
    "secret",
    "token",
    "key",
    "llave",
    "credential",
    "credencial",
    "auth",
    "autoriza",
    "bearer",
    "cookie",
    "session",
    "sesion",
    "signature",
    "firma",
    "connectionstring",
    "jwt",
    "cvv",
    "otp",
];

/// Names that look secret only when they are the whole key.
const SECRET_ALONE: &[&str] = &["pin", "pw", "sig", "userpw"];

/// Keys whose value names another value's key, as in `{"name":"password","value":"…"}`.
const NAMES: &[&str] = &["key", "name", "nombre", "campo", "field", "variable"];

/// Keys of the value so named.
const VALUES: &[&str] = &["value", "valor", "string", "text", "texto"];

/// What ends a key's surroundings: before it stands another key or value.
const BOUNDARIES: &str = "{,;&<\n";

const MASK: &str = "***";

/// The first 2 KiB of `body` as text, secrets masked: `known` ones wherever they stand. Bytes
/// that are no UTF-8 become `U+FFFD`; NULs are left out, or UTF-16 would hide every name.
pub fn excerpt(body: &[u8], known: &[Secret]) -> String {
    // Read further than is shown, so that a known secret is whole where the cut is.
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * SHOWN)]).replace('\0', "");
    let text = known
        .iter()
        .filter(|secret| !secret.expose().is_empty())
        .fold(text, |text, secret| text.replace(secret.expose(), MASK));
    let text: Vec<char> = text[..text.floor_char_boundary(SHOWN)].chars().collect();
    mask_inline(&mask_values(&text))
}

fn mask_values(text: &[char]) -> String {
    let mut masked = String::with_capacity(text.len());
    let (mut at, mut boundary) = (0, 0);
    let mut tag = None;
    let mut value_is_secret = false;
    while let Some(&character) = text.get(at) {
        at += 1;
        masked.push(character);
        if BOUNDARIES.contains(character) {
            boundary = at;
        } else if character == '}' {
            value_is_secret = false;
        }
        let key_starts = match character {
            ':' | '=' => Some(boundary),
            '<' => {
                tag = Some(at);
                None
            }
            '>' => tag.take().filter(|&tag| text[tag] != '/'),
            _ => None,
        };
        let Some(key_starts) = key_starts else {
            continue;
        };
        let key = &text[key_starts..at - 1];
        let name = letters(key);
        let value = value(text, at, character, key);
        if NAMES.contains(&name.as_str()) {
            value_is_secret = looks_secret(&letters(&text[value.starts..value.ends]));
        } else if looks_secret(&name) || (value_is_secret && VALUES.contains(&name.as_str())) {
            masked.extend(&text[at..value.starts]);
            masked.push_str(MASK);
            at = value.ends;
            boundary = at;
        }
    }
    masked
}

fn looks_secret(name: &str) -> bool {
    SECRET.iter().any(|part| name.contains(part)) || SECRET_ALONE.contains(&name)
}

/// The letters and digits of a key, in lower case, its escapes read.
fn letters(text: &[char]) -> String {
    let mut letters = String::new();
    let mut at = 0;
    while at < text.len() {
        let (character, end) = escape(text, at).unwrap_or((text[at], at + 1));
        if character.is_alphanumeric() {
            letters.extend(character.to_lowercase());
        }
        at = end;
    }
    letters
}

/// A `\uXXXX` or `\xXX`, with as many backslashes as the nesting has given it.
fn escape(text: &[char], at: usize) -> Option<(char, usize)> {
    let slashes = text[at..].iter().take_while(|&&c| c == '\\').count();
    let digits = match text.get(at + slashes).filter(|_| slashes > 0)? {
        'u' => 4,
        'x' => 2,
        _ => return None,
    };
    let start = at + slashes + 1;
    let hex: String = text.get(start..start + digits)?.iter().collect();
    let character = char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?;
    Some((character, start + digits))
}

/// Secrets that need no name: what follows `Bearer` or `Basic`, and a URL's user and password.
fn mask_inline(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let (kept, hidden) = inline_secret(rest).unwrap_or((character.len_utf8(), 0));
        masked.push_str(&rest[..kept]);
        if hidden > 0 {
            masked.push_str(MASK);
        }
        rest = &rest[kept + hidden..];
    }
    masked
}

/// How many bytes at the beginning of `text` are shown, and how many after them are secret.
fn inline_secret(text: &str) -> Option<(usize, usize)> {
    for scheme in ["bearer ", "basic "] {
        let is_scheme = text
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme));
        if is_scheme {
            let secret = &text[scheme.len()..];
            let length = secret.find(|c: char| c.is_whitespace() || "\"',;<\\".contains(c));
            return Some((scheme.len(), length.unwrap_or(secret.len())));
        }
    }
    let user = text.strip_prefix("://")?;
    let end = user.find(|c: char| c.is_whitespace() || "@/\"'\\".contains(c))?;
    user[end..].starts_with('@').then_some((3, end))
}

#[cfg(test)]
mod tests;
