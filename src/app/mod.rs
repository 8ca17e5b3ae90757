//! One request's way, from the host's ports to the reply: route, receive, verify, decode, deliver, reply,
//! follow up. Each step that needs more than a screen has a file beside this one.

mod activity;
mod attempt_log;
mod deliver;
mod follow_up;
mod notify;
mod once;
mod operate;
mod refused;
mod routes;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::audit::{self, Lines, Masking, Record, Subject};
use crate::config::{Config, Level};
use crate::credentials::Verified;
use crate::delivery::outbox::Outbox;
use crate::delivery::{DataApi, DeliveryError, DeploymentId};
use crate::http::message::{Body, Headers, Request, StatusCode};
use crate::http::{self, IncomingBody, Received, Refusal, Reply, Response};
use crate::instance::key_locks::KeyLocks;
use crate::instance::rate_limiter::RateLimiters;
use crate::instance::unix_time;
use crate::instance::{Breaker, Gauge, SingleFlightCache};
use crate::interface::Interface;
use crate::operations::health::{self, DataApiState};
use crate::operations::overview::CountedOutbox;
use crate::operations::refusals::RefusalLog;
use crate::ports::{Clock as _, Host, StoreError};
use crate::sources;
use activity::Activity;
use refused::refused_request;
use routes::{Endpoint, Route, Routes};

pub use follow_up::FollowUp;

/// The application: its settings are read once, and it answers any number of requests at a time.
pub struct App<H> {
    host: Breaker<H>,
    config: Config,
    masking: Masking,
    routes: Routes,
    limiters: Arc<RateLimiters>,
    lines: Lines,
    refusals: RefusalLog,
    data_api: Option<DataApi>,
    outbox: Outbox,
    /// Without it there is no history of activity.
    activity: Option<Activity>,
    interface: Interface,
    /// Notifications that are accepted once, while they are being processed.
    in_progress: KeyLocks,
    /// Requests that have no reply yet.
    unanswered: Gauge,
    /// Tasks that wait for an idle instance, to look into the outbox then.
    waiting_for_idle: Gauge,
    /// When the settings were read.
    loaded: Duration,
    /// Whether the data API answered the last probe.
    probed: SingleFlightCache<Probed>,
    /// How many rows are overdue, where that is known.
    overdue: SingleFlightCache<Option<usize>>,
    /// The outbox as it was last counted.
    counted: SingleFlightCache<Result<CountedOutbox, StoreError>>,
}

/// What came of a probe of the data API, and when, in milliseconds since 1970.
type Probed = (Result<(), DeliveryError>, u64);

/// How long settings are used of which a provider could not read all.
const RELOAD_AFTER: Duration = Duration::from_secs(5);

/// For how long one probe of the data API answers all readiness checks.
const PROBE_EVERY: Duration = Duration::from_secs(5);

/// What a request leaves on its way: its audit record, and what is to be done after its reply.
struct Context {
    record: Record,
    follow_up: FollowUp,
    /// The beginning of a body that was dropped.
    beginning: Vec<u8>,
    /// It is of a source, and had a valid credential.
    is_authentic: bool,
}

