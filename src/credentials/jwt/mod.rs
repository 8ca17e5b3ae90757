//! The JSON Web Token (RFC 7519) in `Authorization: Bearer` (RFC 6750), as a gateway's OAuth2
//! server signs it.

mod algorithm;
mod claims;
mod error;
mod jws;
mod key_report;
mod key_set;
mod keys;
mod published_keys;
mod stored_keys;
mod verified_tokens;

use std::sync::Arc;
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

pub use key_report::{KeyReport, KeysState, KeysStatus, KeysUnavailableError};
pub use keys::{KeyError, Keys, LeftOut};
pub use published_keys::{KeyPorts, PublishedKeys};

/// A longer token is refused unread.
const MAX_TOKEN_BYTES: usize = 16 << 10;

const SCHEME: &str = "Bearer";

/// Verifies tokens.
pub struct Jwt {
    settings: JwtSettings,
    /// `jwt_public_key`.
    fixed: Option<Arc<Keys>>,
    /// The keys that the signer publishes, where it does.
    published: Option<PublishedKeys>,
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
        let fixed = settings.keys.clone().map(Arc::new);
        let published = settings.published.as_ref();
        Self {
            published: published.map(|it| PublishedKeys::new(it, fixed.clone())),
            fixed,
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
        let published = self.published.as_ref();
        let generation = published.map(|it| it.generation(received.at));
        let (hash, generation) = (TokenHash::of(token), generation.unwrap_or_default());
        if let Some(validity) = self.verified_tokens.get(hash, generation) {
            let checked = validity.check(received.at, self.settings.leeway);
            return Lookup::Decided(finding(checked));
        }
        match Jws::parse(token) {
            Ok(_) => Lookup::Unverified(token),
            Err(error) => Lookup::Decided(finding(Err(error))),
        }
    }

    /// The keys that the signer publishes, where it does.
    pub fn published(&self) -> Option<&PublishedKeys> {
        self.published.as_ref()
    }

    /// Looks at the request, and fetches the key that its token names where that is not known.
    ///
    /// # Errors
    /// The key may be one of those that the signer publishes, and these are not there.
    pub async fn check(
        &self,
        host: &impl KeyPorts,
        received: &Received,
    ) -> Result<Finding, KeysUnavailableError> {
        let (Some(published), Some(key_id)) = (&self.published, self.lacks_key(received)) else {
            return Ok(self.examine(received));
        };
        let before = published.generation(received.at);
        // A fixed key may have no name, and be meant by any.
        let by_fixed = self.fixed.as_ref().map(|_| self.examine(received));
        if by_fixed == Some(Finding::Valid) {
            return Ok(Finding::Valid);
        }
        let obtained = published.obtain(host, key_id.as_deref()).await;
        let finding = match by_fixed.filter(|_| published.generation(received.at) == before) {
            Some(finding) => finding,
            None => self.examine(received),
        };
        match finding {
            Finding::Valid => Ok(finding),
            finding => obtained.map(|()| finding),
        }
    }

    /// Whether the token names no key that is not there.
    pub fn has_key(&self, received: &Received) -> bool {
        self.lacks_key(received).is_none()
    }

    /// `kid` of a token whose key is not there.
    fn lacks_key(&self, received: &Received) -> Option<Option<String>> {
        let published = self.published.as_ref()?;
        let Lookup::Unverified(token) = self.look_up(received) else {
            return None;
        };
        let key_id = Jws::parse(token).ok()?.key_id;
        let lacks = published.lacks(key_id.as_deref(), received.at);
        lacks.then_some(key_id)
    }

    fn keys(&self, now: SystemTime) -> Option<Arc<Keys>> {
        match &self.published {
            Some(published) => published.current(now),
            None => self.fixed.clone(),
        }
    }

    fn verify_new(&self, token: &str, now: SystemTime) -> Result<(), JwtError> {
        let validity = self.verify_uncached(token, now)?;
        self.verified_tokens.add(TokenHash::of(token), validity);
        validity.check(now, self.settings.leeway)
    }

    fn verify_uncached(&self, token: &str, now: SystemTime) -> Result<ValidityPeriod, JwtError> {
        let JwtSettings {
            issuer, audience, ..
        } = &self.settings;
        let jws = Jws::parse(token)?;
        let keys = self.keys(now).ok_or(JwtError::NoKeys)?;
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
