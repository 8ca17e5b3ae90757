//! What a token says (RFC 7519, 4.1), and when that holds.

use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::Fault;
use super::jws::object;

/// The claims that are judged. Others are the issuer's business.
#[derive(Debug, Deserialize)]
pub struct Claims {
    iss: Option<String>,
    aud: Option<Audience>,
    exp: Option<Seconds>,
    nbf: Option<Seconds>,
    iat: Option<Seconds>,
}

/// Seconds since 1970, not necessarily whole (RFC 7519, 2: NumericDate).
type Seconds = f64;

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Claims {
    /// Reads the payload of a token.
    pub fn parse(payload: &[u8]) -> Result<Self, Fault> {
        object(payload)
    }

    /// Whether the token is from `issuer` and for `audience`, where those are set.
    pub fn judge(&self, issuer: Option<&str>, audience: Option<&str>) -> Result<(), Fault> {
        if issuer.is_some_and(|issuer| self.iss.as_deref() != Some(issuer)) {
            return Err(Fault::Issuer);
        }
        if audience.is_some_and(|audience| !self.is_for(audience)) {
            return Err(Fault::Audience);
        }
        Ok(())
    }

    fn is_for(&self, audience: &str) -> bool {
        match &self.aud {
            None => false,
            Some(Audience::One(only)) => only == audience,
            Some(Audience::Many(all)) => all.iter().any(|one| one == audience),
        }
    }

    /// When the token holds. One that never ends is refused.
    pub fn times(&self) -> Result<Times, Fault> {
        Ok(Times {
            expires: self.exp.ok_or(Fault::NoExpiry)?,
            not_before: self.nbf,
            issued: self.iat,
        })
    }
}

/// When a token holds.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    expires: Seconds,
    not_before: Option<Seconds>,
    issued: Option<Seconds>,
}

impl Times {
    /// Whether the token holds at `now`, by clocks that may differ by `leeway`.
    pub fn judge(&self, now: SystemTime, leeway: Duration) -> Result<(), Fault> {
        let now = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64();
        let leeway = leeway.as_secs_f64();
        if now >= self.expires + leeway {
            return Err(Fault::Expired);
        }
        let is_future = |time: Seconds| time > now + leeway;
        if self.not_before.is_some_and(is_future) {
            return Err(Fault::NotYetValid);
        }
        if self.issued.is_some_and(is_future) {
            return Err(Fault::IssuedInFuture);
        }
        Ok(())
    }
}
