//! The log: one JSON object a line. Every request leaves one, the audit line, when its reply is
//! on its way; a configuration with problems leaves one when it is read.

mod line;
mod lines;
mod mask;

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::config::{Level, Problem};
use crate::credentials::{Kind, Rejected};
use crate::delivery::outbox::{Attempted, Entry, Id, Pending};
use crate::delivery::{Change, EJECUCIONES, ESTADO, sets_unknown_state};
use crate::instance::rate_limiter::Client;
use crate::ports::{Clock, Log};
use crate::sources::Taken;

use line::json;
pub use lines::{Line, Lines};
pub use mask::Masking;

/// What the audit line of one request says. Made when the request comes, filled on its way.
#[derive(Debug)]
pub struct Record {
    came: SystemTime,
    started: Duration,
    /// `x-request-id`.
    pub request_id: String,
    /// The caller's address.
    pub client: Option<IpAddr>,
    /// The source whose endpoint was called.
    pub source: Option<&'static str>,
    /// The deployment, once the credentials were good.
    pub deployment_id: Option<String>,
    /// The row of another table, as `<table>/<key>`.
    pub row: Option<String>,
    /// `Estado` that the callback asked for.
    pub state: Option<String>,
    /// Credentials that were right.
    pub credentials: Vec<Kind>,
    /// Credentials that were wrong, also where others opened the door.
    pub rejected: Vec<Rejected>,
    /// The beginning of a body refused after its credentials were good, secrets masked.
    pub body: Option<String>,
    /// What failed behind the door.
    pub failure: Option<String>,
    /// Whether trying that again later can help.
    pub may_pass: Option<bool>,
    /// What somebody is to hear of though all went well.
    pub warning: Option<&'static str>,
    /// What failed at first, where it was tried twice.
    pub retried: Option<String>,
    /// The change's entry in the outbox.
    pub entry: Option<String>,
    /// The same, where it is to be delivered now, or its row may be there in a moment.
    pub follow: Option<Pending>,
    /// The credentials were not enough, and that was counted.
    pub attempted: bool,
    /// The same, where another service has judged them.
    pub checked: bool,
    /// The notification was counted, where a client may send so many in a minute.
    pub counted: usize,
}

impl Record {
    /// A request has come.
    pub fn open(host: &impl Clock, request_id: String, client: Option<IpAddr>) -> Self {
        Self {
            came: host.now(),
            started: host.monotonic(),
            request_id,
            client,
            source: None,
            deployment_id: None,
            row: None,
            state: None,
            credentials: Vec::new(),
            rejected: Vec::new(),
            body: None,
            failure: None,
            may_pass: None,
            warning: None,
            retried: None,
            entry: None,
            follow: None,
            attempted: false,
            checked: false,
            counted: 0,
        }
    }

    /// The change that the request asks for.
    pub fn change(&mut self, change: &Change) {
        (self.deployment_id, self.row) = named(change);
        self.state = change.text(ESTADO).map(str::to_owned);
        self.warning = sets_unknown_state(change).then_some("unknown_state");
    }

    /// The reply is ready: this is the line that says so, unless the operator wants none of its
    /// level.
    pub fn close(
        self,
        host: &impl Clock,
        masking: &Masking,
        outcome: &'static str,
        status: u16,
        least: Level,
    ) -> Option<Line> {
        let level = match status {
            500.. => Level::Error,
            400.. => Level::Warn,
            // Acknowledged, but nobody will ever take it unless somebody repairs something.
            202 if self.may_pass == Some(false) => Level::Error,
            202 if outcome != Taken::Accepted.name() => Level::Warn,
            _ if !self.rejected.is_empty() => Level::Warn,
            _ if self.retried.is_some() || self.warning.is_some() => Level::Warn,
            _ => Level::Info,
        };
        if level < least {
            return None;
        }
        let kinds: Vec<_> = self.credentials.iter().map(|kind| kind.name()).collect();
        let rejected = self.rejected.iter();
        let rejected: Vec<_> = rejected
            .map(|Rejected { kind, why }| format!("{}: {why}", kind.name()))
            .collect();
        let masked = |text| Option::map(text, |text| masking.field(text));
        let milliseconds = (host.monotonic() - self.started).as_secs_f64() * 1e3;
        let line = AuditLine {
            time: time(self.came),
            level: level.name(),
            request_id: masking.field(&self.request_id),
            client: self.client,
            source: self.source,
            outcome,
            status,
            deployment_id: masked(self.deployment_id.as_deref()),
            row: masked(self.row.as_deref()),
            estado: masked(self.state.as_deref()),
            credential: (!kinds.is_empty()).then(|| kinds.join("+")),
            rejected: (!rejected.is_empty()).then(|| rejected.join(", ")),
            ms: (milliseconds * 1e3).round() / 1e3,
            failure: masked(self.failure.as_deref()),
            may_pass: self.may_pass,
            warning: self.warning,
            retried: masked(self.retried.as_deref()),
            entry: self.entry.as_deref(),
            body: self.body.as_deref(),
        };
        let text = json(&line);
        let kind = self.kind(outcome, status);
        Some(Line { text, kind })
    }

