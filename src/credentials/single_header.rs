//! A header that may hold one credential.

use crate::http::message::Headers;

/// The values of a header that may hold one credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SingleHeader<'a> {
    /// There is none, or it is empty.
    Absent,
    /// Its value, without the spaces round it.
    One(&'a [u8]),
    /// It comes more than once, and counts as wrong even where the values are the same: proxies
    /// disagree on which of them they pass on.
    Repeated,
}

/// What stands behind the word `Bearer`, whose case does not count (RFC 9110, 11.1); `None` where another
/// scheme is used.
pub fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"Bearer ")
        .then_some(token.trim_ascii())
}

/// Why a repeated header is refused, in the log's words.
pub const REPEATED: &str = "repeated header";

impl<'a> SingleHeader<'a> {
    /// The header of this name.
    pub fn of(headers: &'a Headers, name: &str) -> Self {
        let mut values = headers.all(name);
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(_), Some(_)) => Self::Repeated,
            (Some(value), None) => match value.trim_ascii() {
                b"" => Self::Absent,
                value => Self::One(value),
            },
        }
    }
}
