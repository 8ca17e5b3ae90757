//! HTTP messages as the host has them: a method, a target, headers, a status, and a body that comes
//! in pieces. They are passed on as they come, without an index.

// One thread runs an instance, so no caller needs the futures to be `Send`.
#![allow(async_fn_in_trait)]

use std::fmt;

pub use ::http::uri::Authority;
pub use ::http::{StatusCode, Uri};

/// A request: one that came, or one to another service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<B> {
    /// The method, in capitals.
    pub method: String,
    /// Path and query of one that came; the whole URL of one to another service.
    pub target: String,
    /// Its headers.
    pub headers: Headers,
    /// Its body.
    pub body: B,
}

/// A response: one that goes out, or another service's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response<B> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: Headers,
    /// Its body.
    pub body: B,
}

/// A body that comes in pieces.
pub trait Body {
    /// Why it breaks off.
    type Error;
    /// Adds the next piece to `buffer`, as much as its spare capacity holds, which is not to be
    /// none. `false` once all of it has come.
    async fn read(&mut self, buffer: &mut Vec<u8>) -> Result<bool, Self::Error>;
}

/// Headers in the order in which they came. A name may come any number of times, and its case does
/// not count.
///
/// There are some twenty of them, so looking through them is faster than an index would be.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    /// Every value of `name`.
    pub fn all(&self, name: &str) -> impl DoubleEndedIterator<Item = &[u8]> {
        let is_its_own = move |header: &&(String, Vec<u8>)| header.0.eq_ignore_ascii_case(name);
        self.0
            .iter()
            .filter(is_its_own)
            .map(|(_, value)| &value[..])
    }

    /// The first value of `name`.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// Adds a value, beside those that `name` has.
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.0.push((name.into(), value.into()));
    }

    /// Sets the one value of `name`.
    pub fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.0
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.add(name, value);
    }

    /// Names and values, as hosts have them.
    pub fn as_fields(&self) -> &[(String, Vec<u8>)] {
        &self.0
    }
}

impl From<Vec<(String, Vec<u8>)>> for Headers {
    fn from(fields: Vec<(String, Vec<u8>)>) -> Self {
        Self(fields)
    }
}

/// Names alone: values may be secrets.
impl fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(name, _)| name);
        formatter.debug_list().entries(names).finish()
    }
}

/// Whether this can be a header's name (RFC 9110, 5.6.2).
pub fn is_token(name: &str) -> bool {
    let is_token_character =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token_character)
}

/// Whether this can be a header's value: visible characters, spaces and tabs (RFC 9110, 5.5).
pub fn is_field_value(value: &str) -> bool {
    value
        .bytes()
        .all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_all_its_values_in_order_whatever_its_case() {
        let mut headers = Headers::default();
        headers.add("X-A", "1");
        headers.add("b", "2");
        headers.add("x-a", "3");
        assert_eq!(headers.all("x-A").collect::<Vec<_>>(), [b"1", b"3"]);
        assert_eq!(headers.first("B"), Some(&b"2"[..]));
        assert_eq!(headers.first("c"), None);
        headers.set("x-a", "4");
        assert_eq!(headers.all("x-a").collect::<Vec<_>>(), [b"4"]);
    }

    #[test]
    fn values_are_never_printed() {
        let mut headers = Headers::default();
        headers.add("apikey", "hush");
        assert_eq!(format!("{headers:?}"), r#"["apikey"]"#);
    }

    #[test]
    fn names_are_tokens_and_values_can_be_seen() {
        for (text, token, value) in [
            ("x-api-key", true, true),
            ("", false, true),
            ("a b", false, true),
            ("a\tb", false, true),
            ("a:b", false, true),
            ("é", false, false),
            ("a\r\nb: c", false, false),
            ("a\u{7f}", false, false),
        ] {
            assert_eq!(
                (is_token(text), is_field_value(text)),
                (token, value),
                "{text:?}"
            );
        }
    }
}
