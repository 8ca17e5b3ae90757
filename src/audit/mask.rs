//! The beginning of a body for the log, without the values of keys that look secret.
//!
//! The body may be anything (it was refused), so this reads no grammar: it looks for words that
//! name secrets with a `:`, `=` or `>` behind them, as in JSON, JSON inside a JSON string, forms
//! and XML, and takes out what follows. In doubt it takes out too much.

/// How much of a body is shown, in bytes.
const SHOWN: usize = 2048;

/// Parts of a key's name, in lower case and without separators, that make it look secret.
const SECRET: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "contrasena",
    "contraseña",
    "clave",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "accountkey",
    "privatekey",
    "subscriptionkey",
    "credential",
    "credencial",
    "authorization",
    "autorizacion",
    "bearer",
    "cookie",
    "session",
    "signature",
    "connectionstring",
    "jwt",
    "cvv",
];

const MASK: &str = "***";

/// The first 2 KiB of `body` as text, secrets masked. Bytes that are no UTF-8 become `U+FFFD`.
pub fn excerpt(body: &[u8]) -> String {
    let shown = &body[..body.len().min(SHOWN)];
    let text: Vec<char> = String::from_utf8_lossy(shown).chars().collect();
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let (name, end) = word(&text, at);
        let (begin, end) = (at, end.max(at + 1));
        masked.extend(&text[begin..end]);
        at = end;
        if looks_secret(&name)
            && let Some(start) = value_start(&text, begin, end)
        {
            let value = value(&text, start);
            masked.extend(&text[end..value.shown_until]);
            masked.push_str(MASK);
            at = value.hidden_until;
        }
    }
    masked
}

/// The word that begins at `at`, its Unicode escapes read, and where it ends.
fn word(text: &[char], mut at: usize) -> (String, usize) {
    let mut name = String::new();
    while at < text.len() {
        if let Some((character, end)) = escape(text, at) {
            name.push(character);
            at = end;
        } else if text[at].is_alphanumeric() || "_-. ".contains(text[at]) {
            name.push(text[at]);
            at += 1;
        } else {
            break;
        }
    }
    (name, at)
}

/// A `\uXXXX`, with as many backslashes as the nesting has given it.
fn escape(text: &[char], at: usize) -> Option<(char, usize)> {
    let slashes = text[at..].iter().take_while(|&&c| c == '\\').count();
    let digits = at + slashes + 1;
    if slashes == 0 || text.get(digits - 1) != Some(&'u') {
        return None;
    }
    let hex: String = text.get(digits..digits + 4)?.iter().collect();
    let character = char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?;
    Some((character, digits + 4))
}

fn looks_secret(name: &str) -> bool {
    let name: String = name
        .chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    SECRET.iter().any(|part| name.contains(part))
}

/// Where the value begins, if what stands from `begin` to `end` is a key or an opening tag.
fn value_start(text: &[char], begin: usize, end: usize) -> Option<usize> {
    let skipped = |at: usize, skipped: &str| {
        let skipped = text[at..].iter().take_while(|c| skipped.contains(**c));
        at + skipped.count()
    };
    let separator = skipped(end, "\\\"' \t\r\n");
    let is_key = match text.get(separator) {
        Some(':' | '=') => true,
        Some('>') => begin > 0 && text[begin - 1] == '<',
        _ => false,
    };
    is_key.then(|| skipped(separator + 1, " \t\r\n"))
}

struct Value {
    /// The opening quote is still shown.
    shown_until: usize,
    /// The closing quote is shown again.
    hidden_until: usize,
}

fn value(text: &[char], start: usize) -> Value {
    let quote = after_slashes(text, start);
    match text.get(quote) {
        Some('"' | '\'') => Value {
            shown_until: quote + 1,
            hidden_until: string_end(text, start, quote),
        },
        Some('{' | '[') => Value {
            shown_until: start,
            hidden_until: nested_end(text, quote),
        },
        _ => Value {
            shown_until: start,
            hidden_until: text[start..]
                .iter()
                .position(|c| ",}]&;<\r\n".contains(*c))
                .map_or(text.len(), |length| start + length),
        },
    }
}

fn after_slashes(text: &[char], at: usize) -> usize {
    at + text[at..].iter().take_while(|&&c| c == '\\').count()
}

