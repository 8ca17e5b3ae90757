//! The `.env` as the service that is replaced read it. All four are Python's and read theirs with
//! python-dotenv, so its rules count and not dotenvy's: callers send the token that it made of the
//! line. Unlike dotenvy it takes spaces without quotes, and a `$` for itself.

/// What the file says.
#[derive(Debug, Default, PartialEq)]
pub struct Contents {
    /// In the file's order.
    pub variables: Vec<Variable>,
    /// Numbers of the lines that set nothing, and are no comments.
    pub unread: Vec<usize>,
}

/// A variable, and the line that it begins in.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    pub line: usize,
    pub name: String,
    pub value: String,
}

/// Reads the text of a `.env`.
pub fn read(text: &str) -> Contents {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut contents = Contents::default();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return contents;
        }
        if rest.starts_with('#') {
            rest = after_line(rest);
            continue;
        }
        let line = line_of(text, text.len() - rest.len());
        rest = match assignment(rest) {
            Ok((name, value, after)) => {
                contents.variables.push(Variable { line, name, value });
                after
            }
            Err(stumbled) => {
                contents.unread.push(line);
                after_line(stumbled)
            }
        };
    }
}

/// The number of the line in which this byte stands.
fn line_of(text: &str, at: usize) -> usize {
    text[..at]
        .replace("\r\n", "\n")
        .matches(['\n', '\r'])
        .count()
        + 1
}

fn after_line(text: &str) -> &str {
    text.find(['\n', '\r']).map_or("", |end| &text[end..])
}

/// Name and value of `export NAME = value # comment` and what comes behind it, or where the text is
/// something else.
fn assignment(text: &str) -> Result<(String, String, &str), &str> {
    let (name, rest) = name(without_export(text)).ok_or(text)?;
    let rest = skip_blanks(rest).strip_prefix('=').ok_or(rest)?;
    let value_at = skip_blanks(rest);
    let (value, rest) = match value_at.chars().next() {
        Some('#') if value_at.len() < rest.len() => (String::new(), value_at),
        Some('\'') => in_quotes(value_at, '\'', "\\'").ok_or(value_at)?,
        Some('"') => in_quotes(value_at, '"', "\\'\"abfnrtv").ok_or(value_at)?,
        _ => without_quotes(value_at),
    };
    let end = skip_blanks(rest);
    let end = if end.starts_with('#') {
        after_line(end)
    } else {
        end
    };
    match end.is_empty() || end.starts_with(['\n', '\r']) {
        true => Ok((name, value, end)),
        false => Err(end),
    }
}

fn without_export(text: &str) -> &str {
    match text.strip_prefix("export") {
        Some(rest) if rest.starts_with(is_blank) => skip_blanks(rest),
        _ => text,
    }
}

fn name(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('\'') {
        let (name, rest) = quoted.split_once('\'')?;
        return (!name.is_empty()).then(|| (name.to_owned(), rest));
    }
    let end = text.find(|c: char| c == '=' || c == '#' || c.is_whitespace());
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    (!name.is_empty()).then(|| (name.to_owned(), rest))
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() && c != '\n' && c != '\r'
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches(is_blank)
}

/// The rest of the line up to a comment, which begins behind a space.
fn without_quotes(text: &str) -> (String, &str) {
    let rest = after_line(text);
    let value = &text[..text.len() - rest.len()];
    let comment = value.match_indices('#').map(|(at, _)| at);
    let comment = comment
        .into_iter()
        .find(|&at| value[..at].ends_with(is_blank));
    let value = comment.map_or(value, |at| &value[..at]);
    (value.trim_end().to_owned(), rest)
}

/// What stands between the quotes; of what a backslash stands before, `escapes` mean another
/// character. `None` where the quotes do not close.
fn in_quotes<'a>(text: &'a str, quote: char, escapes: &str) -> Option<(String, &'a str)> {
    let mut value = String::new();
    let mut characters = text[1..].chars();
    loop {
        match characters.next()? {
            c if c == quote => return Some((value, characters.as_str())),
            '\\' => match characters.next()? {
                c if escapes.contains(c) => value.push(escaped(c)),
                c => value.extend(['\\', c]),
            },
            c => value.push(c),
        }
    }
}

fn escaped(c: char) -> char {
    match c {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        itself => itself,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let variables = read(text).variables.into_iter();
        variables.map(|it| (it.name, it.value)).collect()
    }

    /// The values are those of python-dotenv 1.2.4.
    #[test]
    fn values_are_those_that_python_dotenv_reads() {
        for (line, value) in [
            ("A=b", "b"),
            ("A =\tb ", "b"),
            ("export A=b", "b"),
            ("  A=b", "b"),
            ("'A'=b", "b"),
            ("\u{feff}A=b", "b"),
            ("A=b\r", "b"),
            ("A=", ""),
            ("A= # nothing", ""),
            ("A=#b", "#b"),
            ("A=b # c", "b"),
            ("A=b#c", "b#c"),
            ("A=b c d", "b c d"),
            (
                "A={ODBC Driver 17 for SQL Server}",
                "{ODBC Driver 17 for SQL Server}",
            ),
            ("A=%(asctime)s - %(message)s", "%(asctime)s - %(message)s"),
            ("A=pa$word-9x$", "pa$word-9x$"),
            ("A=b\\nc", "b\\nc"),
            ("A=b\"c", "b\"c"),
            ("A=\"b c\" # d", "b c"),
            ("A=\"b # c\"", "b # c"),
            ("A=\"b\\nc\\t\\\"\\\\d\"", "b\nc\t\"\\d"),
            ("A=\"C:\\RPA\\Logs\\\\\"", "C:\\RPA\\Logs\\"),
            ("A=\"pa\\$word\"", "pa\\$word"),
            ("A=\"b\nc\"", "b\nc"),
            ("A='b\\nc'", "b\\nc"),
            ("A='b\\'c'", "b'c"),
            ("A='b\r\nc'", "b\r\nc"),
            ("A=''", ""),
        ] {
            assert_eq!(pairs(line), [("A".into(), value.into())], "{line}");
        }
    }

    #[test]
    fn lines_that_set_nothing_are_told_by_their_numbers() {
        let text = "# A=1\r\n\r\nB\nC=\"d\nE=f\"g\n=h\nI='j\nK=l\n\"M\nN=o";
        let contents = read(text);
        assert_eq!(contents.unread, [3, 4, 6, 7, 9]);
        let read: Vec<_> = contents
            .variables
            .iter()
            .map(|it| (it.name.as_str(), it.line))
            .collect();
        assert_eq!(read, [("K", 8), ("N", 10)]);
    }

    #[test]
    fn a_value_of_several_lines_is_one() {
        let text = "A=\"-----BEGIN\nb=c\n-----END\"\nD=e\n";
        let expected = [("A", "-----BEGIN\nb=c\n-----END"), ("D", "e")];
        assert_eq!(
            pairs(text),
            expected.map(|(name, value)| (name.into(), value.into()))
        );
    }
}
