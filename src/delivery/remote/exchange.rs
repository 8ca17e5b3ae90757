//! Requests to a data API: what every one of them carries, how long it may take, and the second
//! attempt it has.

use std::time::Duration;

use bytes::Bytes;

use crate::config::ServerSettings;
use crate::delivery::outcome::{Applied, DeliveryError, Outcome};
use crate::http::message::{Request, StatusCode};
use crate::instance::within;
use crate::outbound::oauth::{Bearer, BearerTokens};
use crate::outbound::{JSON, OutboundError, OutboundReply, Rule, json_request, send_once};
use crate::ports::{Clock, Outbound, Random};

/// How long a caller waits for its change, all attempts and pauses together.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// A pause before the second attempt is this, or what the server wants, and up to this more by
/// chance, so that callers whom the same error has hit do not all come back at once.
const PAUSE: Duration = Duration::from_millis(100);

/// A server that wants a longer pause gets no second attempt while the caller waits.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// One data API.
pub struct DataApiClient {
    server: ServerSettings,
    tokens: Option<BearerTokens>,
    rules: &'static [Rule],
}

/// A request to a data API.
pub struct DataApiRequest {
    method: &'static str,
    target: String,
    header: Option<(&'static str, &'static str)>,
    body: Option<Bytes>,
}

/// How to ask whether a data API is there, without writing anything.
pub struct Probe {
    /// Its own root, which most of them serve to everybody.
    pub root: DataApiRequest,
    /// What is asked of the data API itself where the root does not tell.
    pub closer: DataApiRequest,
}

/// All requests that one change takes: they share the caller's deadline and one second attempt.
pub struct Exchange<'a, H> {
    host: &'a H,
    client: &'a DataApiClient,
    deadline: Duration,
    /// Whether a first attempt may be followed by a second.
    may_retry: bool,
    renewed: bool,
    retried: Option<OutboundError>,
    /// A refusal that was read as "no such row", but may as well mean the table.
    pub doubtful: Option<OutboundError>,
}

impl DataApiRequest {
    /// A request without a body to this path and query at the data API's origin.
    pub fn new(method: &'static str, target: String) -> Self {
        Self {
            method,
            target,
            header: None,
            body: None,
        }
    }

    /// With a header that only this kind of request has; its name stands in lower case.
    pub fn with_header(self, header: (&'static str, &'static str)) -> Self {
        let header = Some(header);
        Self { header, ..self }
    }

    /// With a body, which is JSON.
    pub fn with_body(self, body: Vec<u8>) -> Self {
        let body = Some(body.into());
        Self { body, ..self }
    }
}

impl DataApiClient {
    /// A client of the server that settings name, whose refusals mean what `rules` say.
    pub fn new(server: ServerSettings, rules: &'static [Rule]) -> Self {
        Self {
            tokens: server.oauth.clone().map(BearerTokens::new),
            server,
            rules,
        }
    }

    /// `data_api_path`.
    pub fn path(&self) -> &str {
        &self.server.path
    }

    /// The requests of one change.
    pub fn exchange<'a, H: Clock>(&'a self, host: &'a H) -> Exchange<'a, H> {
        Exchange {
            host,
            client: self,
            deadline: host.monotonic() + DEADLINE,
            may_retry: true,
            renewed: false,
            retried: None,
            doubtful: None,
        }
    }

    /// The requests of a change that nobody waits for: each is sent once, all within this time, and
    /// what comes of it does not cost others their bearer token.
    pub fn single_attempt<'a, H: Clock>(&'a self, host: &'a H, time: Duration) -> Exchange<'a, H> {
        Exchange {
            deadline: host.monotonic() + time,
            may_retry: false,
            renewed: true,
            ..self.exchange(host)
        }
    }

