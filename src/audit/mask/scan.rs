//! The parts of JSON, as they are written. The text is known to be JSON, so this only has to find
//! its way in it, without a value for each part and without a limit for their nesting.

/// Keys and values of an object, as they are written.
pub fn members(object: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut items = Items { raw: object, at: 1 };
    std::iter::from_fn(move || Some((items.next()?, items.next()?)))
}

/// The values of an array, as they are written.
pub fn elements(array: &str) -> Items<'_> {
    Items { raw: array, at: 1 }
}

/// Values between brackets, whatever separates them.
pub struct Items<'a> {
    raw: &'a str,
    at: usize,
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let bytes = self.raw.as_bytes();
        let is_between = |byte: &u8| byte.is_ascii_whitespace() || b",:".contains(byte);
        let between = bytes[self.at..].iter().take_while(|byte| is_between(byte));
        let start = self.at + between.count();
        if start + 1 >= bytes.len() {
            return None;
        }
        self.at = value_end(bytes, start);
        Some(&self.raw[start..self.at])
    }
}

/// Where the value has ended that begins at `start`.
fn value_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at = string_end(bytes, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                if depth <= 1 {
                    return at + depth;
                }
                depth -= 1;
            }
            byte if depth == 0 && (byte == b',' || byte.is_ascii_whitespace()) => return at,
            _ => {}
        }
        at += 1;
    }
    at
}

/// Where the string has ended that begins at `start`.
pub fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// Where whitespace has ended that begins at `start`.
pub fn blank_end(bytes: &[u8], start: usize) -> usize {
    let blank = bytes[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace());
    start + blank.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_between_brackets_are_found_as_they_are_written() {
        let array = r#"[ 1,-2.5e3 ,"a\"]",{"b" : [ ] , "c":{}},[],null ]"#;
        let found: Vec<_> = elements(array).collect();
        let all = [
            "1",
            "-2.5e3",
            r#""a\"]""#,
            r#"{"b" : [ ] , "c":{}}"#,
            "[]",
            "null",
        ];
        assert_eq!(found, all);
        let found: Vec<_> = members(found[3]).collect();
        assert_eq!(found, [("\"b\"", "[ ]"), ("\"c\"", "{}")]);
        assert_eq!(elements("[ ]").count() + members("{\n}").count(), 0);
    }
}
