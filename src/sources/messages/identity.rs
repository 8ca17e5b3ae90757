//! What tells a message apart from all others, however it comes again.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::credentials::{CredentialKind, Verified};
use crate::delivery::fit_column;
use crate::http::json::Field;
use crate::sources::{IdName, NotificationId};

/// For how long a message that comes again is known: longer than senders try again.
const LIFETIME: Duration = Duration::from_secs(72 * 3600);

/// Longest id that its column holds. A longer one tells messages apart all the same.
const LONGEST: usize = 200;

const WEBHOOK_ID: &str = "webhook-id";

/// `webhook-id` where it was signed, `metadata.id`, and where there is none of that, the bytes. A
/// message that has more than one is remembered by each: who sends it again without what signs its
/// `webhook-id` makes no new one of it.
pub fn of(verified: &Verified, text: &str, id: Field<'_>) -> NotificationId {
    let received = verified.received();
    let is_signed = verified.by().contains(&CredentialKind::StandardWebhooks);
    let webhook_id = received.headers.first(WEBHOOK_ID).filter(|_| is_signed);
    let webhook_id = webhook_id.and_then(|value| str::from_utf8(value).ok());
    let webhook_id = webhook_id.filter(|text| !text.is_empty());
    let metadata_id = id.scalar().ok().filter(|text| !text.is_empty());

    let given = [
        webhook_id.map(|text| (WEBHOOK_ID, text.to_owned())),
        metadata_id.map(|text| ("metadata.id", text)),
    ];
    let mut names = Vec::new();
    for (field, text) in given.into_iter().flatten() {
        names.push(IdName {
            field,
            text,
            identifies: true,
        });
    }
    let fits = |name: &IdName| fit_column(name.text.clone(), LONGEST).ok();
    let echoed = names.iter().find_map(fits);
    let bytes = || base16ct::lower::encode_string(&Sha256::digest(&received.body));
    if names.iter().all(|name| name.field == WEBHOOK_ID) {
        names.push(IdName {
            field: "bytes",
            text: bytes(),
            // Under a new `webhook-id` the same bytes are a new message.
            identifies: names.is_empty(),
        });
    }
    NotificationId {
        echoed: echoed.unwrap_or_else(bytes),
        names,
        content: Some(fingerprint(text)),
        lifetime: LIFETIME,
    }
}

/// A hash of the JSON: the same however it is indented and its letters are escaped, as where a sender
/// writes it anew for each attempt. The order of members counts, and how numbers are written.
fn fingerprint(json: &str) -> String {
    let mut hash = Sha256::new();
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            _ => rest.find('"').unwrap_or(rest.len()),
        };
        let (piece, behind) = rest.split_at(length);
        rest = behind;
        if first != '"' {
            piece
                .split([' ', '\t', '\n', '\r', '\u{feff}'])
                .for_each(|run| hash.update(run));
            continue;
        }
        let escaped = piece.contains('\\');
        let unescaped = escaped.then(|| serde_json::from_str::<String>(piece).ok());
        match unescaped.flatten() {
            // Only maps with keys that are no strings and failing `Serialize`s fail; it is a string.
            Some(text) => hash.update(serde_json::to_vec(&text).expect("a string")),
            None => hash.update(piece),
        }
    }
    base16ct::lower::encode_string(&hash.finalize()[..16])
}

/// The length of the string that valid JSON begins with, its quotes included.
fn string_length(json: &str) -> usize {
    let mut is_escaped = false;
    let end = json.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_that_is_written_anew_is_the_same_and_no_other_is() {
        let one = r#"{"a": "\u00f1 \"x\" \/", "b": [1, 2.50, "c d"],"e":""}"#;
        for same in [
            one,
            r#"{"a":"ñ \"x\" /","b":[1,2.50,"c d"],"e":""}"#,
            "\u{feff}{\n\t\"a\" : \"ñ \\u0022x\\u0022 /\",\r\n \"b\" : [ 1, 2.50, \"c d\" ], \"e\" : \"\" }\n",
        ] {
            assert_eq!(fingerprint(same), fingerprint(one), "{same}");
        }
        for other in [
            r#"{"a": "ñ \"x\" /", "b": [1, 2.5, "c d"],"e":""}"#,
            r#"{"a": "ñ \"x\" /", "b": [1, 2.50, "cd"],"e":""}"#,
            r#"{"a": "ñ \"x\" /", "b": [12.50, "c d"],"e":""}"#,
            r#"{"b": [1, 2.50, "c d"], "a": "ñ \"x\" /","e":""}"#,
            r#"{"a": "ñ \\"x", "b": [1, 2.50, "c d"],"e":""}"#,
            r#"{"a": "ñ \"x\" /", "b": [1, 2.50, "c d"],"e":" "}"#,
            r#"{"a": "N \"x\" /", "b": [1, 2.50, "c d"],"e":""}"#,
        ] {
            assert_ne!(fingerprint(other), fingerprint(one), "{other}");
        }
    }

    #[test]
    fn what_is_no_text_has_a_fingerprint_too() {
        let lone = [r#""\ud800""#, r#""\ud801""#, r#""\ud800"#, "\"", "\"\\", ""];
        for (index, json) in lone.iter().enumerate() {
            let before = lone[..index].iter().map(|json| fingerprint(json));
            assert!(
                !before.into_iter().any(|it| it == fingerprint(json)),
                "{json}"
            );
        }
    }
}
