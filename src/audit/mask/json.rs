//! JSON, masked by its structure.

use std::borrow::Cow;

use super::known::MASK;
use super::scan::{blank_end, elements, members, string_end};
use super::scope::{Budget, EXCERPT, Scope};
use super::{names, text};

/// Of objects with no more members than this, any text that names a secret speaks of the others.
const FEW: usize = 3;

/// A text longer than this, as it is written, names nothing.
const LONGEST_NAME: usize = 400;

/// The value without whitespace and secrets. It breaks off once there is enough to show.
pub fn show(json: &str, scope: Scope<'_>, budget: &mut Budget) -> String {
    let mut out = String::new();
    value(json, scope, budget, &mut out);
    out
}

fn value(raw: &str, scope: Scope<'_>, budget: &mut Budget, out: &mut String) {
    match (raw.as_bytes()[0], scope.deeper()) {
        (b'{' | b'[' | b'"', Some(inner)) if budget.allows(raw) => match raw.as_bytes()[0] {
            b'{' => object(raw, inner, budget, out),
            b'[' => array(raw, inner, budget, out),
            _ => string(raw, inner, budget, out),
        },
        (b'{' | b'[' | b'"', _) => mask(out),
        _ if scope.known.is_in(raw) => mask(out),
        _ => out.push_str(raw),
    }
}

/// A value that is secret. Whether there is any may be seen.
fn secret(raw: &str, out: &mut String) {
    match raw {
        "null" | "true" | "false" | "\"\"" => out.push_str(raw),
        _ => mask(out),
    }
}

fn mask(out: &mut String) {
    out.push('"');
    out.push_str(MASK);
    out.push('"');
}

fn object(raw: &str, scope: Scope<'_>, budget: &mut Budget, out: &mut String) {
    let named = Named::by(raw);
    out.push('{');
    for (index, (key, member)) in members(raw).enumerate() {
        if out.len() >= EXCERPT {
            break;
        }
        if index > 0 {
            out.push(',');
        }
        let name = decoded(key);
        match &name {
            Some(name) if text::is_plain_name(name, scope) => out.push_str(key),
            _ => mask(out),
        }
        out.push(':');
        let is_secret = |name: &str| names::is_secret(name) || named.covers(index, name);
        match name.is_none_or(|name| is_secret(&name)) {
            true => secret(member, out),
            false => value(member, scope, budget, out),
        }
    }
    out.push('}');
}

fn array(raw: &str, scope: Scope<'_>, budget: &mut Budget, out: &mut String) {
    let mut named = Places::default();
    for (index, element) in elements(raw).enumerate() {
        named.add_if(label(element), index);
    }
    out.push('[');
    for (index, element) in elements(raw).enumerate() {
        if out.len() >= EXCERPT {
            break;
        }
        if index > 0 {
            out.push(',');
        }
        match named.other_than(index) {
            true => secret(element, out),
            false => value(element, scope, budget, out),
        }
    }
    out.push(']');
}

fn string(raw: &str, scope: Scope<'_>, budget: &mut Budget, out: &mut String) {
    let Some(decoded) = decoded(raw) else {
        return mask(out);
    };
    let visible = text::show(&decoded, scope, budget);
    match visible == decoded {
        // As it was written.
        true => out.push_str(raw),
        false => out.push_str(&serde_json::Value::from(&*visible).to_string()),
    }
}

/// Which members of an object hold a text that names a secret.
#[derive(Default)]
struct Named {
    /// How many members there are.
    members: usize,
    /// As the text of a member whose name says that it names something.
    naming: Places,
    /// As the text of any member.
    text: Places,
    /// Anywhere in a member.
    within: Places,
}

impl Named {
    fn by(object: &str) -> Self {
        let mut named = Self::default();
        for (index, (key, member)) in members(object).enumerate() {
            named.members += 1;
            let is_label = label(member);
            named.text.add_if(is_label, index);
            named.naming.add_if(
                is_label && decoded(key).is_some_and(|key| names::is_naming(&key)),
                index,
            );
            let names_within = || !member.starts_with('"') && names_within(member);
            named.within.add_if(is_label || names_within(), index);
        }
        named
    }

    /// Whether the member of this name holds a secret that another one names.
    fn covers(&self, index: usize, name: &str) -> bool {
        self.naming.other_than(index)
            || (self.members <= FEW && self.text.other_than(index))
            || (names::is_value(name) && self.within.other_than(index))
    }
}

/// Whether there is one, where the first is, and whether there are more.
#[derive(Default)]
struct Places {
    first: Option<usize>,
    more: bool,
}

impl Places {
    fn add_if(&mut self, is_there: bool, index: usize) {
        if is_there {
            self.more = self.first.is_some();
            self.first.get_or_insert(index);
        }
    }

    fn other_than(&self, index: usize) -> bool {
        self.more || self.first.is_some_and(|first| first != index)
    }
}

/// Whether a value names a secret: a text, a text with its type beside it, or a row of texts.
fn label(raw: &str) -> bool {
    match raw.as_bytes()[0] {
        b'"' => is_name(raw),
        b'[' => elements(raw).any(is_name),
        b'{' => {
            let is_only = members(raw).nth(1).is_none();
            let holds_text = |key| is_only || decoded(key).is_some_and(|key| names::is_value(&key));
            members(raw).any(|(key, member)| is_name(member) && holds_text(key))
        }
        _ => false,
    }
}

/// Whether any text within a value names a secret.
fn names_within(raw: &str) -> bool {
    let bytes = raw.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'"' {
            at += 1;
            continue;
        }
        let end = string_end(bytes, at);
        let is_key = bytes[blank_end(bytes, end)..].first() == Some(&b':');
        if !is_key && is_name(&raw[at..end]) {
            return true;
        }
        at = end;
    }
    false
}

fn is_name(raw: &str) -> bool {
    raw.starts_with('"')
        && raw.len() <= LONGEST_NAME
        && decoded(raw).is_some_and(|text| names::names_secret(&text))
}

/// What a JSON string says; `None` where half of a surrogate pair is missing.
fn decoded(raw: &str) -> Option<Cow<'_, str>> {
    match raw.contains('\\') {
        true => serde_json::from_str(raw).ok().map(Cow::Owned),
        false => Some(Cow::Borrowed(&raw[1..raw.len() - 1])),
    }
}
