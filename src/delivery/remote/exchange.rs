//! Requests to a data API: what every one of them carries, how long it may take, and the second
//! chance it has.

use std::time::Duration;

use bytes::Bytes;

use crate::config::Server;
use crate::delivery::{Failure, Outcome, Tried};
use crate::http::message::{Request, StatusCode};
use crate::instance::within;
use crate::outbound::oauth::{Bearer, BearerTokens};
use crate::outbound::{JSON, OutboundError, OutboundReply, Rule, json_request, send_once};
use crate::ports::{Clock, Outbound, Random};

/// How long a caller waits for its change, all attempts and pauses together.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A pause before the second attempt is this, or what the server wants, and up to this more by
/// chance, so that callers whom the same fault has hit do not all come back at the same moment.
const PAUSE: Duration = Duration::from_millis(100);

/// A server that wants a longer pause gets no second attempt while the caller waits.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// One data API.
pub struct Client {
    server: Server,
    tokens: Option<BearerTokens>,
    rules: &'static [Rule],
}

/// A request to a data API.
pub struct Call {
    method: &'static str,
    target: String,
    header: Option<(&'static str, &'static str)>,
    body: Option<Bytes>,
}

/// How to ask whether a data API is there, without writing anything.
pub struct Probe {
    /// Its own root, which most of them serve to everybody.
    pub root: Call,
    /// What is asked of the data API itself where the root does not tell.
    pub closer: Call,
}

/// All requests that one change takes: they share the caller's patience and one second chance.
pub struct Exchange<'a, H> {
    host: &'a H,
    client: &'a Client,
    deadline: Duration,
    renewed: bool,
    retried: Option<OutboundError>,
    /// A refusal that was taken for "no such row", but may as well mean the table.
    pub doubtful: Option<OutboundError>,
}

impl Call {
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

impl Client {
    /// A client of the server that settings name, whose refusals mean what `rules` say.
    pub fn new(server: Server, rules: &'static [Rule]) -> Self {
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
            deadline: host.monotonic() + PATIENCE,
            renewed: false,
            retried: None,
            doubtful: None,
        }
    }

    fn request(&self, call: &Call, token: Option<&Bearer>) -> Request<Bytes> {
        let mut headers = self.server.headers.clone();
        if let Some((name, value)) = call.header {
            headers.set(name, value);
        }
        if let Some(token) = token {
            headers.set("authorization", token.expose());
        }
        let url = format!("{}{}", self.server.origin, call.target);
        let body = call.body.clone().map(|body| (JSON, body));
        json_request(call.method, url, headers, body)
    }
}

impl<H: Clock + Outbound + Random> Exchange<'_, H> {
    /// `data_api_path`.
    pub fn path(&self) -> &str {
        self.client.path()
    }

    /// What came of the change, and of its requests.
    pub fn end(self, result: Result<Outcome, Failure>) -> Tried {
        Tried {
            result,
            retried: self.retried,
            doubtful: self.doubtful,
        }
    }

    /// Sends a request, and once more where that may well help. Any status but 2xx is a fault.
    pub async fn send(&mut self, call: &Call) -> Result<OutboundReply, OutboundError> {
        loop {
            match self.attempt(call).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => self.second_chance(fault).await?,
            }
        }
    }

    /// Sends a request once. Any status but 2xx is a fault.
    pub async fn attempt(&mut self, call: &Call) -> Result<OutboundReply, OutboundError> {
        loop {
            let until = self.host.monotonic() + self.limit()?;
            let token = self.token(until).await?;
            let request = self.client.request(call, token.as_ref());
            let left = until.saturating_sub(self.host.monotonic());
            let fault = match send_once(self.host, request, left).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            match (&self.client.tokens, token) {
                (Some(tokens), Some(refused)) if is_unauthorized(&fault) && !self.renewed => {
                    // It may have been withdrawn before its time.
                    self.renewed = true;
                    tokens.forget(&refused);
                }
                _ => return Err(fault.judged_by(self.client.rules)),
            }
        }
    }

    /// Returns after a pause where trying once more may well help, otherwise with the fault.
    pub async fn second_chance(&mut self, fault: OutboundError) -> Result<(), OutboundError> {
        let Some(pause) = self.pause_after(&fault) else {
            return Err(fault);
        };
        self.retried = Some(fault);
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
            .map_err(|fault| OutboundError::Token(Box::new(fault)))
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
    fn pause_after(&self, fault: &OutboundError) -> Option<Duration> {
        if self.retried.is_some() || !fault.is_transient() {
            return None;
        }
        let chance = f64::from(self.host.random() as u32) / f64::from(u32::MAX);
        let pause = fault.retry_after().unwrap_or(PAUSE);
        let pause = pause.saturating_add(PAUSE.mul_f64(chance));
        let left = self.deadline.saturating_sub(self.host.monotonic());
        (pause <= LONGEST_PAUSE && pause < left).then_some(pause)
    }
}

fn is_unauthorized(fault: &OutboundError) -> bool {
    matches!(fault, OutboundError::Status { status, .. } if *status == StatusCode::UNAUTHORIZED)
}

#[cfg(test)]
mod tests;
