//! What a token says (RFC 7519, 4.1), and when that holds. jwt-compact's own claims drop fractions
//! of seconds and refuse years beyond its calendar, which RFC 7519 allows both.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::Value as Json;

use super::JwtError;
use super::jws::object;

/// The claims that are checked. Others are the issuer's business.
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

/// A name or a list of them (RFC 7519, 4.1.3).
#[derive(Debug, Deserialize)]
#[serde(try_from = "Json")]
struct Audience(Vec<String>);

impl TryFrom<Json> for Audience {
    type Error = &'static str;

    fn try_from(json: Json) -> Result<Self, Self::Error> {
        let names = match json {
            Json::Array(names) => names,
            name => vec![name],
        };
        let names = names.into_iter().map(|name| match name {
            Json::String(name) => Ok(name),
            _ => Err("a name is a text"),
        });
        names.collect::<Result<_, _>>().map(Self)
    }
}

impl Claims {
    /// Reads the payload of a token.
    pub fn parse(payload: &[u8]) -> Result<Self, JwtError> {
        object(payload)
    }

    /// Whether the token is from `issuer` and for `audience`, where those are set.
    pub fn check_parties(
        &self,
        issuer: Option<&str>,
        audience: Option<&str>,
    ) -> Result<(), JwtError> {
        if issuer.is_some_and(|issuer| self.iss.as_deref() != Some(issuer)) {
            return Err(JwtError::Issuer);
        }
        if audience.is_some_and(|audience| !self.is_for(audience)) {
            return Err(JwtError::Audience);
        }
        Ok(())
    }

    fn is_for(&self, audience: &str) -> bool {
        let names = self.aud.iter().flat_map(|Audience(names)| names);
        names.into_iter().any(|name| name == audience)
    }

    /// When the token holds. One that never ends is refused.
    pub fn validity(&self) -> Result<ValidityPeriod, JwtError> {
        Ok(ValidityPeriod {
            expires: self.exp.ok_or(JwtError::NoExpiry)?,
            not_before: self.nbf,
            issued: self.iat,
        })
    }
}

/// When a token holds.
#[derive(Debug, Clone, Copy)]
pub struct ValidityPeriod {
    expires: Seconds,
    not_before: Option<Seconds>,
    issued: Option<Seconds>,
}

impl ValidityPeriod {
    /// Whether the token holds at `now`, by clocks that may differ by `leeway`.
    pub fn check(&self, now: SystemTime, leeway: Duration) -> Result<(), JwtError> {
        let now = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64();
        let leeway = leeway.as_secs_f64();
        if now >= self.expires + leeway {
            return Err(JwtError::Expired);
        }
        let is_future = |time: Seconds| time > now + leeway;
        if self.not_before.is_some_and(is_future) {
            return Err(JwtError::NotYetValid);
        }
        if self.issued.is_some_and(is_future) {
            return Err(JwtError::IssuedInFuture);
        }
        Ok(())
    }
}
