//! What a text column takes, as a JSON Schema: made by asking the rule that receives texts.

use schemars::{Schema, json_schema};
use serde_json::Value as Json;

use crate::delivery::{ColumnError, DeploymentId};

/// Texts for a column that has room for so many UTF-16 code units: no control characters, and at
/// least one character that can be seen. Characters beyond U+FFFF, of two units each, are taken
/// too, but no length of JSON Schema's counts like that, so they are left out here.
pub fn column_text(units: usize, types: Json) -> Schema {
    json_schema!({ "type": types, "minLength": 1, "maxLength": units, "pattern": pattern() })
}

/// Not blank characters alone, no character that a column does not take, and then whatever is no
/// control character.
///
/// The last class is not needed to tell texts apart. schemathesis makes texts from what a pattern
/// consumes, and spells out each class in it: `^(?!BLANK*$)ANY*$` says the same and takes it sixty
/// times as long, for the 60,000 characters of `ANY`.
fn pattern() -> String {
    let blank = class("[", |verdict| *verdict == Err(ColumnError::Empty));
    let any = class("[", |verdict| *verdict != Err(ColumnError::Control));
    let others = class("[^", |verdict| *verdict != Err(ColumnError::Control));
    let no_control = class("[^", |verdict| *verdict == Err(ColumnError::Control));
    format!("^(?!{blank}*$)(?!{any}*{others}){no_control}*$")
}

/// The characters up to U+FFFF that get such a verdict on their own, as ranges: JSON Schema has none
/// of Unicode's classes.
fn class(start: &str, is_in: fn(&Result<DeploymentId, ColumnError>) -> bool) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for code in 0..=0xffff {
        let text = char::from_u32(code).map(String::from);
        if !text.is_some_and(|text| is_in(&DeploymentId::new(text))) {
            continue;
        }
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == code => *last = code,
            _ => ranges.push((code, code)),
        }
    }
    let ranges = ranges.into_iter().map(|(first, last)| match first == last {
        true => format!(r"\u{first:04x}"),
        false => format!(r"\u{first:04x}-\u{last:04x}"),
    });
    format!("{start}{}]", ranges.collect::<String>())
}

#[test]
fn the_pattern_matches_the_texts_that_a_column_takes() {
    let pattern = regress::Regex::with_flags(&pattern(), "u").expect("a pattern");
    let matches = |text: &str| pattern.find(text).is_some();
    let check = |text: &str| assert_eq!(matches(text), DeploymentId::new(text).is_ok(), "{text:?}");
    check("");
    for character in (0..=0xffff).filter_map(char::from_u32) {
        check(&character.to_string());
        check(&format!("{character}a"));
        check(&format!(" {character}"));
    }
    let some = [
        "a", "é", " ", "\u{a0}", "\u{200b}", "\u{feff}", "\n", "\u{85}",
    ];
    for first in some {
        for second in some {
            for third in some {
                check(&[first, second, third].concat());
                check(&[first, second, third, first].concat());
            }
        }
    }
    for left_out in ["\u{1f916}", "a\u{1f916}", "\u{10ffff}a"] {
        assert!(!matches(left_out), "{left_out:?}");
    }
}
