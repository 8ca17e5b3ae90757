//! Requests to the mailbox that this instance collects from.

use std::time::Duration;

use bytes::Bytes;

use super::error::CollectError;
use crate::config::{CollectSettings, Secret};
use crate::delivery::outbox::{CollectedEntry, CollectedPage, PAGE_VERSION, Scheduled};
use crate::http::message::{Headers, Request};
use crate::outbound::{JSON, json_request, send_for};
use crate::ports::{Clock, Outbound};

/// How many entries are asked for at a time.
const PAGE: usize = 100;

/// How long a mailbox waits at most until something comes.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// How long a reply may take beyond that.
const PATIENCE: Duration = Duration::from_secs(10);

/// A page has up to 1 MiB, and something around its entries.
const LONGEST_PAGE: usize = (1 << 20) + MARGIN;
const MARGIN: usize = 64 << 10;

/// The mailbox that this instance collects from.
pub struct MailboxClient {
    url: String,
    bearer: Secret,
    longest: usize,
}

impl MailboxClient {
    /// A client of the mailbox that settings name. No entry is longer than what was made of a body of
    /// `max_body_bytes`: its JSON as a text in JSON, and columns that repeat parts of it.
    pub fn new(settings: &CollectSettings, max_body_bytes: usize) -> Self {
        let CollectSettings { url, token } = settings;
        Self {
            url: url.clone(),
            bearer: Secret::new(format!("Bearer {}", token.expose())),
            longest: LONGEST_PAGE.max(max_body_bytes.saturating_mul(3) + MARGIN),
        }
    }

    /// The next entries behind `after`: as soon as there are any, or none after `wait`.
    pub async fn collect(
        &self,
        host: &(impl Clock + Outbound),
        wait: Duration,
        after: Option<Scheduled>,
    ) -> Result<Vec<CollectedEntry>, CollectError> {
        let wait = wait.min(LONGEST_WAIT);
        let seconds = wait.as_secs();
        let mut query = format!("wait={seconds}&limit={PAGE}&version={PAGE_VERSION}");
        if let Some(after) = after {
            query.push_str(&format!("&after={after}"));
        }
        self.page(host, &query, wait).await
    }

    /// Whether it is there, and lets this instance collect. Nothing is collected.
    pub async fn probe(&self, host: &(impl Clock + Outbound)) -> Result<(), CollectError> {
        let query = format!("wait=0&limit=0&version={PAGE_VERSION}");
        self.page(host, &query, Duration::ZERO).await.map(drop)
    }

    /// Has entries removed.
    pub async fn acknowledge(
        &self,
        host: &(impl Clock + Outbound),
        entries: &[Scheduled],
    ) -> Result<(), CollectError> {
        // Of what no escape is needed for.
        let ids: Vec<_> = entries.iter().map(|id| format!("\"{id}\"")).collect();
        let list = format!("{{\"version\":{PAGE_VERSION},\"ids\":[{}]}}", ids.join(","));
        let url = format!("{}/ack", self.url);
        let request = self.request("POST", url, Some(list.into()));
        let reply = send_for(host, request, PATIENCE, LONGEST_PAGE).await?;
        match reply.json()?.get("removed") {
            Some(_) => Ok(()),
            None => Err(reply.unexpected().into()),
        }
    }

    async fn page(
        &self,
        host: &(impl Clock + Outbound),
        query: &str,
        wait: Duration,
    ) -> Result<Vec<CollectedEntry>, CollectError> {
        let url = format!("{}?{query}", self.url);
        let request = self.request("GET", url, None);
        let reply = send_for(host, request, wait + PATIENCE, self.longest).await?;
        let CollectedPage(entries) = CollectedPage::parse(&reply.body)?;
        Ok(entries)
    }

    fn request(&self, method: &str, url: String, body: Option<Bytes>) -> Request<Bytes> {
        let mut headers = Headers::default();
        headers.set("authorization", self.bearer.expose());
        json_request(method, url, headers, body.map(|body| (JSON, body)))
    }
}
