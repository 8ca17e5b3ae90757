//! Forms: `name=value&name=value`, as bodies, and as texts in them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::known::MASK;
use super::scope::{Budget, EXCERPT, Scope};
use super::{names, text};

/// What stands in forms beside letters and digits, also where a sender did not encode all of it.
const SIGNS: &str = "-._~!$'()*+,;:@/?%[]=&#|^";

/// What stands in the names.
const SIGNS_OF_NAMES: &str = "-._~$*+%[]";

/// Whether the text is a form, and nothing else.
pub fn is_form(text: &str) -> bool {
    let text = text.trim_ascii();
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || SIGNS_OF_NAMES.contains(c))
    };
    let is_pair = |pair: &str| pair.split_once('=').is_some_and(|(name, _)| is_name(name));
    text.chars()
        .all(|c| c.is_alphanumeric() || SIGNS.contains(c))
        && text.split('&').all(is_pair)
}

/// The form with its secrets masked. It breaks off once there is enough to show.
pub fn show(form: &str, scope: Scope<'_>, budget: &mut Budget) -> String {
    let (Some(inner), true) = (scope.deeper(), budget.allows(form)) else {
        return MASK.to_owned();
    };
    let is_about_secrets = names_secret(form);
    let mut out = String::new();
    for (index, pair) in form.trim_ascii().split('&').enumerate() {
        if out.len() >= EXCERPT {
            break;
        }
        if index > 0 {
            out.push('&');
        }
        let (raw_name, raw) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(raw_name);
        match &name {
            Some(name) if text::is_plain_name(name, inner) => out.push_str(raw_name),
            _ => out.push_str(MASK),
        }
        out.push('=');
        let is_secret = name.is_none_or(|name| names::is_secret_parameter(&name));
        match decoded(raw).filter(|_| raw.is_empty() || !(is_secret || is_about_secrets)) {
            Some(value) => match text::show(&value, inner, budget) {
                visible if visible == value => out.push_str(raw),
                visible => out.push_str(&visible),
            },
            None => out.push_str(MASK),
        }
    }
    out
}

/// Whether a value names a secret, which any other one may hold: `campo=clave&valor=…`.
fn names_secret(form: &str) -> bool {
    form.split('&').any(|pair| {
        let value = pair.split_once('=').and_then(|(_, value)| decoded(value));
        value.is_some_and(|value| names::names_secret(&value))
    })
}

fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().ok();
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(Cow::Owned(decoded.into_owned()))
}
