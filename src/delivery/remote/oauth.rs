//! The bearer token a data API wants: OAuth2 client credentials (RFC 6749, 4.4), fetched by one
//! request and remembered for the others until shortly before it ends.

use std::time::Duration;

use ::http::{HeaderValue, Method, Request, header};
use bytes::Bytes;
use serde_json::Value as Json;

use super::client::{ask, unforeseen};
use super::fault::Fault;
use super::json;
use crate::config::OAuth;
use crate::delivery::{Remembered, encoded};
use crate::ports::{Clock, Outbound};

/// A token is fetched anew this long before its end, or a tenth of its life where that is less:
/// it must still be good when the data API looks at it.
const MARGIN: Duration = Duration::from_secs(60);

/// No token is remembered for longer, whatever its issuer says.
const LONGEST: Duration = Duration::from_secs(86_400);

/// How long a token is taken to live whose issuer does not say.
const UNSAID: Duration = Duration::from_secs(300);

/// The tokens of one client.
pub struct Tokens {
    settings: OAuth,
    last: Remembered<Result<HeaderValue, Fault>>,
}

impl Tokens {
    /// None so far.
    pub fn new(settings: OAuth) -> Self {
        Self {
            settings,
            last: Remembered::default(),
        }
    }

    /// The value of an `Authorization` header.
    pub async fn get(
        &self,
        host: &(impl Clock + Outbound),
        limit: Duration,
    ) -> Result<HeaderValue, Fault> {
        let fetch = async || match self.fetch(host, limit).await {
            Ok((token, life)) => (Ok(token), life),
            Err(fault) => (Err(fault), Duration::ZERO),
        };
        self.last.get(host, fetch).await
    }

    /// The data API did not take this one.
    pub fn forget(&self, token: &HeaderValue) {
        self.last.forget(|last| last.as_ref() == Ok(token));
    }

    async fn fetch(
        &self,
        host: &(impl Clock + Outbound),
        limit: Duration,
    ) -> Result<(HeaderValue, Duration), Fault> {
        let answer = ask(host, self.request()?, limit).await?;
        // RFC 6749, 5.1.
        let issued = json::read(&answer)?;
        let text = |name| issued.get(name).and_then(Json::as_str);
        let token = match (text("access_token"), text("token_type")) {
            (Some(token), Some(kind))
                if kind.eq_ignore_ascii_case("bearer") && !token.is_empty() =>
            {
                token
            }
            _ => return Err(json::shape(&answer)),
        };
        let mut value =
            HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| json::shape(&answer))?;
        value.set_sensitive(true);
        let life = issued.get("expires_in").and_then(seconds).unwrap_or(UNSAID);
        let life = life.min(LONGEST);
        Ok((value, life - MARGIN.min(life / 10)))
    }

    fn request(&self) -> Result<Request<Bytes>, Fault> {
        let body = Bytes::from(self.form());
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.settings.url)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::CONTENT_LENGTH, body.len())
            .body(body);
        request.map_err(unforeseen)
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
