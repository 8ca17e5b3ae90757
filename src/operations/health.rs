//! What probes ask: whether the component runs, and whether it can do its work.

use serde::Serialize;

use crate::config::Problem;
use crate::delivery::DeliveryError;
use crate::http::message::StatusCode;
use crate::http::{FieldErrors, Reply};
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
            Self::Ok => "ok",
            Self::Failing(_) => "failing",
        }
    }
}

/// Ready or not, as the audit line names it: one word a check, and what is wrong with which
/// setting, without its value.
pub fn readiness(problems: &[Problem], data_api: &DataApiState) -> (&'static str, Reply) {
    let is_ready =
        problems.is_empty() && matches!(data_api, DataApiState::Ok | DataApiState::Embedded);
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
            },
            problems: errors,
        },
    );
    match is_ready {
        true => (word, reply),
        false => (word, reply.retry_later()),
    }
}