/// What became of a request, as the audit line names it, and the reply that says so.
type Answer = (&'static str, Reply);

impl<H: Host> App<H> {
    /// Reads the settings and logs what is wrong with them. Endpoints that depend on it answer 503.
    /// `limiters` are those of the instance, which outlive settings that are read again.
    pub async fn load(host: H, limiters: Arc<RateLimiters>) -> Self {
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
            limiters,
            lines: Lines::default(),
            refusals: RefusalLog::default(),
            data_api: config
                .data_api
                .as_ref()
                .map(|chosen| DataApi::new(chosen.clone(), config.table_names.clone())),
            loaded: host.monotonic(),
            probed: SingleFlightCache::default(),
            overdue: SingleFlightCache::default(),
            counted: SingleFlightCache::default(),
            outbox: Outbox::new(config.outbox_max_age),
            activity: config.keeps_activity.then(Activity::default),
            interface: Interface::default(),
            in_progress: KeyLocks::default(),
            unanswered: Gauge::default(),
            waiting_for_idle: Gauge::default(),
            host: Breaker::new(host),
            config,
        }
    }

    /// Whether these settings are still good. Where a provider failed they are read again, but not at
    /// every request: what an instance remembers goes with them.
    pub fn is_current(&self) -> bool {
        let age = self.host.monotonic().saturating_sub(self.loaded);
        !self.config.has_transient_problem() || age < RELOAD_AFTER
    }

    /// Answers a request. What is left for [`follow_up`](Self::follow_up) comes with the reply.
    pub async fn respond(&self, request: Request<impl Body>) -> (Response, FollowUp) {
        let _unanswered = self.unanswered.enter();
        let headers = &request.headers;
        let request_id = http::request_id(headers, &self.host);
        let client = http::client_address(headers, self.config.trusted_proxies);
        let mut context = Context {
            record: Record::open(&self.host, request_id, client),
            follow_up: FollowUp::default(),
            beginning: Vec::new(),
            is_authentic: false,
        };
        let is_head = request.method == "HEAD";
        let is_post = request.method == "POST";
        let (outcome, reply) = match self.answer(request, &mut context).await {
            Ok(answer) => answer,
            Err(refusal) => (refusal.code(), refusal.reply(&context.record.request_id)),
        };
        let Context {
            record,
            mut follow_up,
            beginning,
            is_authentic,
        } = context;
        let mut response = reply.into_response(&record.request_id);
        if is_head {
            // Its length stays the one that GET would have (RFC 9110, 9.3.2).
            response.body.clear();
        }
        let status = response.status.as_u16();
        follow_up.refused = refused_request(&record, (status, outcome), is_post, beginning);
        let line = record.close(&self.host, outcome, status);
        let is_kept = is_authentic && self.activity.is_some();
        follow_up.activity = is_kept.then(|| activity::row(&line, &self.masking));
        let is_written = line.level >= self.config.log_level;
        follow_up.replied(status, is_written.then_some(line));
        (response, follow_up)
    }

    async fn answer(
        &self,
        request: Request<impl Body>,
        context: &mut Context,
    ) -> Result<Answer, Refusal> {
        let Request {
            method,
            target,
            headers,
            body,
        } = request;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut body = IncomingBody::new(&self.host, &headers, body, self.config.max_body_bytes);
        let route = self.routes.find(&method, path, query);
        if !matches!(route, Ok(Route::Notify(_))) {
            body.drop_rest().await;
            context.beginning = body.take_beginning();
        }
        match route? {
            Route::Notify(endpoint) => {
                let answer = self.notify(endpoint, headers, &mut body, context).await;
                body.drop_rest().await;
                context.beginning = body.take_beginning();
                Ok(answer.unwrap_or_else(|refusal| endpoint.refuse(&refusal, &context.record)))
            }
            Route::Refused(endpoint, refusal) => Ok(endpoint.refuse(&refusal, &context.record)),
            Route::MessagesHealth => Ok(("healthy", sources::health(self.host.now()))),
            Route::Lookup(endpoint, key) => self.look_up(endpoint, key, headers, context).await,
            Route::Operate(request) => self.operate(request, headers, context).await,
            Route::Document => self.document(headers, context).await,
            Route::Page(file) => Ok(("documented", file.reply(&headers))),
            Route::Health => Ok(("healthy", health::alive())),
            Route::Ready => Ok(self.readiness(context).await),
        }
    }

    async fn readiness(&self, context: &mut Context) -> Answer {
        let state = self.data_api_state().await;
        if let DataApiState::Failing(error) = &state {
            context.record.failure = Some(error.to_string());
        }
        // Where all is well the store is not asked.
        context.follow_up.shares_availability = self.outbox.availability.knows_of_trouble();
        health::readiness(&self.config.problems, &state)
    }

    async fn data_api_state(&self) -> DataApiState {
        let Some(data_api) = self.data_api.as_ref() else {
            return DataApiState::Unknown;
        };
        match self.probe(data_api).await.0 {
            Err(error) => DataApiState::Failing(error),
            Ok(()) if self.config.shows_rows() => DataApiState::Embedded,
            Ok(()) => DataApiState::Ok,
        }
    }

    /// Whether the data API is there, as one request of this instance has found out lately.
    async fn probe(&self, data_api: &DataApi) -> Probed {
        let probe = async || {
            let result = data_api.probe(&self.host).await;
            self.outbox.availability.note_probe(&self.host, &result);
            ((result, unix_time::millis(self.host.now())), PROBE_EVERY)
        };
        self.probed.get(&self.host, probe).await
    }

    async fn look_up(
        &self,
        endpoint: &Endpoint,
        key: &str,
        headers: Headers,
        context: &mut Context,
    ) -> Result<Answer, Refusal> {
        context.record.source = Some(endpoint.source.name());
        let policy = endpoint.policy()?;
        let received = self.without_body(headers);
        let verified = self.verify(policy, received, context).await?;
        let key = percent_decode_str(key).decode_utf8().ok();
        let deployment_id = key
            .and_then(|key| DeploymentId::new(key).ok())
            .ok_or(Refusal::NoSuchRow)?;
        let record = &mut context.record;
        record.subject = Some(Subject::Deployment(deployment_id.to_string()));
        let row = self.row(&verified, &deployment_id, record).await?;
        Ok(("found", Reply::json_bytes(StatusCode::OK, row).uncached()))
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
            .map_err(|error| refuse_failed(&error, "deploymentId", record))?
            .ok_or(Refusal::NoSuchRow)
    }

    /// A request whose body is of no interest.
    fn without_body(&self, headers: Headers) -> Received {
        Received {
            headers,
            body: Vec::new(),
            at: self.host.now(),
        }
    }

    fn data_api(&self) -> Result<&DataApi, Refusal> {
        self.data_api.as_ref().ok_or(Refusal::Misconfigured)
    }
}

/// The refusal of a request that failed after its credentials were valid; `key_field` is where the row's
/// key came from.
fn refuse_failed(error: &DeliveryError, key_field: &'static str, record: &mut Record) -> Refusal {
    record.failure = Some(error.to_string());
    record.is_retryable = Some(error.is_retryable());
    match error {
        DeliveryError::Store(_)
        | DeliveryError::Contended
        | DeliveryError::Withheld
        | DeliveryError::UnknownTable
        | DeliveryError::Remote(_) => Refusal::Unavailable,
        DeliveryError::Corrupt(_) => Refusal::Internal,
        DeliveryError::Unaddressable => Refusal::unaddressable(key_field),
    }
}

#[cfg(test)]
mod tests;
