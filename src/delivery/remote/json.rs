//! A change as JSON, and the JSON of replies.

use serde_json::Value as Json;

use crate::config::Table;
use crate::delivery::change::{Change, Value};
use crate::delivery::outcome::Outcome;
use crate::outbound::{OutboundError, OutboundReply, encoded};

/// An object of texts and nulls, in this order.
struct JsonTexts<'a>(Vec<(&'a str, Option<&'a str>)>);

impl JsonTexts<'_> {
    fn to_json(&self) -> Vec<u8> {
        // As long as it will be, where little has to be escaped.
        let texts = self.0.iter().filter_map(|(_, text)| *text);
        let texts = texts.map(|text| text.len() + text.len() / 8);
        let mut json = Vec::with_capacity(1024 + texts.sum::<usize>());
        json.push(b'{');
        for (index, (name, text)) in self.0.iter().enumerate() {
            if index > 0 {
                json.push(b',');
            }
            quote(name, &mut json);
            json.push(b':');
            match text {
                Some(text) => quote(text, &mut json),
                None => json.extend_from_slice(b"null"),
            }
        }
        json.push(b'}');
        json
    }
}

/// Adds a text as a JSON string (RFC 8259, 7), the same that serde_json writes. That looks at each
/// byte through calls of its own where code is made for its size, and a callback is a text of up to
/// `max_body_bytes`: it took longer than all else about a long one.
fn quote(text: &str, json: &mut Vec<u8>) {
    json.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, escaped) = rest.split_at(plain_length(rest));
        json.extend_from_slice(plain);
        let Some((&byte, after)) = escaped.split_first() else {
            break;
        };
        json.push(b'\\');
        match byte {
            b'\t' => json.push(b't'),
            b'\n' => json.push(b'n'),
            b'\r' => json.push(b'r'),
            0x08 => json.push(b'b'),
            0x0c => json.push(b'f'),
            0..0x20 => {
                let digits = base16ct::lower::encode_string(&[byte]);
                json.extend_from_slice(b"u00");
                json.extend_from_slice(digits.as_bytes());
            }
            itself => json.push(itself),
        }
        rest = after;
    }
    json.push(b'"');
}

/// How much of a text stands for itself in a JSON string.
fn plain_length(text: &[u8]) -> usize {
    let (chunks, _) = text.as_chunks();
    let plain = chunks.iter().take_while(|chunk| is_plain(**chunk)).count() * 8;
    let rest = text[plain..].iter();
    let of_rest = rest.take_while(|byte| !matches!(byte, 0..0x20 | b'"' | b'\\'));
    plain + of_rest.count()
}

/// Whether none of eight bytes is a control character, a quote or a backslash: all at once, by the
/// borrow that subtracting from a smaller byte leaves in its highest bit.
fn is_plain(chunk: [u8; 8]) -> bool {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    const HIGHEST: u64 = EACH << 7;
    let bytes = u64::from_le_bytes(chunk);
    let below = |bytes: u64, limit: u64| bytes.wrapping_sub(EACH * limit) & !bytes;
    let is = |byte: u8| below(bytes ^ (EACH * u64::from(byte)), 1);
    (below(bytes, 0x20) | is(b'"') | is(b'\\')) & HIGHEST == 0
}

/// The procedure's arguments, by SAM's names: the key and every text. Dates it sets itself.
pub fn arguments(change: &Change) -> Vec<u8> {
    let key = (change.entity.key_column.as_ref(), change.key.as_str());
    let texts = [key].into_iter().chain(change.texts());
    JsonTexts(texts.map(|(name, text)| (name, Some(text))).collect()).to_json()
}

/// The columns that a change sets, by the table's own names. `is_null` says of those that are
/// only set where there is nothing yet whether that is so.
pub fn columns(
    table: &Table,
    change: &Change,
    now: &str,
    is_null: impl Fn(&str) -> bool,
) -> Vec<u8> {
    JsonTexts(values(table, change, now, is_null)).to_json()
}

/// The same with the key in front, for a row that is to be made.
pub fn row(table: &Table, change: &Change, now: &str) -> Vec<u8> {
    let key = table.column(&change.entity.key_column);
    let key = key.map(|key| (key, Some(change.key.as_str())));
    let values = values(table, change, now, |_| true);
    JsonTexts(key.into_iter().chain(values).collect()).to_json()
}

