//! A value as it has to stand in `.env` so that dotenvy reads it back: in single quotes nothing is
//! replaced.

/// The value in quotes.
pub fn quoted(value: &str) -> String {
    // Where lines are told apart, dotenvy takes a backslash in single quotes for an escape: the
    // closing quote behind an odd number of them would not count.
    let backslashes = value.len() - value.trim_end_matches('\\').len();
    if !value.contains('\'') && backslashes.is_multiple_of(2) {
        return format!("'{value}'");
    }
    let mut text = String::from('"');
    for character in value.chars() {
        if "\\\"$".contains(character) {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_read_back_by_dotenvy() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(".env");
        let parts = [
            "", "a", " ", "'", "\"", "\\", "$", "$HOME", "${HOME}", "#", " # b", "=", "\n", "\r\n",
            "ñ", "`id`", "\\n", "\t",
        ];
        for first in parts {
            for second in parts {
                let value = [first, second].concat();
                let text = format!("A={}\nB='b'\n", quoted(&value));
                std::fs::write(&path, &text).expect("written");
                let read = app_manifest::dotenv::read(&path).expect(&text);
                assert_eq!(read["A"], value, "{text}");
                assert_eq!(read["B"], "b", "{text}");
            }
        }
    }
}
