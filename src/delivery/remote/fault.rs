//! What can go wrong between a request and the answer that was promised. The texts are for the
//! log: they tell one fault from another, and hold nothing that was sent or received but codes.

use std::fmt;
use std::time::Duration;

use crate::http::message::StatusCode;
use serde_json::Value as Json;

use super::verdict::{Rule, Verdict};
use crate::http::json;
use crate::ports::SendError;

/// Data API builder's longest code. Keys and tokens, which a server might repeat, are longer.
const LONGEST_CODE: usize = 39;

/// One attempt's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No reply.
    #[error("{0}")]
    NoReply(#[from] SendError),
    /// The head of a reply, but not all of its body.
    #[error("status {0}, but the reply broke off: {1}")]
    BrokeOff(StatusCode, SendError),
    /// No whole reply within the time an attempt has.
    #[error("no whole reply within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// Not even enough of the caller's patience left to ask.
    #[error("no time left to ask")]
    NoTimeLeft,
    /// A reply that is longer than any that was promised.
    #[error("status {0}, but the reply has more than 1 MiB")]
    TooLong(StatusCode),
    /// A status that says no.
    #[error("status {status}, {said}")]
    Status {
        /// The status.
        status: StatusCode,
        /// What stood in the body.
        said: Said,
        /// `Retry-After`, where there was one.
        retry_after: Option<Duration>,
        /// What that means for what was asked.
        verdict: Verdict,
    },
    /// A status that says yes, above a body that is not what was promised.
    #[error("status {0}, but {1}")]
    Flawed(StatusCode, Flaw),
    /// The bearer token could not be had.
    #[error("bearer token: {0}")]
    Token(Box<Fault>),
}

/// What is wrong with the body of a reply that says yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
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
pub enum Said {
    /// The error's code in JSON, as each data API and RFC 6749 have one, and where it stood.
    Code(String, Vec<Format>),
    /// What it was instead.
    Flaw(Flaw),
}

/// Where an error has its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `{"code":"…"}`: PostgREST.
    TopLevel,
    /// `{"error":{"code":"…"}}`: Data API builder.
    Nested,
    /// `{"error":"…"}`: RFC 6749, 5.2.
    OAuth,
}

impl Fault {
    /// Whether the same request, sent once more in a moment, may well fare better.
    pub fn is_momentary(&self) -> bool {
        match self {
            Self::NoReply(error) | Self::BrokeOff(_, error) => !matches!(
                error,
                SendError::Denied | SendError::Tls | SendError::Other(_)
            ),
            Self::TimedOut(_) => true,
            Self::Status { verdict, .. } => *verdict == Verdict::Momentary,
            Self::Token(fault) => fault.is_momentary(),
            Self::NoTimeLeft | Self::TooLong(_) | Self::Flawed(..) => false,
        }
    }

    /// Whether trying again later can help at all. Not where the data API has understood the
    /// request and will never take it; all else mends itself, or somebody mends it.
    pub fn may_pass(&self) -> bool {
        !matches!(
            self,
            Self::Status {
                verdict: Verdict::Final,
                ..
            }
        )
    }

    /// Whether no other change would have fared better: the data API refuses them all, or somebody
    /// else answers in its place. What may pass in a moment says nothing about that.
    pub fn refuses_all(&self) -> bool {
        match self {
            Self::Status { verdict, .. } => *verdict == Verdict::RefusesAll,
            Self::Flawed(..) | Self::TooLong(_) => true,
            Self::Token(fault) => !fault.is_momentary(),
            Self::NoReply(_) | Self::BrokeOff(..) | Self::TimedOut(_) | Self::NoTimeLeft => false,
        }
    }

    /// The same fault, as the data API's own `rules` have it.
    pub fn judged(mut self, rules: &[Rule]) -> Self {
        if let Self::Status {
            status,
            said,
            verdict,
            ..
        } = &mut self
        {
            *verdict = Verdict::of(*status, said, rules);
        }
        self
    }

    /// When the server wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Token(fault) => fault.retry_after(),
            _ => None,
        }
    }
}

impl Said {
    /// What the body of a refusal says.
    pub fn read(body: &[u8]) -> Self {
        match json::parse(body) {
            Ok(body) => code(&body).unwrap_or(Self::Flaw(Flaw::Shape)),
            Err(error) => Self::Flaw(Flaw::of(body, &error)),
        }
    }

