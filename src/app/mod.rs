//! One request's way, from the host's ports to the reply.

mod deliver;
mod notify;
mod operate;
mod routes;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join5;
use percent_encoding::percent_decode_str;

use crate::audit::{self, Line, Lines, Masking, Record};
use crate::config::{Config, Level};
use crate::credentials::{Policy, Refused, Verified};
use crate::delivery::outbox::{Outbox, Pending};
use crate::delivery::{DataApi, DeploymentId, Failure};
use crate::http::message::{Body, Headers, Request, StatusCode};
use crate::http::{self, Incoming, Received, Refusal, Reply, Response};
use crate::instance::key_locks::Holds;
use crate::instance::rate_limiter::{Attempts, Counts, Judgement};
use crate::instance::{Breaker, Remembered};
use crate::interface::Interface;
use crate::operations::health;
use crate::ports::{Clock as _, Host};
use crate::sources;
use routes::{Endpoint, Route, Routes};

/// The application: its settings are read once, and it answers any number of requests at a time.
pub struct App<H> {
    host: Breaker<H>,
    config: Config,
    masking: Masking,
    routes: Routes,
    counts: Arc<Counts>,
    lines: Lines,
    data_api: Option<DataApi>,
    outbox: Outbox,
    interface: Interface,
    /// Notifications that are good once, while they are taken.
    under_way: Holds,
    /// How many requests have no reply yet.
    requests: AtomicUsize,
    /// How many tasks wait for an idle moment to look into the outbox.
    looks: AtomicUsize,
    /// When the settings were read.
    loaded: Duration,
    /// Whether the data API was there when a probe last asked.
    probed: Remembered<Result<(), Failure>>,
}

/// How long settings are used that a provider has kept a part of back.
const READ_ANEW_AFTER: Duration = Duration::from_secs(5);

/// How many calls of one client another service has refused in a minute until it is asked for that
/// client only now and then.
const CHECKS_PER_MINUTE: usize = 60;

/// For how long one answer to the question whether the data API is there does for all probes.
const PROBE_EVERY: Duration = Duration::from_secs(5);

/// What is left to do once a reply is on its way.
#[must_use]
#[derive(Debug)]
pub struct After {
    line: Option<Line>,
    attempted: bool,
    checked: bool,
    /// How many notifications a client has in a minute, where this one was counted.
    counted: usize,
    /// What the request has left in the outbox.
    follow: Option<Pending>,
    /// Nobody was let in, or nothing was kept, so the outbox is not looked at either: what a stranger
    /// sends costs the store nothing.
    refused: bool,
}

