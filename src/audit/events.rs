//! Log lines of what no request waits for: settings that are read, attempts at the outbox, and what
//! fails after a reply.

use std::borrow::Cow;

use serde::Serialize;

use super::line::{json, time};
use super::{Masking, Subject};
use crate::config::{Level, Problem};
use crate::ports::{Clock, Log};

/// The outcome of requests that the history of activity does not have.
pub const ACTIVITY_NOT_WRITTEN: &str = "activity_not_written";

/// An attempt at an entry of the outbox.
#[derive(Debug)]
pub struct AttemptEvent<'a> {
    /// How bad it is.
    pub level: Level,
    /// What it led to.
    pub outcome: &'static str,
    /// The entry's name.
    pub entry: String,
    /// `x-request-id` of the notification, where the entry could be read.
    pub request_id: Option<&'a str>,
    /// The change's row, where the entry could be read.
    pub subject: Option<Subject>,
    /// How often it was tried, where the entry could be read.
    pub tries: Option<u64>,
    /// Why it failed.
    pub failure: Option<&'a str>,
}

/// Logs what is wrong with the settings.
pub fn log_problems(host: &(impl Clock + Log), problems: &[Problem]) {
    log_settings(host, Level::Error, "misconfigured", problems);
}

/// Logs settings that are in use but should not be left so.
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

/// The line of a row that the history of activity does not have.
pub fn activity_line(clock: &impl Clock, failure: &str) -> String {
    json(&FailureLine {
        time: time(clock.now()),
        level: Level::Warn.name(),
        outcome: ACTIVITY_NOT_WRITTEN,
        failure,
    })
}

/// Logs an attempt at an entry of the outbox, unless the operator wants no lines of its level.
pub fn log_attempt(
    host: &(impl Clock + Log),
    masking: &Masking,
    least: Level,
    event: AttemptEvent<'_>,
) {
    let AttemptEvent {
        level,
        outcome,
        entry,
        request_id,
        subject,
        tries,
        failure,
    } = event;
    if level < least {
        return;
    }
    let masked = |text| Option::map(text, |text| masking.field(text));
    let subject = subject.as_ref();
    host.log(&json(&AttemptLine {
        time: time(host.now()),
        level: level.name(),
        outcome,
        entry,
        request_id: masked(request_id),
        deployment_id: masked(subject.and_then(Subject::deployment_id)),
        row: masked(subject.and_then(Subject::row)),
        tries,
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
