//! What probes ask: whether the component runs, and whether it can do its work.

use serde::Serialize;

use crate::config::Problem;
use crate::delivery::DeliveryError;
use crate::http::message::StatusCode;
use crate::http::{FieldErrors, Reply};
use crate::operations::collect::CollectError;
use crate::operations::overview::{VERSION, settings};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Health {
    status: &'static str,
    message: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Readiness {
    status: &'static str,
    version: &'static str,
    checks: Checks,
    #[serde(skip_serializing_if = "FieldErrors::is_empty")]
    problems: FieldErrors,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Checks {
    settings: &'static str,
    data_api: &'static str,
    /// Only where this instance collects from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    mailbox: Option<&'static str>,
}

/// It runs.
pub fn alive() -> Reply {
    let body = Health {
        status: "ok",
        message: "Servicio de Callback activo y saludable.",
    };
    Reply::json(StatusCode::OK, &body)
}

/// What is known of the data API.
#[derive(Debug)]
pub enum DataApiState {
    /// A setting is wrong that says which it is.
    Unknown,
    /// It is the embedded store, so that SAM gets nothing.
    Embedded,
    /// There is none: another instance collects what is accepted here.
    Mailbox,
    /// It answers, and accepts changes as far as is known.
    Ok,
    /// It does not.
    Failing(DeliveryError),
}

impl DataApiState {
    /// The word of its check.
    fn name(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Embedded => "embedded",
            Self::Mailbox => "mailbox",
            Self::Ok => "ok",
            Self::Failing(_) => "failing",
        }
    }
}

/// What is known of the mailbox that this instance collects from.
#[derive(Debug)]
pub enum MailboxState {
    /// It collects from none.
    None,
    /// A setting is wrong that says which it is.
    Unknown,
    /// It answers, and lets this instance collect.
    Ok,
    /// It does not.
    Failing(CollectError),
}

impl MailboxState {
    /// The word of its check, if there is one.
    fn name(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Unknown => Some("unknown"),
            Self::Ok => Some("ok"),
            Self::Failing(error) => Some(error.name()),
        }
    }
}

/// Ready or not, as the audit line names it: one word a check, and what is wrong with which
/// setting, without its value.
pub fn readiness(
    problems: &[Problem],
    data_api: &DataApiState,
    mailbox: &MailboxState,
) -> (&'static str, Reply) {
    let is_ready = problems.is_empty()
        && !matches!(data_api, DataApiState::Unknown | DataApiState::Failing(_))
        && matches!(mailbox, MailboxState::None | MailboxState::Ok);
    let (status, word) = match is_ready {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
    };
    let mut errors = FieldErrors::default();
    for problem in problems {
        errors.add(problem.setting, problem.what.clone());
    }
    let reply = Reply::json(
        status,
        &Readiness {
            status: word,
            version: VERSION,
            checks: Checks {
                settings: settings(problems),
                data_api: data_api.name(),
                mailbox: mailbox.name(),
            },
            problems: errors,
        },
    );
    match is_ready {
        true => (word, reply),
        false => (word, reply.retry_later()),
    }
}
