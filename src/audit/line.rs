//! One JSON object as a line that nothing in it ends.

use std::time::SystemTime;

use serde::Serialize;

/// The line of these fields, which a reader's terminal shows as one.
pub fn json(line: &impl Serialize) -> String {
    // As long as most are.
    let mut json = Vec::with_capacity(512);
    // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
    serde_json::to_writer(&mut json, line).expect("log lines are plain structures");
    let line = String::from_utf8(json).expect("JSON is UTF-8");
    // Nearly every line, seen at a glance.
    if line.is_ascii() && !line.contains('\u{7f}') {
        return line;
    }
    line.chars()
        .map(|character| match character {
            c if acts_on_a_reader(c) => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        })
        .collect()
}

/// A time as the log writes it: UTC, to the millisecond.
pub fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

/// Characters that JSON lets stand as they are, but that end a line or steer a terminal.
fn acts_on_a_reader(character: char) -> bool {
    matches!(character, '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::json;

    #[test]
    fn nothing_in_a_line_ends_it_or_steers_a_terminal() {
        let text = "ñ\u{9b}31m\u{85}\u{2028}\u{202e}\n\u{1b}";
        let line = json(&text);
        assert_eq!(line, r#""ñ\u009b31m\u0085\u2028\u202e\n\u001b""#);
        let read: String = serde_json::from_str(&line).expect("JSON");
        assert_eq!(read, text);
    }
}
