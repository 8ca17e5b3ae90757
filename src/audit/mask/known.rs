//! The secrets of the settings, wherever they stand and however they are written.

use std::borrow::Cow;

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
use serde_json::Value as Json;

use super::escapes::plain;
use crate::config::Secret;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// Shorter words are no secrets, and would be found everywhere.
const SHORTEST: usize = 4;

/// Shorter ones are not looked for in other encodings.
const SHORTEST_ENCODED: usize = 6;

/// What stands before a credential and is none.
const SCHEMES: &[&str] = &["bearer", "basic", "token", "apikey", "digest"];

/// Prefixes that do not belong to the key itself.
const PREFIXES: &[&str] = &["whsec_", "whsk_", "whpk_"];

/// Texts to look for, by their first byte.
#[derive(Debug)]
pub struct Known(Vec<Vec<Secret>>);

impl Known {
    /// The words of these settings' values, and what they are in base64 and hex.
    pub fn new(secrets: &[Secret]) -> Self {
        let mut known = Self((0..256).map(|_| Vec::new()).collect());
        for secret in secrets {
            known.add_setting(secret.expose().trim());
        }
        known
    }

    fn add_setting(&mut self, value: &str) {
        match serde_json::from_str(value) {
            Ok(Json::Object(headers)) => {
                for value in headers.values().filter_map(Json::as_str) {
                    self.add_words(value.trim());
                }
            }
            _ => self.add_words(value),
        }
    }

    fn add_words(&mut self, value: &str) {
        self.add(value);
        for word in value.split(|c: char| c.is_whitespace() || c == ',') {
            let bare = word.trim_matches(['"', '\'', '`']);
            self.add(word);
            self.add(bare);
            for prefix in PREFIXES {
                let start = bare.get(..prefix.len());
                if start.is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
                    self.add(&bare[prefix.len()..]);
                }
            }
            // An object of headers that is wrong, and so none.
            word.split('"').skip(1).for_each(|part| self.add(part));
        }
    }

    fn add(&mut self, word: &str) {
        let is_scheme = SCHEMES
            .iter()
            .any(|scheme| word.eq_ignore_ascii_case(scheme));
        if word.len() < SHORTEST || is_scheme {
            return;
        }
        self.insert(word.to_owned());
        if word.len() < SHORTEST_ENCODED {
            return;
        }
        self.insert(base16ct::lower::encode_string(word.as_bytes()));
        self.insert(base16ct::upper::encode_string(word.as_bytes()));
        for before in 0..3 {
            self.insert(in_base64::<Base64Unpadded>(word, before));
            self.insert(in_base64::<Base64UrlUnpadded>(word, before));
        }
    }

    fn insert(&mut self, text: String) {
        let Some(&first) = text.as_bytes().first() else {
            return;
        };
        let with_it = &mut self.0[usize::from(first)];
        if with_it.iter().all(|known| known.expose() != text) {
            with_it.push(Secret::new(text));
        }
    }

    /// How long the longest secret is that begins `text`; 0: none does.
    fn at_start(&self, text: &[u8]) -> usize {
        let first = text.first().map_or(0, |&first| usize::from(first));
        let with_it = self.0[first].iter().map(|known| known.expose().as_bytes());
        let found = with_it.filter(|known| text.starts_with(known));
        found.map(<[u8]>::len).max().unwrap_or(0)
    }

    /// Where the first secrets in `text` are, those that overlap as one.
    fn first_in(&self, text: &str) -> Option<(usize, usize)> {
        let mut found: Option<(usize, usize)> = None;
        for at in 0..text.len() {
            match found {
                Some((_, end)) if at >= end => break,
                _ => {}
            }
            let length = self.at_start(&text.as_bytes()[at..]);
            if length > 0 {
                let (start, end) = found.unwrap_or((at, 0));
                found = Some((start, end.max(at + length)));
            }
        }
        found
    }

    /// The text without those that stand in it as they are.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut masked = String::new();
        let mut rest = text;
        while let Some((start, end)) = self.first_in(rest) {
            masked.push_str(&rest[..start]);
            masked.push_str(MASK);
            rest = &rest[end..];
        }
        if rest.len() == text.len() {
            return Cow::Borrowed(text);
        }
        masked.push_str(rest);
        Cow::Owned(masked)
    }

    /// Whether one is in the text, also behind escapes.
    pub fn is_in(&self, text: &str) -> bool {
        let plain = plain(text);
        self.first_in(text).is_some() || (plain != text && self.first_in(&plain).is_some())
    }
}

/// What of the word's base64 does not depend on its neighbours, with so many bytes before it.
fn in_base64<E: Encoding>(word: &str, before: usize) -> String {
    let bytes = [&[0; 2][..before], word.as_bytes()].concat();
    let encoded = E::encode_string(&bytes);
    let (start, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    encoded[start..end].to_owned()
}