    /// The code, where it stands as this format has it.
    pub fn code(&self, format: Format) -> Option<&str> {
        match self {
            Self::Code(code, formats) if formats.contains(&format) => Some(code),
            _ => None,
        }
    }

    /// Whether PostgREST hands on a code of PostgreSQL's, of one of these classes.
    pub fn is_of_class(&self, classes: &[&str]) -> bool {
        let code = self.code(Format::TopLevel).filter(|code| code.len() == 5);
        code.is_some_and(|code| classes.iter().any(|class| code.starts_with(class)))
    }
}

impl Flaw {
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

impl fmt::Display for Said {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code, _) => write!(formatter, "code {code}"),
            Self::Flaw(Flaw::Html) => formatter.write_str("an HTML page"),
            Self::Flaw(Flaw::Empty) => formatter.write_str("no body"),
            Self::Flaw(_) => formatter.write_str("no error code"),
        }
    }
}

/// The code in `{"error":{"code":"…"}}` (Data API builder), `{"code":"…"}` (PostgREST) or
/// `{"error":"…"}` (RFC 6749, 5.2), unless it does not look like one: then it may quote a row.
fn code(body: &Json) -> Option<Said> {
    let error = body.get("error");
    let places = [
        (Format::TopLevel, body.get("code")),
        (Format::Nested, error.and_then(|error| error.get("code"))),
        (Format::OAuth, error),
    ];
    let found = places.map(|(format, place)| Some((format, place?.as_str()?)));
    let (_, code) = found.into_iter().flatten().next()?;
    let same = found.into_iter().flatten().filter(|(_, it)| *it == code);
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let looks_like_one = (1..=LONGEST_CODE).contains(&code.len()) && code.bytes().all(is_code);
    looks_like_one.then(|| Said::Code(code.to_owned(), same.map(|(format, _)| format).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16) -> Fault {
        let status = StatusCode::from_u16(code).expect("a status");
        let said = Said::Flaw(Flaw::Empty);
        Fault::Status {
            verdict: Verdict::of(status, &said, &[]),
            status,
            said,
            retry_after: None,
        }
    }

    #[test]
    fn each_bad_answer_reads_differently_in_the_log() {
        let ok = StatusCode::OK;
        let faults = [
            Fault::NoReply(SendError::Refused),
            Fault::NoReply(SendError::Broken),
            Fault::NoReply(SendError::Denied),
            Fault::BrokeOff(ok, SendError::Broken),
            Fault::TimedOut(Duration::from_secs(5)),
            Fault::NoTimeLeft,
            Fault::TooLong(ok),
            status(429),
            status(500),
            status(503),
            Fault::Flawed(ok, Flaw::Html),
            Fault::Flawed(ok, Flaw::CutOff),
            Fault::Flawed(ok, Flaw::NotJson),
            Fault::Flawed(ok, Flaw::Shape),
            Fault::Token(Box::new(status(429))),
        ];
        let mut texts: Vec<_> = faults.iter().map(Fault::to_string).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), faults.len(), "{texts:#?}");
    }

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
            assert_eq!(Said::read(body.as_bytes()).to_string(), shown, "{body}");
        }
    }

    #[test]
    fn what_may_pass_and_what_is_worth_a_second_attempt() {
        for (fault, momentary, may_pass) in [
            (status(400), false, true),
            (status(401), false, true),
            (status(403), false, true),
            (status(404), false, true),
            (status(409), false, true),
            (status(413), false, false),
            (status(422), false, true),
            (status(429), true, true),
            (status(302), false, true),
            (status(500), false, true),
            (status(502), true, true),
            (status(503), true, true),
            (status(504), true, true),
            (Fault::NoReply(SendError::Refused), true, true),
            (Fault::NoReply(SendError::Broken), true, true),
            (Fault::NoReply(SendError::Unresolved), true, true),
            (Fault::NoReply(SendError::Denied), false, true),
            (Fault::NoReply(SendError::Tls), false, true),
            (Fault::TimedOut(Duration::ZERO), true, true),
            (
                Fault::BrokeOff(StatusCode::OK, SendError::Broken),
                true,
                true,
            ),
            (Fault::TooLong(StatusCode::OK), false, true),
            (Fault::Flawed(StatusCode::OK, Flaw::Html), false, true),
            (Fault::Token(Box::new(status(503))), true, true),
            (Fault::Token(Box::new(status(400))), false, true),
        ] {
            assert_eq!(
                (fault.is_momentary(), fault.may_pass()),
                (momentary, may_pass),
                "{fault}"
            );
        }
    }
}
