//! The audit line of one request: made when the request comes, filled on its way, written after its
//! reply. It only records; what is to be done after the reply is in `app/follow_up.rs`.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::Masking;
use super::line::{json, time};
use super::lines::LineGroup;
use crate::config::Level;
use crate::instance::rate_limiter::Client;
use crate::ports::Clock;

/// What the audit line of one request says.
#[derive(Debug)]
pub struct Record {
    /// When the request came.
    pub came: SystemTime,
    started: Duration,
    /// `x-request-id`.
    pub request_id: String,
    /// The caller's address.
    pub client: Option<IpAddr>,
    /// The source whose endpoint was called.
    pub source: Option<&'static str>,
    /// The row that the request is about, once the credentials were valid.
    pub subject: Option<Subject>,
    /// `Estado` that the callback asked for.
    pub state: Option<String>,
    /// Credentials that were valid.
    pub credentials: Vec<&'static str>,
    /// Credentials that were not, and why, also where others were.
    pub rejected: Vec<String>,
    /// The beginning of a body refused after its credentials were valid, secrets masked.
    pub body: Option<String>,
    /// What failed after the credentials were valid.
    pub failure: Option<String>,
    /// Whether trying that again later can help.
    pub is_retryable: Option<bool>,
    /// What somebody should know although all went well.
    pub warning: Option<&'static str>,
    /// What failed at first, where it was tried twice.
    pub retried: Option<String>,
    /// The change's entry in the outbox.
    pub entry: Option<String>,
    /// The change waits in the outbox because it could not be made at once.
    pub is_delayed: bool,
}

/// A row, as the log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A deployment: a row of `Ejecuciones`, by its key.
    Deployment(String),
    /// A row of another table, as `<table>/<key>`.
    Row(String),
}

impl Subject {
    /// The deployment's id, where it is one.
    pub fn deployment_id(&self) -> Option<&str> {
        match self {
            Self::Deployment(id) => Some(id),
            Self::Row(_) => None,
        }
    }

    /// Table and key, where it is no deployment.
    pub fn row(&self) -> Option<&str> {
        match self {
            Self::Deployment(_) => None,
            Self::Row(row) => Some(row),
        }
    }
}

impl Record {
    /// The record of a request that has just come.
    pub fn open(host: &impl Clock, request_id: String, client: Option<IpAddr>) -> Self {
        Self {
            came: host.now(),
            started: host.monotonic(),
            request_id,
            client,
            source: None,
            subject: None,
            state: None,
            credentials: Vec::new(),
            rejected: Vec::new(),
            body: None,
            failure: None,
            is_retryable: None,
            warning: None,
            retried: None,
            entry: None,
            is_delayed: false,
        }
    }

    /// The line of a request whose reply is ready.
    pub fn close(self, clock: &impl Clock, outcome: &'static str, status: u16) -> Line {
        Line {
            level: self.level(status),
            outcome,
            status,
            took: clock.monotonic() - self.started,
            record: self,
        }
    }

    /// Whether a valid credential came with the request, as far as `status` and the record say.
    pub fn was_let_in(&self, status: u16) -> bool {
        !self.credentials.is_empty() && status != 403 || self.subject.is_some()
    }

    /// The deployment that the request is about, once its credentials were valid.
    pub fn deployment_id(&self) -> Option<&str> {
        self.subject.as_ref().and_then(Subject::deployment_id)
    }

    fn level(&self, status: u16) -> Level {
        match status {
            500.. => Level::Error,
            400.. => Level::Warn,
            // Acknowledged, but nobody will ever deliver it unless somebody repairs something.
            202 if self.is_retryable == Some(false) => Level::Error,
            202 if self.is_delayed => Level::Warn,
            _ if !self.rejected.is_empty() => Level::Warn,
            _ if self.retried.is_some() || self.warning.is_some() => Level::Warn,
            _ => Level::Info,
        }
    }
}

/// The audit line of a request. Its text is made only if it is written.
#[derive(Debug)]
pub struct Line {
    /// What it says of the request's way.
    pub record: Record,
    /// How bad it is.
    pub level: Level,
    /// What became of the request.
    pub outcome: &'static str,
    /// The reply's.
    pub status: u16,
    took: Duration,
}

impl Line {
    /// How long the request took, in milliseconds.
    pub fn ms(&self) -> f64 {
        (self.took.as_secs_f64() * 1e6).round() / 1e3
    }

    /// One JSON object.
    pub fn text(&self, masking: &Masking) -> String {
        let record = &self.record;
        let masked = |text| Option::map(text, |text| masking.field(text));
        let subject = record.subject.as_ref();
        json(&AuditLine {
            time: time(record.came),
            level: self.level.name(),
            request_id: masking.field(&record.request_id),
            client: record.client,
            source: record.source,
            outcome: self.outcome,
            status: self.status,
            deployment_id: masked(subject.and_then(Subject::deployment_id)),
            row: masked(subject.and_then(Subject::row)),
            estado: masked(record.state.as_deref()),
            credential: (!record.credentials.is_empty()).then(|| record.credentials.join("+")),
            rejected: (!record.rejected.is_empty()).then(|| record.rejected.join(", ")),
            ms: self.ms(),
            failure: masked(record.failure.as_deref()),
            may_pass: record.is_retryable,
            warning: record.warning,
            retried: masked(record.retried.as_deref()),
            entry: record.entry.as_deref(),
            body: record.body.as_deref(),
        })
    }

    /// What the request has in common with others that may share a line: it came without a valid
    /// credential, or its client is over its limit.
    pub fn group(&self) -> Option<LineGroup> {
        let record = &self.record;
        let over_limit = self.status == 429;
        (over_limit || !record.was_let_in(self.status)).then_some(LineGroup {
            client: Client::at(record.client),
            source: record.source,
            outcome: self.outcome,
            over_limit,
        })
    }
}

#[derive(Serialize)]
struct AuditLine<'a> {
    time: String,
    level: &'static str,
    request_id: Cow<'a, str>,
    client: Option<IpAddr>,
    source: Option<&'static str>,
    outcome: &'static str,
    status: u16,
    deployment_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<Cow<'a, str>>,
    estado: Option<Cow<'a, str>>,
    credential: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<String>,
    ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    may_pass: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retried: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
}
