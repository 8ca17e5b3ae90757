//! The JSON Web Token (RFC 7519) in `Authorization: Bearer` (RFC 6750), as a gateway's OAuth2
//! server signs it.

mod algorithm;
mod claims;
mod error;
mod jws;
mod keys;
mod verified_tokens;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use super::single_header::{REPEATED, SingleHeader};
use super::{Credential, CredentialKind, Finding, OPERATIONS};
use crate::config::JwtSettings;
use crate::http::Received;
use claims::{Claims, ValidityPeriod};
use error::JwtError;
use jws::Jws;
use verified_tokens::{TokenHash, VerifiedTokenCache};

pub use keys::{KeyError, Keys, LeftOut};

/// A longer token is refused unread.
const MAX_TOKEN_BYTES: usize = 16 << 10;

const SCHEME: &str = "Bearer";

/// Verifies tokens.
pub struct Jwt {
    settings: JwtSettings,
    verified_tokens: VerifiedTokenCache,
    /// The key that verified a token last, by its place among the keys.
    last_key: AtomicUsize,
}

/// What is known of a request's token without a public-key operation.
enum Lookup<'a> {
    /// All there is to know.
    Decided(Finding),
    /// It is well formed, and was not verified before.
    Unverified(&'a str),
}

impl Jwt {
    /// Verifies as `settings` say.
    pub fn new(settings: &JwtSettings) -> Self {
        Self {
            settings: settings.clone(),
            verified_tokens: VerifiedTokenCache::default(),
            last_key: AtomicUsize::new(0),
        }
    }

    fn look_up<'a>(&self, received: &'a Received) -> Lookup<'a> {
        let value = match SingleHeader::of(&received.headers, "authorization") {
            SingleHeader::Absent => return Lookup::Decided(Finding::Absent),
            SingleHeader::Repeated => return Lookup::Decided(Finding::Invalid(REPEATED)),
            SingleHeader::One(value) => value,
        };
        let Some(token) = bearer(value) else {
            return Lookup::Decided(Finding::Absent);
        };
        let token = match within_bounds(token) {
            Ok(token) => token,
            Err(error) => return Lookup::Decided(finding(Err(error))),
        };
        if let Some(validity) = self.verified_tokens.get(TokenHash::of(token)) {
            let checked = validity.check(received.at, self.settings.leeway);
            return Lookup::Decided(finding(checked));
        }
        match Jws::parse(token) {
            Ok(_) => Lookup::Unverified(token),
            Err(error) => Lookup::Decided(finding(Err(error))),
        }
    }

    fn verify_new(&self, token: &str, now: SystemTime) -> Result<(), JwtError> {
        let validity = self.verify_uncached(token)?;
        self.verified_tokens.add(TokenHash::of(token), validity);
        validity.check(now, self.settings.leeway)
    }

    fn verify_uncached(&self, token: &str) -> Result<ValidityPeriod, JwtError> {
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
        claims.check_parties(issuer.as_deref(), audience.as_deref())?;
        claims.validity()
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
        match self.look_up(received) {
            Lookup::Decided(finding) => finding,
            Lookup::Unverified(token) => finding(self.verify_new(token, received.at)),
        }
    }

    fn glance(&self, received: &Received) -> Option<Finding> {
        match self.look_up(received) {
            Lookup::Decided(finding) => Some(finding),
            Lookup::Unverified(_) => None,
        }
    }
}

fn finding(checked: Result<(), JwtError>) -> Finding {
    checked.map_or_else(|error| Finding::Invalid(error.name()), |()| Finding::Valid)
}

fn within_bounds(token: &[u8]) -> Result<&str, JwtError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(JwtError::TooLong);
    }
    str::from_utf8(token).map_err(|_| JwtError::Malformed)
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
