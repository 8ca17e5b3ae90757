//! Why a token is refused, in the log's words.

use std::fmt;

/// Why a token is refused. It has no source: what the parsers say of a token quotes it, and this
/// goes to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwtError {
    /// Longer than is looked at.
    TooLong,
    /// Not three parts, or not JSON with the members that a token has.
    Malformed,
    /// An extension that must be understood (RFC 7515, 4.1.11).
    Critical,
    /// The signer's keys are not there.
    NoKeys,
    /// No key has that `kid`, or verifies that `alg`.
    UnknownKey,
    /// None of the keys that were tried has signed it, and there are more.
    KeysLeft,
    /// Signed by another key, or changed since.
    Signature,
    /// From another issuer than the one that is set.
    Issuer,
    /// For another audience than the one that is set.
    Audience,
    /// It would never end.
    NoExpiry,
    /// `exp` is past.
    Expired,
    /// `nbf` is ahead.
    NotYetValid,
    /// `iat` is ahead.
    IssuedInFuture,
}

impl JwtError {
    /// In the log's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooLong => "too long",
            Self::Malformed => "malformed",
            Self::Critical => "critical header",
            Self::NoKeys => "no keys",
            Self::UnknownKey => "unknown key",
            Self::KeysLeft => "more keys fit than are tried, and those have not signed it",
            Self::Signature => "wrong signature",
            Self::Issuer => "wrong issuer",
            Self::Audience => "wrong audience",
            Self::NoExpiry => "no expiry",
            Self::Expired => "expired",
            Self::NotYetValid => "not yet valid",
            Self::IssuedInFuture => "issued in the future",
        }
    }
}

impl fmt::Display for JwtError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl std::error::Error for JwtError {}
