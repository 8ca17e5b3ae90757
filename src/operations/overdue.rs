//! `GET /admin/overdue`: the rows that are active too long without a callback.

use serde::Serialize;

use super::query::{fields, number, wrong};
use crate::config::MOST_OVERDUE_MINUTES;
use crate::delivery::OverdueRow;
use crate::http::message::StatusCode;
use crate::http::{Refusal, Reply, Yes};

/// `GET /admin/overdue`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Overdue<'a> {
    status: Yes,
    minutes: usize,
    /// Oldest first, 200 at most.
    rows: Vec<OverdueView<'a>>,
}

/// A row.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "OverdueRow"))]
pub struct OverdueView<'a> {
    deployment_id: &'a str,
    estado: &'a str,
    /// In the database's local time.
    fecha_inicio: Option<&'a str>,
}

/// For how many minutes; `None`: as the setting says.
pub fn request(query: &str) -> Result<Option<usize>, Refusal> {
    let mut minutes = None;
    for (name, value) in fields(query) {
        match name {
            "minutes" => minutes = Some(number("minutes", value, MOST_OVERDUE_MINUTES)?),
            _ => return Err(wrong("query", "se admite: minutes".to_owned())),
        }
    }
    Ok(minutes)
}

/// The rows.
pub fn overdue(minutes: usize, rows: &[OverdueRow]) -> Reply {
    let rows = rows.iter().map(|row| OverdueView {
        deployment_id: &row.deployment_id,
        estado: &row.state,
        fecha_inicio: row.started.as_deref(),
    });
    let body = Overdue {
        status: Yes::Ok,
        minutes,
        rows: rows.collect(),
    };
    Reply::json(StatusCode::OK, &body).uncached()
}
