//! Where the value behind a key is, in text of unknown grammar.

/// A value's place: from `starts` to `ends`, without its quotes.
pub struct Value {
    /// The first character that belongs to it.
    pub starts: usize,
    /// The first that does not.
    pub ends: usize,
}

/// The value that begins behind the separator before `at`; `key` is what stands before that.
pub fn value(text: &[char], at: usize, separator: char, key: &[char]) -> Value {
    if separator == '>' {
        return Value {
            starts: at,
            ends: find(text, at, |rest| rest.starts_with(&['<', '/'])),
        };
    }
    let first = skip(text, at, |c| c == ' ' || c == '\t' || c == '\u{a0}');
    let quote = after_slashes(text, first);
    match text.get(quote) {
        Some('"' | '\'') => {
            let closing = string_end(text, first, quote);
            let ends = continuation_end(text, after_slashes(text, closing) + 1);
            Value {
                starts: quote + 1,
                ends: ends.unwrap_or(closing),
            }
        }
        Some('{' | '[') => Value {
            starts: first,
            ends: nested_end(text, quote),
        },
        _ => Value {
            starts: first,
            ends: bare_end(text, first, separator, key),
        },
    }
}

/// A word, a number, or whatever stands up to the end of the line, or of the text where the
/// value is on the lines that follow.
fn bare_end(text: &[char], first: usize, separator: char, key: &[char]) -> usize {
    let word = skip(text, first, |c| c.is_alphanumeric() || "+-._".contains(c));
    let behind = skip(text, word, char::is_whitespace);
    let is_number = text[first..word]
        .iter()
        .all(|c| c.is_ascii_digit() || "+-.eE".contains(*c));
    let key_is_quoted = key.iter().rev().find(|c| !c.is_whitespace()) == Some(&'"');
    if word > first
        && (is_number || key_is_quoted)
        && text.get(behind).is_none_or(|c| ",}]".contains(*c))
    {
        return word;
    }
    let line = skip(text, first, |c| c != '\n' && (separator != '=' || c != '&'));
    let on_this_line = text[first..line].iter().collect::<String>();
    match on_this_line.trim() {
        "" | "|" | ">" | "|-" | ">-" => text.len(),
        _ => line,
    }
}

/// Where a string that closes before `at` goes on with another: `"a" + "b"`.
fn continuation_end(text: &[char], at: usize) -> Option<usize> {
    let next = skip(text, at, |c| c == ' ');
    let goes_on = text
        .get(next)
        .is_some_and(|c| c.is_alphanumeric() || "+.".contains(*c));
    goes_on.then(|| skip(text, next, |c| !",}]\n".contains(c)))
}

/// Where the string that opens at `quote`, its backslashes from `start`, closes: before the
/// backslashes of the next such quote that has no more of them.
fn string_end(text: &[char], start: usize, quote: usize) -> usize {
    let level = quote - start;
    let mut at = quote + 1;
    while at < text.len() {
        let next = after_slashes(text, at);
        if text.get(next) == text.get(quote) && next - at <= level {
            return at;
        }
        at = next + 1;
    }
    text.len()
}

/// Where the object or array that opens at `open` has closed.
fn nested_end(text: &[char], open: usize) -> usize {
    let mut depth = 0;
    let mut at = open;
    while at < text.len() {
        let next = after_slashes(text, at);
        match text.get(next) {
            Some('"') => {
                at = after_slashes(text, string_end(text, at, next)) + 1;
                continue;
            }
            Some('{' | '[') => depth += 1,
            Some('}' | ']') => depth -= 1,
            _ => {}
        }
        at = next + 1;
        if depth == 0 {
            break;
        }
    }
    at.min(text.len())
}

fn after_slashes(text: &[char], at: usize) -> usize {
    skip(text, at, |c| c == '\\')
}

fn skip(text: &[char], at: usize, skipped: impl Fn(char) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at.min(text.len()) + rest.iter().take_while(|c| skipped(**c)).count()
}

fn find(text: &[char], at: usize, found: impl Fn(&[char]) -> bool) -> usize {
    (at..text.len())
        .find(|&at| found(&text[at..]))
        .unwrap_or(text.len())
}