fn values<'a>(
    table: &'a Table,
    change: &'a Change,
    now: &'a str,
    is_null: impl Fn(&str) -> bool,
) -> Vec<(&'a str, Option<&'a str>)> {
    let values = change.values.iter().filter_map(|(column, value)| {
        let column = table.column(column)?;
        match value {
            Value::Text(text) => Some((column, Some(text.as_str()))),
            Value::Null => Some((column, None)),
            Value::Now => Some((column, Some(now))),
            Value::NowIfNull => is_null(column).then_some((column, Some(now))),
        }
    });
    values.collect()
}

/// Columns of `table` that the change sets only where there is nothing yet.
pub fn only_where_null<'a>(table: &'a Table, change: &'a Change) -> impl Iterator<Item = &'a str> {
    let columns = change.values.iter();
    columns.filter_map(|(column, value)| match value {
        Value::NowIfNull => table.column(column),
        Value::Text(_) | Value::Null | Value::Now => None,
    })
}

/// The outcome that the procedure's only row says; anything else was not promised.
pub fn outcome(rows: &[Json], answer: &OutboundReply) -> Result<Outcome, OutboundError> {
    let word = match rows {
        [row] => row.get("Resultado").and_then(Json::as_str),
        _ => None,
    };
    match word {
        Some("UPDATED") => Ok(Outcome::Updated),
        Some("ALREADY_PROCESSED") => Ok(Outcome::AlreadyFinal),
        Some("NOT_FOUND") => Ok(Outcome::NotFound),
        _ => Err(answer.unexpected()),
    }
}

/// The column that tells whether a row stays as it is: the guard's, or merely the key.
fn telling<'a>(table: &'a Table, change: &'a Change) -> Option<&'a str> {
    let key_column = &change.entity.key_column;
    table.column(change.guard.column().unwrap_or(key_column))
}

/// The columns to look at before a row is changed, in the words of a query: the one that tells
/// whether it stays as it is, and those that are only set where there is nothing yet.
pub fn looked_at(table: &Table, change: &Change) -> String {
    let columns = telling(table, change).into_iter();
    let columns = columns.chain(only_where_null(table, change));
    let columns: Vec<_> = columns.map(|column| encoded(column).to_string()).collect();
    columns.join(",")
}

/// Whether what came back for a row says what its state is: a guard must not be passed because it
/// could not be seen.
pub fn has_state(row: &Json, table: &Table, change: &Change) -> bool {
    let state = telling(table, change).and_then(|column| row.get(column));
    state.is_some_and(|state| state.is_string() || state.is_null())
}

/// What a row that was looked at holds in the column that tells whether it stays as it is, where
/// that is not null.
pub fn current_state<'a>(row: &'a Json, table: &Table, change: &Change) -> Option<&'a str> {
    row.get(telling(table, change)?)?.as_str()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_written_as_by_serde_json(texts: Vec<(&str, Option<&str>)>) {
        let object: Vec<_> = texts
            .iter()
            .map(|pair| serde_json::to_string(pair).expect("a pair"))
            .map(|pair| pair[1..pair.len() - 1].replacen("\",", "\":", 1))
            .collect();
        let written = String::from_utf8(JsonTexts(texts).to_json()).expect("UTF-8");
        assert_eq!(written, format!("{{{}}}", object.join(",")));
    }

    #[test]
    fn whatever_stands_beside_it_each_byte_is_plain_or_not() {
        for byte in 0..=u8::MAX {
            for other in [b'a', 0x20, 0x7f, 0x80, 0xff, byte] {
                let chunks = (0..8).map(|place| {
                    let mut chunk = [other; 8];
                    chunk[place] = byte;
                    chunk
                });
                let expected = byte >= 0x20 && byte != b'"' && byte != b'\\';
                let found: Vec<_> = chunks.map(is_plain).collect();
                assert_eq!(found, [expected; 8], "{byte:#x} among {other:#x}");
            }
        }
    }

    #[test]
    fn texts_are_written_as_serde_json_writes_them() {
        let all: String = (0..0x100).filter_map(char::from_u32).collect();
        assert_written_as_by_serde_json(vec![]);
        assert_written_as_by_serde_json(vec![("a", Some(&all)), ("ñ", None), ("b", Some(""))]);
    }

    proptest! {
        #[test]
        fn so_is_any_text(text in any::<String>()) {
            let mut written = Vec::new();
            quote(&text, &mut written);
            prop_assert_eq!(written, serde_json::to_vec(&text).expect("a string"));
        }
    }
}
