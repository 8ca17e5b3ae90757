//! Why a request to another service got no usable reply. The texts are for the log: they hold nothing
//! that was sent or received but codes.

use std::time::Duration;

use super::body::{BodyError, ErrorDetail};
use super::verdict::{Rule, Verdict};
use crate::http::message::StatusCode;
use crate::ports::SendError;

/// One attempt's error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// No reply.
    #[error("{0}")]
    NoReply(#[from] SendError),
    /// The head of a reply, but not all of its body.
    #[error("status {0}, but the reply broke off: {1}")]
    BrokeOff(StatusCode, #[source] SendError),
    /// No whole reply within the time an attempt has.
    #[error("no whole reply within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// Not even enough of the caller's deadline left to ask.
    #[error("no time left to ask")]
    NoTimeLeft,
    /// A reply that is longer than any that was promised.
    #[error("status {0}, but the reply has more than {limit} MiB", limit = .1.div_ceil(1 << 20))]
    TooLong(StatusCode, usize),
    /// A status that says no.
    #[error("status {status}, {detail}")]
    Status {
        /// The status.
        status: StatusCode,
        /// What stood in the body.
        detail: ErrorDetail,
        /// `Retry-After`, where there was one.
        retry_after: Option<Duration>,
        /// What that means for what was asked.
        verdict: Verdict,
    },
    /// A status that says yes, above a body that is not what was promised.
    #[error("status {0}, but {1}")]
    InvalidBody(StatusCode, #[source] BodyError),
    /// The bearer token could not be had.
    #[error("bearer token: {0}")]
    Token(#[source] Box<OutboundError>),
}

impl OutboundError {
    /// Whether the same request, sent once more at once, may well succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NoReply(error) | Self::BrokeOff(_, error) => !matches!(
                error,
                SendError::Denied | SendError::Tls | SendError::Other(_)
            ),
            Self::TimedOut(_) => true,
            Self::Status { verdict, .. } => *verdict == Verdict::Transient,
            Self::Token(error) => error.is_transient(),
            Self::NoTimeLeft | Self::TooLong(..) | Self::InvalidBody(..) => false,
        }
    }

    /// Whether trying again later can help at all. Not where the data API has understood the
    /// request and will never accept it; all else mends itself, or somebody mends it.
    pub fn is_retryable(&self) -> bool {
        !matches!(
            self,
            Self::Status {
                verdict: Verdict::Final,
                ..
            }
        )
    }

    /// Whether no other change would have fared better: the data API refuses them all, or somebody
    /// else answers in its place. A transient error says nothing about that.
    pub fn refuses_all(&self) -> bool {
        match self {
            Self::Status { verdict, .. } => *verdict == Verdict::RefusesAll,
            Self::InvalidBody(..) | Self::TooLong(..) => true,
            Self::Token(error) => !error.is_transient(),
            Self::NoReply(_) | Self::BrokeOff(..) | Self::TimedOut(_) | Self::NoTimeLeft => false,
        }
    }

    /// The same error, as the data API's own `rules` have it.
    pub fn judged_by(mut self, rules: &[Rule]) -> Self {
        if let Self::Status {
            status,
            detail,
            verdict,
            ..
        } = &mut self
        {
            *verdict = Verdict::of(*status, detail, rules);
        }
        self
    }

    /// When the server wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Token(error) => error.retry_after(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16) -> OutboundError {
        let status = StatusCode::from_u16(code).expect("a status");
        let detail = ErrorDetail::BodyError(BodyError::Empty);
        OutboundError::Status {
            verdict: Verdict::of(status, &detail, &[]),
            status,
            detail,
            retry_after: None,
        }
    }

    #[test]
    fn each_bad_answer_reads_differently_in_the_log() {
        let ok = StatusCode::OK;
        let errors = [
            OutboundError::NoReply(SendError::Refused),
            OutboundError::NoReply(SendError::Broken),
            OutboundError::NoReply(SendError::Denied),
            OutboundError::BrokeOff(ok, SendError::Broken),
            OutboundError::TimedOut(Duration::from_secs(5)),
            OutboundError::NoTimeLeft,
            OutboundError::TooLong(ok, 1 << 20),
            status(429),
            status(500),
            status(503),
            OutboundError::InvalidBody(ok, BodyError::Html),
            OutboundError::InvalidBody(ok, BodyError::CutOff),
            OutboundError::InvalidBody(ok, BodyError::NotJson),
            OutboundError::InvalidBody(ok, BodyError::Shape),
            OutboundError::Token(Box::new(status(429))),
        ];
        let mut texts: Vec<_> = errors.iter().map(OutboundError::to_string).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), errors.len(), "{texts:#?}");
    }

    #[test]
    fn what_may_pass_and_what_is_worth_a_second_attempt() {
        for (error, momentary, is_retryable) in [
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
            (OutboundError::NoReply(SendError::Refused), true, true),
            (OutboundError::NoReply(SendError::Broken), true, true),
            (OutboundError::NoReply(SendError::Unresolved), true, true),
            (OutboundError::NoReply(SendError::Denied), false, true),
            (OutboundError::NoReply(SendError::Tls), false, true),
            (OutboundError::TimedOut(Duration::ZERO), true, true),
            (
                OutboundError::BrokeOff(StatusCode::OK, SendError::Broken),
                true,
                true,
            ),
            (OutboundError::TooLong(StatusCode::OK, 1 << 20), false, true),
            (
                OutboundError::InvalidBody(StatusCode::OK, BodyError::Html),
                false,
                true,
            ),
            (OutboundError::Token(Box::new(status(503))), true, true),
            (OutboundError::Token(Box::new(status(400))), false, true),
        ] {
            assert_eq!(
                (error.is_transient(), error.is_retryable()),
                (momentary, is_retryable),
                "{error}"
            );
        }
    }
}
