//! The body of another service's reply: what a refusal says, and what is wrong with a body that was to
//! be JSON. Of a refusal the log gets its code alone.

use std::fmt;

use serde_json::Value as Json;

use crate::http::json;

/// Data API builder's longest code. Keys and tokens, which a server might repeat, are longer.
const LONGEST_CODE: usize = 39;

/// What is wrong with the body of a reply that says yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// A page for people: a proxy's, or a login.
    #[error("it is an HTML page")]
    Html,
    /// Nothing at all.
    #[error("its body is empty")]
    Empty,
    /// Begun, but not ended.
    #[error("its JSON is cut off")]
    CutOff,
    /// Text that is no JSON.
    #[error("it is not JSON")]
    NotJson,
    /// JSON, but not what was promised.
    #[error("its JSON is not what was promised")]
    Shape,
    /// JSON, but this member of it is not what was promised.
    #[error("its JSON is not what was promised: {0}")]
    Member(&'static str),
}

/// The body of a reply that says no, as far as the log shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorDetail {
    /// The error's code in JSON, as each data API and RFC 6749 have one, and where it stood.
    Code(String, Vec<ErrorFormat>),
    /// What it was instead.
    BodyError(BodyError),
}

/// Where an error has its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorFormat {
    /// `{"code":"…"}`: PostgREST.
    TopLevel,
    /// `{"error":{"code":"…"}}`: Data API builder.
    Nested,
    /// `{"error":"…"}`: RFC 6749, 5.2.
    OAuth,
}

impl ErrorDetail {
    /// What the body of a refusal says.
    pub fn read(body: &[u8]) -> Self {
        match json::parse(body) {
            Ok(body) => code(&body).unwrap_or(Self::BodyError(BodyError::Shape)),
            Err(error) => Self::BodyError(BodyError::of(body, &error)),
        }
    }

    /// The code, where it stands as this format has it.
    pub fn code(&self, format: ErrorFormat) -> Option<&str> {
        match self {
            Self::Code(code, formats) if formats.contains(&format) => Some(code),
            _ => None,
        }
    }

    /// Whether PostgREST hands on a code of PostgreSQL's, of one of these classes.
    pub fn is_of_class(&self, classes: &[&str]) -> bool {
        let code = self
            .code(ErrorFormat::TopLevel)
            .filter(|code| code.len() == 5);
        code.is_some_and(|code| classes.iter().any(|class| code.starts_with(class)))
    }
}

impl BodyError {
    /// What is wrong with a body that `error` was found in.
    pub fn of(body: &[u8], error: &serde_json::Error) -> Self {
        let text = body.trim_ascii();
        if text.is_empty() {
            Self::Empty
        } else if text.starts_with(b"<") {
            Self::Html
        } else if error.is_eof() {
            Self::CutOff
        } else {
            Self::NotJson
        }
    }
}

impl fmt::Display for ErrorDetail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code, _) => write!(formatter, "code {code}"),
            Self::BodyError(BodyError::Html) => formatter.write_str("an HTML page"),
            Self::BodyError(BodyError::Empty) => formatter.write_str("no body"),
            Self::BodyError(_) => formatter.write_str("no error code"),
        }
    }
}

/// The code in `{"error":{"code":"…"}}` (Data API builder), `{"code":"…"}` (PostgREST) or
/// `{"error":"…"}` (RFC 6749, 5.2), unless it does not look like one: then it may quote a row.
fn code(body: &Json) -> Option<ErrorDetail> {
    let error = body.get("error");
    let places = [
        (ErrorFormat::TopLevel, body.get("code")),
        (
            ErrorFormat::Nested,
            error.and_then(|error| error.get("code")),
        ),
        (ErrorFormat::OAuth, error),
    ];
    let found = places.map(|(format, place)| Some((format, place?.as_str()?)));
    let (_, code) = found.into_iter().flatten().next()?;
    let same = found.into_iter().flatten().filter(|(_, it)| *it == code);
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let looks_like_one = (1..=LONGEST_CODE).contains(&code.len()) && code.bytes().all(is_code);
    looks_like_one
        .then(|| ErrorDetail::Code(code.to_owned(), same.map(|(format, _)| format).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_shows_its_code_and_nothing_else_of_it() {
        for (body, shown) in [
            (
                r#"{"error":{"code":"EntityNotFound","message":"hush","status":404}}"#,
                "code EntityNotFound",
            ),
            (
                r#"{"code":"PGRST202","message":"hush","details":null,"hint":null}"#,
                "code PGRST202",
            ),
            (
                r#"{"error":"invalid_client","error_description":"hush"}"#,
                "code invalid_client",
            ),
            (r#"{"code":"hush hush"}"#, "no error code"),
            (r#"{"message":"hush"}"#, "no error code"),
            (r#"{"error":["hush"]}"#, "no error code"),
            ("[]", "no error code"),
            ("hush", "no error code"),
            ("  <!DOCTYPE html><p>hush", "an HTML page"),
            (" ", "no body"),
        ] {
            assert_eq!(
                ErrorDetail::read(body.as_bytes()).to_string(),
                shown,
                "{body}"
            );
        }
    }
}
