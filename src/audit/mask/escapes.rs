//! What texts say in which characters are escaped.

use std::borrow::Cow;

/// How often escapes are read that stand behind escapes.
const ROUNDS: usize = 3;

/// The text with its escapes read: `\u0061`, `\x61`, `%61`, and those behind backslashes or `%25`.
pub fn plain(text: &str) -> Cow<'_, str> {
    let mut plain = Cow::Borrowed(text);
    for _ in 0..ROUNDS {
        if !plain.contains(['\\', '%']) {
            break;
        }
        plain = Cow::Owned(unescaped(&plain));
    }
    plain
}

fn unescaped(text: &str) -> String {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(['\\', '%']) {
        plain.extend_from_slice(&rest.as_bytes()[..start]);
        rest = &rest[start..];
        match escape(rest) {
            Some((bytes, length)) => {
                plain.extend(bytes);
                rest = &rest[length..];
            }
            None => {
                plain.push(rest.as_bytes()[0]);
                rest = &rest[1..];
            }
        }
    }
    plain.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&plain).into_owned()
}

/// What the escape at the start of `text` stands for, and how long it is.
fn escape(text: &str) -> Option<(Vec<u8>, usize)> {
    let hex = |start, end| {
        let digits = text.get(start..end)?;
        let are_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        are_digits.then(|| u32::from_str_radix(digits, 16).ok())?
    };
    match text.get(..2)? {
        "\\u" => {
            let character = char::from_u32(hex(2, 6)?)?;
            Some((character.to_string().into_bytes(), 6))
        }
        "\\x" => Some((char::from_u32(hex(2, 4)?)?.to_string().into_bytes(), 4)),
        "\\\\" => Some((b"\\".to_vec(), 2)),
        "\\\"" => Some((b"\"".to_vec(), 2)),
        "\\/" => Some((b"/".to_vec(), 2)),
        two if two.starts_with('%') => Some((vec![u8::try_from(hex(1, 3)?).ok()?], 3)),
        _ => None,
    }
}
