//! Texts: JSON, forms, URLs, and what people and robots write.

use std::borrow::Cow;

use super::known::MASK;
use super::scope::{Budget, Scope, is_json};
use super::{form, json, names, shape};

/// How much of a text is looked at where it has no structure; no more of it would be visible.
const LOOKED_AT: usize = 16 << 10;

/// A name longer than this is none.
const LONGEST_NAME: usize = 128;

/// The text without its secrets. It may break off where there is enough to show.
pub fn show<'a>(text: &'a str, scope: Scope<'_>, budget: &mut Budget) -> Cow<'a, str> {
    let trimmed = text.trim_ascii();
    let masked = Cow::Borrowed(MASK);
    let Some(inner) = scope.deeper() else {
        return masked;
    };
    if trimmed.starts_with(['{', '[', '"']) && is_json(trimmed) {
        return Cow::Owned(json::show(trimmed, inner, budget));
    }
    if trimmed.contains('=') && form::is_form(trimmed) {
        return Cow::Owned(form::show(trimmed, inner, budget));
    }
    let looked_at = &text[..text.floor_char_boundary(LOOKED_AT)];
    let is_broken_json = trimmed.starts_with(['{', '"']);
    if is_broken_json || shape::is_pem(text) {
        return masked;
    }
    if names::speaks_of_secrets(looked_at) {
        // Alone, the name of a secret is none.
        return match names::is_identifier(text) && !scope.known.is_in(text) {
            true => Cow::Borrowed(text),
            false => masked,
        };
    }
    let visible = match scope.known.mask(looked_at) {
        Cow::Borrowed(text) => mask_words(text),
        Cow::Owned(text) => Cow::Owned(mask_words(&text).into_owned()),
    };
    match scope.known.is_in(&visible) {
        true => masked,
        false => visible,
    }
}

/// Whether a name can be shown: it is no text with more in it.
pub fn is_plain_name(name: &str, scope: Scope<'_>) -> bool {
    name.len() <= LONGEST_NAME
        && !name.contains(['=', ':', '?', '{', '"', '<', '&', ';', '\n'])
        && !scope.known.is_in(name)
        && matches!(mask_words(name), Cow::Borrowed(_))
}

/// The text without words that are secrets by their shape, and without the parts of URLs that may be.
fn mask_words(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut is_masked = false;
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let visible = match bare.contains("://") || bare.contains(['?', '@']) {
            true => Cow::Owned(url(bare)),
            false => shape::mask(bare, &[]),
        };
        is_masked |= visible != bare;
        masked.push_str(&visible);
        masked.push_str(&word[bare.len()..]);
    }
    match is_masked {
        true => Cow::Owned(masked),
        false => Cow::Borrowed(text),
    }
}

/// A word that has a URL in it, or a path with a query: without user and password, and with the names
/// of its parameters alone.
fn url(word: &str) -> String {
    let (place, query) = word.split_at(names::before_query(word).len());
    let mut visible = String::new();
    // A password may have any character in it, so the last `@` counts.
    match (word.find("://"), word.rfind('@')) {
        (Some(start), Some(at)) if start < at && start + 3 <= place.len() => {
            visible.push_str(&shape::mask(&word[..start + 3], &['/']));
            visible.push_str(MASK);
            let behind = place.get(at..).unwrap_or_default();
            visible.push_str(&shape::mask(behind, &['/']));
        }
        (_, Some(at)) if word[..at].contains(':') => {
            visible.push_str(MASK);
            visible.push_str(&shape::mask(place.get(at..).unwrap_or_default(), &['/']));
        }
        _ => visible.push_str(&shape::mask(place, &['/'])),
    }
    for parameter in query.split_inclusive(['?', '#', '&', ';']) {
        let bare = parameter.trim_end_matches(['?', '#', '&', ';']);
        match bare.split_once('=') {
            Some((name, _)) if names::is_identifier(name) => {
                visible.push_str(name);
                visible.push('=');
                visible.push_str(MASK);
            }
            _ if bare.is_empty() => {}
            _ => visible.push_str(MASK),
        }
        visible.push_str(&parameter[bare.len()..]);
    }
    visible
}