    fn request(&self, request: &DataApiRequest, token: Option<&Bearer>) -> Request<Bytes> {
        let mut headers = self.server.headers.clone();
        if let Some((name, value)) = request.header {
            headers.set(name, value);
        }
        if let Some(token) = token {
            headers.set("authorization", token.expose());
        }
        let url = format!("{}{}", self.server.origin, request.target);
        let body = request.body.clone().map(|body| (JSON, body));
        json_request(request.method, url, headers, body)
    }
}

impl<H: Clock + Outbound + Random> Exchange<'_, H> {
    /// `data_api_path`.
    pub fn path(&self) -> &str {
        self.client.path()
    }

    /// What came of the change, and of its requests.
    pub fn end(self, result: Result<Outcome, DeliveryError>) -> Applied {
        Applied {
            result,
            retried: self.retried,
            doubtful: self.doubtful,
        }
    }

    /// Sends a request, and once more where that may well help. Any status but 2xx is an error.
    pub async fn send(&mut self, request: &DataApiRequest) -> Result<OutboundReply, OutboundError> {
        loop {
            match self.attempt(request).await {
                Ok(answer) => return Ok(answer),
                Err(error) => self.second_attempt(error).await?,
            }
        }
    }

    /// Sends a request once. Any status but 2xx is an error.
    pub async fn attempt(
        &mut self,
        request: &DataApiRequest,
    ) -> Result<OutboundReply, OutboundError> {
        loop {
            let until = self.host.monotonic() + self.limit()?;
            let token = self.token(until).await?;
            let outgoing = self.client.request(request, token.as_ref());
            let left = until.saturating_sub(self.host.monotonic());
            let error = match send_once(self.host, outgoing, left).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match (&self.client.tokens, token) {
                (Some(tokens), Some(refused)) if is_unauthorized(&error) && !self.renewed => {
                    // It may have been withdrawn before its time.
                    self.renewed = true;
                    tokens.forget(&refused);
                }
                _ => return Err(error.judged_by(self.client.rules)),
            }
        }
    }

    /// Returns after a pause where trying once more may well help, otherwise with the error.
    pub async fn second_attempt(&mut self, error: OutboundError) -> Result<(), OutboundError> {
        let Some(pause) = self.pause_after(&error) else {
            return Err(error);
        };
        self.retried = Some(error);
        self.host.sleep(pause).await;
        Ok(())
    }

    async fn token(&self, until: Duration) -> Result<Option<Bearer>, OutboundError> {
        let Some(tokens) = &self.client.tokens else {
            return Ok(None);
        };
        let limit = until.saturating_sub(self.host.monotonic());
        // Not with this limit: others of the instance wait for the same token, and have longer.
        let token = tokens.get(self.host, self.client.server.timeout);
        let token = within(self.host, limit, token).await;
        let token = token.unwrap_or(Err(OutboundError::TimedOut(limit)));
        token
            .map(Some)
            .map_err(|error| OutboundError::Token(Box::new(error)))
    }

    /// How long the next attempt may take.
    fn limit(&self) -> Result<Duration, OutboundError> {
        let left = self.deadline.saturating_sub(self.host.monotonic());
        if left.is_zero() {
            return Err(OutboundError::NoTimeLeft);
        }
        Ok(left.min(self.client.server.timeout))
    }

    /// How long to wait before the second attempt; `None`: there is to be none.
    fn pause_after(&self, error: &OutboundError) -> Option<Duration> {
        if !self.may_retry || self.retried.is_some() || !error.is_transient() {
            return None;
        }
        let chance = f64::from(self.host.random() as u32) / f64::from(u32::MAX);
        let pause = error.retry_after().unwrap_or(PAUSE);
        let pause = pause.saturating_add(PAUSE.mul_f64(chance));
        let left = self.deadline.saturating_sub(self.host.monotonic());
        (pause <= LONGEST_PAUSE && pause < left).then_some(pause)
    }
}

fn is_unauthorized(error: &OutboundError) -> bool {
    matches!(error, OutboundError::Status { status, .. } if *status == StatusCode::UNAUTHORIZED)
}

#[cfg(test)]
mod tests;