/// Where the string that opens at `quote`, its backslashes at `start`, ends: before the
/// backslashes of the next such quote that has no more of them.
fn string_end(text: &[char], start: usize, quote: usize) -> usize {
    let level = quote - start;
    let mut at = quote + 1;
    while at < text.len() {
        let next = after_slashes(text, at);
        if text.get(next) == text.get(quote) && next - at <= level {
            return at;
        }
        at = next.max(at) + 1;
    }
    text.len()
}

/// Where the object or array that opens at `open` has ended.
fn nested_end(text: &[char], open: usize) -> usize {
    let mut depth = 0;
    let mut at = open;
    while at < text.len() {
        let next = after_slashes(text, at);
        match text.get(next) {
            Some('"') => at = after_slashes(text, string_end(text, at, next)),
            Some('{' | '[') => depth += 1,
            Some('}' | ']') => depth -= 1,
            _ => {}
        }
        at = at.max(next) + 1;
        if depth == 0 {
            break;
        }
    }
    at.min(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_of_keys_that_look_secret_are_masked() {
        for (body, shown) in [
            (
                r#"{"password":"hunter2","a":1}"#,
                r#"{"password":"***","a":1}"#,
            ),
            (r#"{"Api-Key" : "hunter2"}"#, r#"{"Api-Key" : "***"}"#),
            (r#"{"x_access_token":hunter2}"#, r#"{"x_access_token":***}"#),
            (r#"{"clave":12345,"b":2}"#, r#"{"clave":***,"b":2}"#),
            (
                r#"{"contrase\u00f1a":"hunter2"}"#,
                r#"{"contrase\u00f1a":"***"}"#,
            ),
            (r#"{"Contraseña":"hunter2"}"#, r#"{"Contraseña":"***"}"#),
            (
                r#"{"p\u0061ssword":"hunter2"}"#,
                r#"{"p\u0061ssword":"***"}"#,
            ),
            (
                r#"{"secret":"hun\"ter2","a":1}"#,
                r#"{"secret":"***","a":1}"#,
            ),
            (
                r#"{"token":{"string":"hun}ter2"},"a":1}"#,
                r#"{"token":***,"a":1}"#,
            ),
            (
                r#"{"tokens":["hunter2",["hunter2"]],"a":1}"#,
                r#"{"tokens":***,"a":1}"#,
            ),
            (r#"{"password":"hunter2"#, r#"{"password":"***"#),
            (r#"{"password":{"a":"hunter2"#, r#"{"password":***"#),
            (
                r#"{"o":"{\"password\":\"hunter2\",\"a\":1}"}"#,
                r#"{"o":"{\"password\":\"***\",\"a\":1}"}"#,
            ),
            ("{'password': 'hunter2'}", "{'password': '***'}"),
            ("user=a&password=hunter2&x=1", "user=a&password=***&x=1"),
            ("Authorization: Bearer hunter2", "Authorization: ***"),
            ("<Password>hunter2</Password>", "<Password>***</Password>"),
            (r#"{"status":"password"}"#, r#"{"status":"password"}"#),
            (
                r#"{"deploymentId":7,"status":"S"}"#,
                r#"{"deploymentId":7,"status":"S"}"#,
            ),
        ] {
            assert_eq!(excerpt(body.as_bytes()), shown, "{body}");
        }
    }

    #[test]
    fn only_the_beginning_is_shown() {
        let body = "x".repeat(5000);
        assert_eq!(excerpt(body.as_bytes()), body[..2048]);
        // The secret goes past the cut, and its end with it.
        let body = format!(r#"{{"password":"{}"}}"#, "hunter2".repeat(1000));
        assert_eq!(excerpt(body.as_bytes()), r#"{"password":"***"#);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body: Vec<u8>) {
            excerpt(&body);
        }

        #[test]
        fn no_text_with_a_secret_key_makes_it_panic(
            body in r#"(password|\\u0061|\\|"|'|:|=|>|\{|\[|\}|\]|,| |x){0,24}"#
        ) {
            excerpt(body.as_bytes());
        }

        #[test]
        fn a_json_secret_never_shows(
            value in "[a-zA-Z0-9{}\\[\\]\":,\\\\ ]{0,20}", key in "(db_)?(password|Token|secretKey)",
        ) {
            let body = serde_json::json!({ key: format!("hunter2{value}hunter2"), "z": 1 });
            prop_assert!(!excerpt(body.to_string().as_bytes()).contains("hunter2"));
        }
    }
}