/// Counts one more, until this is dropped.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What became of a request, as the audit line names it, and the reply that says so.
type Answer = (&'static str, Reply);

impl<H: Host> App<H> {
    /// Reads the settings and logs what is wrong with them. Doors that depend on it stay shut.
    /// `counts` are those of the instance, which outlive settings that are read anew.
    pub async fn load(host: H, counts: Arc<Counts>) -> Self {
        let config = Config::load(&host).await;
        audit::log_problems(&host, &config.problems);
        if config.log_level <= Level::Warn {
            audit::log_warnings(&host, &config.warnings);
        }
        if config.leaves_sam_untouched {
            audit::log_embedded(&host, config.log_level);
        }
        Self {
            routes: Routes::new(&config),
            masking: Masking::new(&config.secrets),
            counts,
            lines: Lines::default(),
            data_api: config
                .data_api
                .as_ref()
                .map(|chosen| DataApi::new(chosen.clone(), config.names.clone())),
            loaded: host.monotonic(),
            probed: Remembered::default(),
            outbox: Outbox::new(config.outbox_max_age),
            interface: Interface::default(),
            under_way: Holds::default(),
            requests: AtomicUsize::default(),
            looks: AtomicUsize::default(),
            host: Breaker::new(host),
            config,
        }
    }

    /// Whether these settings still hold. Where a provider failed they are read anew, but not at
    /// every request: what an instance remembers goes with them.
    pub fn holds(&self) -> bool {
        let age = self.host.monotonic().saturating_sub(self.loaded);
        !self.config.may_pass() || age < READ_ANEW_AFTER
    }

    /// Answers a request. What is left for [`after`](Self::after) comes with the reply.
    pub async fn respond(&self, request: Request<impl Body>) -> (Response, After) {
        let _counted = Counted::new(&self.requests);
        let headers = &request.headers;
        let request_id = http::request_id(headers, &self.host);
        let client = http::client_address(headers, self.config.trusted_proxies);
        let mut record = Record::open(&self.host, request_id, client);
        let is_head = request.method == "HEAD";

        let (outcome, reply) = match self.answer(request, &mut record).await {
            Ok(answer) => answer,
            Err(refusal) => (refusal.code(), refusal.reply(&record.request_id)),
        };
        let mut response = reply.into_response(&record.request_id);
        if is_head {
            // Its length stays the one that GET would have (RFC 9110, 9.3.2).
            response.body.clear();
        }
        let status = response.status.as_u16();
        let (attempted, checked) = (record.attempted, record.checked);
        let (counted, follow) = (record.counted, record.follow);
        let refused = matches!(status, 401 | 403 | 404 | 405 | 413 | 415 | 429 | 503);
        let level = self.config.log_level;
        let line = record.close(&self.host, &self.masking, outcome, status, level);
        let after = After {
            line,
            attempted,
            checked,
            counted,
            follow,
            refused,
        };
        (response, after)
    }

    /// Does what is left of a request whose reply is on its way.
    pub async fn after(&self, after: After) {
        let written = async {
            if let Some(line) = after.line {
                self.lines.write(&self.host, line).await;
            }
        };
        // Where there is no limit nothing was counted. What a slow store does not learn now it does at
        // the next attempt.
        let settle = async |counted: &Attempts, limit| match limit {
            0 => Ok(()),
            _ if self.host.is_slow() => Ok(()),
            limit => counted.settle(&self.host, limit).await,
        };
        let if_counted = |counted, limit| if counted { limit } else { 0 };
        let attempted = if_counted(after.attempted, self.limit());
        let failed = settle(&self.counts.failed, attempted);
        let checked = if_counted(after.checked, CHECKS_PER_MINUTE);
        let checked = settle(&self.counts.checked, checked);
        let taken = settle(&self.counts.taken, after.counted);
        let carried = async {
            if !after.refused {
                self.carry(after.follow).await;
            }
        };
        // The line is the first to be written.
        let (_, failed, checked, taken, ()) = join5(written, failed, checked, taken, carried).await;
        for error in [failed, checked, taken].into_iter().filter_map(Result::err) {
            audit::log_failure(&self.host, "attempts_not_kept", &error.to_string());
        }
    }

    async fn answer(
        &self,
        request: Request<impl Body>,
        record: &mut Record,
    ) -> Result<Answer, Refusal> {
        let Request {
            method,
            target,
            headers,
            body,
        } = request;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut body = Incoming::new(&self.host, &headers, body, self.config.max_body_bytes);
        let route = self.routes.find(&method, path, query);
        if !matches!(route, Ok(Route::Notify(_))) {
            body.drop_rest().await;
        }
        match route? {
            Route::Notify(endpoint) => {
                let answer = self.notify(endpoint, headers, &mut body, record).await;
                body.drop_rest().await;
                Ok(answer.unwrap_or_else(|refusal| refused(endpoint, &refusal, record)))
            }
            Route::Refused(endpoint, refusal) => Ok(refused(endpoint, &refusal, record)),
            Route::MessagesHealth => Ok(("healthy", sources::health(self.host.now()))),
            Route::Lookup(endpoint, key) => self.look_up(endpoint, key, headers, record).await,
            Route::Admin(call) => self.admin(call, headers, record).await,
            Route::Document => self.document(headers, record).await,
            Route::Page(file) => Ok(("documented", file.reply(&headers))),
            Route::Health => Ok(("healthy", health::alive())),
            Route::Ready => {
                let probed = self.probe().await;
                let embedded = self.config.shows_rows();
                Ok(health::readiness(
                    &self.config.problems,
                    probed,
                    embedded,
                    record,
                ))
            }
        }
    }

    async fn verify(
        &self,
        policy: &Policy,
        received: Received,
        record: &mut Record,
    ) -> Result<Verified, Refusal> {
        let (counted, limit) = self.failed_attempts(policy);
        let may_cost = async || counted.may_cost(&self.host, record.client, limit).await;
        match policy.admit(&self.host, received, may_cost).await {
            Ok(Ok(verified)) => {
                record.credentials = verified.by().to_vec();
                record.rejected = verified.rejected().to_vec();
                Ok(verified)
            }
            Ok(Err(refused)) => Err(self.refuse(policy, refused, record).await),
            Err(unchecked) => {
                record.failure = Some(unchecked.to_string());
                Err(Refusal::Unavailable)
            }
        }
    }

    async fn refuse(&self, policy: &Policy, refused: Refused, record: &mut Record) -> Refusal {
        let enough_for_one = !refused.by.is_empty();
        record.credentials = refused.by;
        record.rejected = refused.rejected;
        record.attempted = policy.counts_attempts();
        record.checked = !record.attempted;
        let (counted, limit) = self.failed_attempts(policy);
        let Judgement {
            closed_for,
            failure,
        } = counted.count(&self.host, record.client, limit).await;
        record.failure = failure.map(|error| error.to_string());
        match closed_for.filter(|_| record.attempted) {
            Some(closed_for) => Refusal::TooManyAttempts { closed_for },
            None if enough_for_one => Refusal::Forbidden,
            None => Refusal::Unauthorized {
                challenge: refused.challenge,
            },
        }
    }

    /// A request whose body nobody wants.
    fn bodiless(&self, headers: Headers) -> Received {
        Received {
            headers,
            body: Vec::new(),
            at: self.host.now(),
        }
    }

    async fn look_up(
        &self,
        endpoint: &Endpoint,
        key: &str,
        headers: Headers,
        record: &mut Record,
    ) -> Result<Answer, Refusal> {
        record.source = Some(endpoint.source.name());
        let policy = endpoint.policy()?;
        let verified = self.verify(policy, self.bodiless(headers), record).await?;
        let key = percent_decode_str(key).decode_utf8().ok();
        let deployment_id = key
            .and_then(|key| DeploymentId::new(key).ok())
            .ok_or(Refusal::NoSuchRow)?;
        record.deployment_id = Some(deployment_id.to_string());
        let row = self.row(&verified, &deployment_id, record).await?;
        Ok(("found", Reply::json_bytes(StatusCode::OK, row).uncached()))
    }

    async fn probe(&self) -> Option<Result<(), Failure>> {
        let data_api = self.data_api.as_ref()?;
        let ask = async || (data_api.probe(&self.host).await, PROBE_EVERY);
        Some(self.probed.get(&self.host, ask).await)
    }

    async fn row(
        &self,
        _: &Verified,
        deployment_id: &DeploymentId,
        record: &mut Record,
    ) -> Result<Vec<u8>, Refusal> {
        self.data_api()?
            .find(&self.host, deployment_id)
            .await
            .map_err(|failure| failed(&failure, "deploymentId", record))?
            .ok_or(Refusal::NoSuchRow)
    }

    /// Where failed attempts at a door are counted, and how many a client has in a minute.
    fn failed_attempts(&self, policy: &Policy) -> (&Attempts, usize) {
        match policy.counts_attempts() {
            true => (&self.counts.failed, self.limit()),
            false => (&self.counts.checked, CHECKS_PER_MINUTE),
        }
    }

    /// How many failed attempts a client has in a minute.
    fn limit(&self) -> usize {
        self.config.failed_attempts_per_minute
    }

    fn data_api(&self) -> Result<&DataApi, Refusal> {
        self.data_api.as_ref().ok_or(Refusal::Misconfigured)
    }
}

/// A refusal as the endpoint's source tells it.
fn refused(endpoint: &Endpoint, refusal: &Refusal, record: &Record) -> Answer {
    let reply = endpoint.source.refuse(refusal, &record.request_id);
    (refusal.code(), reply)
}

/// The refusal of what failed behind the door; `key_field` is where the row's key came from.
fn failed(failure: &Failure, key_field: &'static str, record: &mut Record) -> Refusal {
    record.failure = Some(failure.to_string());
    record.may_pass = Some(failure.may_pass());
    match failure {
        Failure::Store(_)
        | Failure::Contended
        | Failure::Withheld
        | Failure::Nameless
        | Failure::Remote(_) => Refusal::Unavailable,
        Failure::Corrupt(_) => Refusal::Internal,
        Failure::Unaddressable => Refusal::unaddressable(key_field),
    }
}

#[cfg(test)]
mod tests;
