//! The JSON Web Token (RFC 7519) in `Authorization: Bearer` (RFC 6750), as a gateway's OAuth2
//! server signs it.

mod algorithm;
mod claims;
mod jws;
mod keys;
mod remembered;

use std::time::SystemTime;

use super::shown::{REPEATED, Shown};
use super::{Credential, Finding, Kind};
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
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    TooLong,
    Malformed,
    Critical,
    UnknownKey,
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
        }
    }

    fn verify(&self, token: &[u8], now: SystemTime) -> Result<(), Fault> {
        if token.len() > LONGEST {
            return Err(Fault::TooLong);
        }
        let token = str::from_utf8(token).map_err(|_| Fault::Malformed)?;
        let place = Remembered::place(token);
        let times = match self.remembered.times(place) {
            Some(times) => times,
            None => {
                let times = self.verify_anew(token)?;
                self.remembered.add(place, times);
                times
            }
        };
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
        keys.verify(&jws)?;
        let claims = Claims::parse(&jws.payload)?;
        claims.judge(issuer.as_deref(), audience.as_deref())?;
        claims.times()
    }
}

impl Credential for Jwt {
    fn kind(&self) -> Kind {
        Kind::Jwt
    }

    fn challenge(&self) -> String {
        format!("{SCHEME} realm=\"callback\"")
    }

    fn examine(&self, received: &Received) -> Finding {
        let value = match Shown::by(&received.headers, "authorization") {
            Shown::Nothing => return Finding::Absent,
            Shown::Repeated => return Finding::Invalid(REPEATED),
            Shown::One(value) => value,
        };
        match bearer(value).map(|token| self.verify(token, received.at)) {
            None => Finding::Absent,
            Some(Ok(())) => Finding::Valid,
            Some(Err(fault)) => Finding::Invalid(fault.name()),
        }
    }
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
