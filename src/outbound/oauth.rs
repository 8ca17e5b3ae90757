//! The bearer token a data API wants: OAuth2 client credentials (RFC 6749, 4.4), fetched by one
//! request and remembered for the others until shortly before it ends.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value as Json;

use super::body::BodyError;
use super::error::OutboundError;
use super::request::{encoded, json_request, send_once};
use crate::config::{OAuthSettings, Secret};
use crate::http::message::{Headers, Request, is_field_value};
use crate::instance::SingleFlightCache;
use crate::ports::{Clock, Outbound};

/// A token is fetched anew this long before its end, or a tenth of its life where that is less:
/// it must still be good when the data API looks at it.
const MARGIN: Duration = Duration::from_secs(60);

/// No token is remembered for longer, whatever its issuer says.
const LONGEST: Duration = Duration::from_secs(86_400);

/// How long a token is assumed to live whose issuer does not say.
const UNSAID: Duration = Duration::from_secs(300);

/// The value of an `Authorization` header.
pub type Bearer = Secret;

/// The tokens of one client.
pub struct BearerTokens {
    settings: OAuthSettings,
    last: SingleFlightCache<Result<Bearer, OutboundError>>,
}

impl BearerTokens {
    /// None so far.
    pub fn new(settings: OAuthSettings) -> Self {
        Self {
            settings,
            last: SingleFlightCache::default(),
        }
    }

    /// The value of an `Authorization` header.
    pub async fn get(
        &self,
        host: &(impl Clock + Outbound),
        limit: Duration,
    ) -> Result<Bearer, OutboundError> {
        let fetch = async || match self.fetch(host, limit).await {
            Ok((token, life)) => (Ok(token), life),
            Err(error) => (Err(error), Duration::ZERO),
        };
        self.last.get(host, fetch).await
    }

    /// The data API did not accept this one.
    pub fn forget(&self, token: &Bearer) {
        self.last.forget(|last| {
            last.as_ref()
                .is_ok_and(|last| last.expose() == token.expose())
        });
    }

    async fn fetch(
        &self,
        host: &(impl Clock + Outbound),
        limit: Duration,
    ) -> Result<(Bearer, Duration), OutboundError> {
        let answer = send_once(host, self.request(), limit).await?;
        // RFC 6749, 5.1.
        let issued = answer.json()?;
        let promised = |name| OutboundError::InvalidBody(answer.status, BodyError::Member(name));
        // Some issuers leave it out, and have no other type.
        match issued.get("token_type") {
            None | Some(Json::Null) => {}
            Some(Json::String(kind)) if kind.eq_ignore_ascii_case("bearer") => {}
            Some(_) => return Err(promised("token_type")),
        }
        let token = issued.get("access_token").and_then(Json::as_str);
        let token = token.filter(|token| !token.is_empty() && is_field_value(token));
        let token = token.ok_or_else(|| promised("access_token"))?;
        let bearer = Secret::new(format!("Bearer {token}"));
        let life = issued.get("expires_in").and_then(seconds).unwrap_or(UNSAID);
        let life = life.min(LONGEST);
        Ok((bearer, life - MARGIN.min(life / 10)))
    }

    fn request(&self) -> Request<Bytes> {
        let content = ("application/x-www-form-urlencoded", self.form().into());
        let url = self.settings.url.clone();
        json_request("POST", url, Headers::default(), Some(content))
    }

    fn form(&self) -> String {
        let settings = &self.settings;
        let fields = [
            ("grant_type", Some("client_credentials")),
            ("client_id", Some(settings.client_id.as_str())),
            ("client_secret", Some(settings.client_secret.expose())),
            ("scope", settings.scope.as_deref()),
        ];
        let fields = fields
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", encoded(value?))));
        fields.collect::<Vec<_>>().join("&")
    }
}

/// Some issuers write the number as a text.
fn seconds(value: &Json) -> Option<Duration> {
    let seconds = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    seconds.map(Duration::from_secs)
}

#[cfg(test)]
mod tests;
