//! The JSON Web Token (RFC 7519) in `Authorization: Bearer` (RFC 6750), as a gateway's OAuth2
//! server signs it.

mod algorithm;
mod claims;
mod jws;
mod keys;
mod remembered;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use super::single_header::{REPEATED, SingleHeader};
use super::{Credential, CredentialKind, Finding, OPERATIONS};
use crate::config::JwtSettings;
use crate::http::Received;
use claims::Claims;
use jws::Jws;
use remembered::Remembered;

pub use keys::{KeyFault, Keys, LeftOut};

/// Longest token that is looked at, in bytes.
const LONGEST: usize = 16 << 10;

const SCHEME: &str = "Bearer";

/// Verifies tokens.
pub struct Jwt {
    settings: JwtSettings,
    remembered: Remembered,
    /// The key that verified a token last, by its place among the keys.
    last_key: AtomicUsize,
}

/// A token in `Authorization`.
enum Presented<'a> {
    /// What is known of it without a public-key operation.
    Known(Result<(), Fault>),
    /// It is well formed, and was not verified before.
    New(&'a str),
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    TooLong,
    Malformed,
    Critical,
    UnknownKey,
    KeysLeft,
    Signature,
    Issuer,
    Audience,
    NoExpiry,
    Expired,
    NotYetValid,
    IssuedInFuture,
}

impl Fault {
    /// In the log's words.
    fn name(self) -> &'static str {
        match self {
            Self::TooLong => "too long",
            Self::Malformed => "malformed",
            Self::Critical => "critical header",
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

impl Jwt {
    /// Verifies as `settings` say.
    pub fn new(settings: &JwtSettings) -> Self {
        Self {
            settings: settings.clone(),
            remembered: Remembered::default(),
            last_key: AtomicUsize::new(0),
        }
    }

    /// The token of the header, or what follows from there being none.
    fn presented<'a>(&self, received: &'a Received) -> Result<Presented<'a>, Finding> {
        let value = match SingleHeader::of(&received.headers, "authorization") {
            SingleHeader::Absent => return Err(Finding::Absent),
            SingleHeader::Repeated => return Err(Finding::Invalid(REPEATED)),
            SingleHeader::One(value) => value,
        };
        let token = bearer(value).ok_or(Finding::Absent)?;
        let known = |fault| Ok(Presented::Known(Err(fault)));
        if token.len() > LONGEST {
            return known(Fault::TooLong);
        }
        let Ok(token) = str::from_utf8(token) else {
            return known(Fault::Malformed);
        };
        match self.remembered.times(Remembered::place(token)) {
            Some(times) => {
                let judged = times.judge(received.at, self.settings.leeway);
                Ok(Presented::Known(judged))
            }
            None => match Jws::parse(token) {
                Ok(_) => Ok(Presented::New(token)),
                Err(fault) => known(fault),
            },
        }
    }

    fn verify_new(&self, token: &str, now: SystemTime) -> Result<(), Fault> {
        let times = self.verify_anew(token)?;
        self.remembered.add(Remembered::place(token), times);
        times.judge(now, self.settings.leeway)
    }

    fn verify_anew(&self, token: &str) -> Result<claims::Times, Fault> {
        let JwtSettings {
            keys,
            issuer,
            audience,
            ..
        } = &self.settings;
        let jws = Jws::parse(token)?;
        let key = keys.verify(&jws, self.last_key.load(Ordering::Relaxed))?;
        self.last_key.store(key, Ordering::Relaxed);
        let claims = Claims::parse(&jws.payload)?;
        claims.judge(issuer.as_deref(), audience.as_deref())?;
        claims.times()
    }
}

impl Credential for Jwt {
    fn kind(&self) -> CredentialKind {
        CredentialKind::Jwt
    }

    fn challenge(&self) -> String {
        format!("{SCHEME} realm=\"callback\"")
    }

    fn examine(&self, received: &Received) -> Finding {
        match self.presented(received) {
            Err(finding) => finding,
            Ok(Presented::Known(judged)) => finding(judged),
            Ok(Presented::New(token)) => finding(self.verify_new(token, received.at)),
        }
    }

    fn glance(&self, received: &Received) -> Option<Finding> {
        match self.presented(received) {
            Err(finding) => Some(finding),
            Ok(Presented::Known(judged)) => Some(finding(judged)),
            Ok(Presented::New(_)) => None,
        }
    }
}

fn finding(judged: Result<(), Fault>) -> Finding {
    judged.map_or_else(|fault| Finding::Invalid(fault.name()), |()| Finding::Valid)
}

/// The token of a `Bearer` header; `None` where the header is of another scheme.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let end = value.iter().position(|&byte| byte == b' ');
    let (scheme, token) = value.split_at(end.unwrap_or(value.len()));
    scheme
        .eq_ignore_ascii_case(SCHEME.as_bytes())
        .then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests;
