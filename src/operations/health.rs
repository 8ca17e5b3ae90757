//! What probes ask: whether the component runs, and whether it can do its work.

use crate::http::message::StatusCode;
use serde::Serialize;

use crate::audit::Record;
use crate::config::Problem;
use crate::delivery::Failure;
use crate::http::{Reply, Wrong};

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
    checks: Checks,
    #[serde(skip_serializing_if = "Wrong::is_empty")]
    problems: Wrong,
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

/// Ready or not, as the audit line names it: one word a check, and what is wrong with which
/// setting, without its value. `probed` is the data API's answer, if it is known which it is;
/// `embedded`, that it is the embedded store, so that SAM gets nothing.
pub fn readiness(
    problems: &[Problem],
    probed: Option<Result<(), Failure>>,
    embedded: bool,
    record: &mut Record,
) -> (&'static str, Reply) {
    let settings = if problems.is_empty() { "ok" } else { "invalid" };
    let data_api = match probed {
        None => "unknown",
        Some(Ok(())) if embedded => "embedded",
        Some(Ok(())) => "ok",
        Some(Err(failure)) => {
            record.failure = Some(failure.to_string());
            "failing"
        }
    };
    let ready = settings == "ok" && matches!(data_api, "ok" | "embedded");
    let (status, word) = if ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
    };
    let mut wrong = Wrong::default();
    for problem in problems {
        wrong.add(problem.setting, problem.what.clone());
    }
    let reply = Reply::json(
        status,
        &Readiness {
            status: word,
            checks: Checks { settings, data_api },
            problems: wrong,
        },
    );
    (word, if ready { reply } else { reply.retry_later() })
}