    /// What the request has in common with others that may share a line.
    fn kind(&self, outcome: &'static str, status: u16) -> Option<lines::Kind> {
        let over_limit = status == 429;
        let was_let_in = !self.credentials.is_empty() && status != 403
            || self.deployment_id.is_some()
            || self.row.is_some();
        (over_limit || !was_let_in).then_some(lines::Kind {
            client: Client::at(self.client),
            source: self.source,
            outcome,
            over_limit,
        })
    }
}

/// What the log calls the change's row: the deployment where it is one, or table and key.
fn named(change: &Change) -> (Option<String>, Option<String>) {
    match change.entity == EJECUCIONES {
        true => (Some(change.key.clone()), None),
        false => (None, Some(format!("{}/{}", change.entity.name, change.key))),
    }
}

/// Logs what is wrong with the settings.
pub fn log_problems(host: &(impl Clock + Log), problems: &[Problem]) {
    log_settings(host, Level::Error, "misconfigured", problems);
}

/// Logs what is used of the settings but should not be left so.
pub fn log_warnings(host: &(impl Clock + Log), warnings: &[Problem]) {
    log_settings(host, Level::Warn, "doubtful_settings", warnings);
}

fn log_settings(
    host: &(impl Clock + Log),
    level: Level,
    outcome: &'static str,
    problems: &[Problem],
) {
    if problems.is_empty() {
        return;
    }
    host.log(&json(&ProblemsLine {
        time: time(host.now()),
        level: level.name(),
        outcome,
        problems: problems
            .iter()
            .map(|problem| format!("{}: {}", problem.setting, problem.what))
            .collect(),
    }));
}

/// Logs, when settings are read, that what is acknowledged does not reach SAM.
pub fn log_embedded(host: &(impl Clock + Log), least: Level) {
    if Level::Warn < least {
        return;
    }
    host.log(&json(&WarningLine {
        time: time(host.now()),
        level: Level::Warn.name(),
        outcome: "embedded",
        warning: "data_api=embedded: los callbacks quedan en el almacén del propio servicio y la \
                  base de datos de SAM no se toca; para SAM, data_api=dab o data_api=postgrest; \
                  para pruebas, environment=development",
    }));
}

/// Logs that something failed which no request waits for.
pub fn log_failure(host: &(impl Clock + Log), outcome: &'static str, failure: &str) {
    host.log(&json(&FailureLine {
        time: time(host.now()),
        level: Level::Error.name(),
        outcome,
        failure,
    }));
}

/// Logs what became of an entry of the outbox that no request waits for.
pub fn log_attempt(
    host: &(impl Clock + Log),
    masking: &Masking,
    least: Level,
    id: Id,
    attempted: Attempted,
    entry: Option<&Entry>,
) {
    let level = match attempted {
        Attempted::Updated | Attempted::AlreadyFinal => Level::Info,
        Attempted::NoRow | Attempted::Failed | Attempted::Away => Level::Warn,
        Attempted::Dead => Level::Error,
        Attempted::NotDue | Attempted::Gone => return,
    };
    if level < least {
        return;
    }
    let attempts = entry.and_then(|entry| entry.attempts.last());
    let failure = match attempted {
        Attempted::Updated | Attempted::AlreadyFinal => None,
        _ => attempts.map(|(_, why)| why.as_str()),
    };
    let (deployment_id, row) = entry.map(|entry| named(&entry.change)).unwrap_or_default();
    let masked = |text| Option::map(text, |text| masking.field(text));
    host.log(&json(&AttemptLine {
        time: time(host.now()),
        level: level.name(),
        outcome: attempted.name(),
        entry: id.to_string(),
        request_id: entry.map(|entry| masking.field(&entry.request_id)),
        deployment_id: masked(deployment_id.as_deref()),
        row: masked(row.as_deref()),
        tries: entry.map(|entry| entry.tries),
        failure,
    }));
}

#[derive(Serialize)]
struct AttemptLine<'a> {
    time: String,
    level: &'static str,
    outcome: &'static str,
    entry: String,
    request_id: Option<Cow<'a, str>>,
    deployment_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<Cow<'a, str>>,
    tries: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
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

#[derive(Serialize)]
struct ProblemsLine {
    time: String,
    level: &'static str,
    outcome: &'static str,
    problems: Vec<String>,
}

#[derive(Serialize)]
struct WarningLine {
    time: String,
    level: &'static str,
    outcome: &'static str,
    warning: &'static str,
}

#[derive(Serialize)]
struct FailureLine<'a> {
    time: String,
    level: &'static str,
    outcome: &'static str,
    failure: &'a str,
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}
