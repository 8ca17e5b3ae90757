//! The component's requests to a data API, and the replies: as Data API builder or PostgREST has them.
//! Any other request is unexpected.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use support::upstream::{self, Act, RecordedRequest};

use crate::journal::{ActivityRow, Order, Resultado};
use crate::submissions::{Columns, Kind, NULL, WriteOutcome, parse_timestamp};
use crate::tables::Guard;

/// The tables, and their keys.
const TABLES: [(&str, &str); 5] = [
    ("reservas", "reservation_id"),
    ("promos", "promo_id"),
    ("usuarios", "user_id"),
    ("reservas_cal", "uid"),
    ("eventos_blizwork", "token_hash"),
];

/// The table of the history of activity, and its key.
const HISTORY: (&str, &str) = ("actividad", "request_id");

/// The codes of final refusals, which alone make dead letters here.
pub const FINAL_CODES: [&str; 2] = ["BadRequest", "22001"];

const PROCEDURE: &str = "ActualizarEjecucionDesdeCallback";

/// How the data API speaks HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Its tables have no guard: the component looks at a row, and what comes between that and
    /// its write is written over.
    Dab,
    /// Its tables are guarded by filters.
    Postgrest,
}

/// What is asked of it.
#[derive(Debug, Clone)]
pub enum Request {
    Execute(Order),
    Read {
        row: String,
        column: String,
    },
    Update {
        row: String,
        guard: Guard,
        columns: Columns,
    },
    Insert {
        row: String,
        columns: Columns,
    },
    /// A row of the history of activity.
    Keep(ActivityRow),
}

impl Request {
    /// The deployment or the row it is about.
    pub fn subject(&self) -> &str {
        match self {
            Self::Execute(order) => &order.deployment,
            Self::Read { row, .. } | Self::Update { row, .. } | Self::Insert { row, .. } => row,
            Self::Keep(row) => &row.request_id,
        }
    }
}

impl Dialect {
    /// The value of `data_api`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dab => "dab",
            Self::Postgrest => "postgrest",
        }
    }

    /// What is asked; `None`: a request that is not known here.
    pub fn read(self, asked: &RecordedRequest) -> Option<Request> {
        let target = asked.target.strip_prefix("/api/")?;
        match self {
            Self::Dab => dab(asked, target),
            Self::Postgrest => postgrest(asked, target),
        }
    }

    /// What it does not understand, or will never take.
    pub fn refusal(self) -> Act {
        match self {
            Self::Dab => nested(400, FINAL_CODES[0]),
            Self::Postgrest => self.error(400, FINAL_CODES[1]),
        }
    }

    /// An error in its own format.
    pub fn error(self, status: u16, code: &str) -> Act {
        let (details, hint) = (Value::Null, Value::Null);
        match self {
            Self::Dab => nested(status, code),
            Self::Postgrest => upstream::json(
                status,
                &json!({"code": code, "message": "…", "details": details, "hint": hint}),
            ),
        }
    }

    pub fn procedure_reply(self, resultado: Resultado) -> Act {
        let word = match resultado {
            Resultado::Updated => "UPDATED",
            Resultado::AlreadyProcessed => "ALREADY_PROCESSED",
            Resultado::NotFound => "NOT_FOUND",
        };
        self.rows(&[json!({"Resultado": word})])
    }

    pub fn kept_reply(self, row: &ActivityRow) -> Act {
        self.rows(&[json!({HISTORY.1: row.request_id})])
    }

    pub fn row_reply(self, found: Option<&Columns>, column: &str) -> Act {
        let found = found.map(|columns| {
            let shown = columns.get(column).map(|text| self.formatted(text));
            json!({column: shown})
        });
        match (self, found) {
            (_, Some(row)) => self.rows(&[row]),
            (Self::Dab, None) => nested(404, "EntityNotFound"),
            (Self::Postgrest, None) => self.rows(&[]),
        }
    }

    pub fn write_reply(self, row: &str, outcome: WriteOutcome, inserting: bool) -> Act {
        let (_, key_column) = table(row).expect("one of ours");
        let shown = json!({key_column: row});
        match (self, outcome, inserting) {
            (_, WriteOutcome::Updated | WriteOutcome::Inserted, _) => self.rows(&[shown]),
            (Self::Postgrest, WriteOutcome::Unchanged, _) => self.rows(&[]),
            (Self::Dab, WriteOutcome::Unchanged, true) => nested(409, "DatabaseOperationFailed"),
            (Self::Dab, WriteOutcome::Unchanged, false) => nested(404, "EntityNotFound"),
        }
    }

    /// A timestamp as the database formats it; other texts do not end in `Z`.
    fn formatted(self, text: &str) -> String {
        let Some(local) = text.strip_suffix('Z') else {
            return text.to_owned();
        };
        match self {
            Self::Dab => local.to_owned(),
            Self::Postgrest => format!("{local}+00:00"),
        }
    }

    fn rows(self, rows: &[Value]) -> Act {
        match self {
            Self::Dab => upstream::json(200, &json!({"value": rows})),
            Self::Postgrest => upstream::json(200, &json!(rows)),
        }
    }
}

/// A refusal of Data API builder's.
fn nested(status: u16, code: &str) -> Act {
    upstream::json(
        status,
        &json!({"error": {"code": code, "message": "…", "status": status}}),
    )
}

fn dab(asked: &RecordedRequest, target: &str) -> Option<Request> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pieces: Option<Vec<_>> = path.split('/').map(decoded).collect();
    let pieces = pieces?;
    let pieces: Vec<_> = pieces.iter().map(String::as_str).collect();
    let pieces = &pieces[..];
    match (asked.method.as_str(), pieces) {
        ("POST", [name]) if *name == PROCEDURE => order(asked),
        ("POST", [name]) if *name == HISTORY.0 => keep(asked),
        ("POST", [name]) => insert(asked, name),
        ("GET", [name, key_column, key]) => Some(Request::Read {
            row: row(name, key_column, key)?,
            column: query.strip_prefix("$select=")?.to_owned(),
        }),
        ("PATCH", [name, key_column, key]) if asked.header("if-match") == Some("*") => {
            Some(Request::Update {
                row: row(name, key_column, key)?,
                guard: Guard::IfThere,
                columns: columns(asked)?,
            })
        }
        _ => None,
    }
}

fn postgrest(asked: &RecordedRequest, target: &str) -> Option<Request> {
    if target == format!("rpc/{PROCEDURE}") {
        return order(asked);
    }
    let (name, query) = target.split_once('?')?;
    let filters: Option<Vec<_>> = query
        .split('&')
        .map(|filter| {
            let (left, right) = filter.split_once('=')?;
            Some((left, decoded(right)?))
        })
        .collect();
    let filters = filters?;
    let key = |left: &str, right: &str| row(name, left, right.strip_prefix("eq.")?);
    match (asked.method.as_str(), &filters[..]) {
        ("POST", [("on_conflict", key), ("select", shown)])
            if (name, key.as_str()) == HISTORY && key == shown =>
        {
            keep(asked)
        }
        ("POST", [("on_conflict", key), ("select", shown)]) if key == shown => {
            insert(asked, name).filter(|_| TABLES.contains(&(name, key)))
        }
        ("GET", [(left, right), ("select", column)]) => Some(Request::Read {
            row: key(left, right)?,
            column: column.clone(),
        }),
        ("PATCH", [(left, right), filter, ("select", shown)]) if left == shown => {
            Some(Request::Update {
                row: key(left, right)?,
                guard: guard(name, filter.0, &filter.1)?,
                columns: columns(asked)?,
            })
        }
        _ => None,
    }
}

/// A guard, in the forms that the component has reasons for.
fn guard(table: &str, left: &str, right: &str) -> Option<Guard> {
    let column = match table {
        "reservas_cal" => Kind::Booking.timestamp_column(),
        _ => Kind::Message.timestamp_column(),
    };
    let shown = |text: &str| parse_timestamp(&text.replace("+00:00", "Z"));
    match (left, right) {
        ("or", right) => {
            let until = format!("({column}.is.null,{column}.lte.\"");
            let until = right.strip_prefix(&until)?.strip_suffix("\")")?;
            Some(Guard::NotAfter(shown(until)?))
        }
        (left, "is.null") if left == column => Some(Guard::Still(None)),
        (left, right) if left == column => {
            let seen = shown(right.strip_prefix("eq.")?)?;
            Some(Guard::Still(Some(seen)))
        }
        _ => None,
    }
}

fn order(asked: &RecordedRequest) -> Option<Request> {
    let mut arguments = columns(asked)?;
    let order = Order {
        deployment: arguments.remove("DeploymentId")?,
        estado: arguments.remove("Estado")?,
        callback_info: arguments.remove("CallbackInfo")?,
    };
    let is_all = asked.method == "POST" && arguments.is_empty();
    is_all.then_some(Request::Execute(order))
}

fn insert(asked: &RecordedRequest, name: &str) -> Option<Request> {
    let (_, key_column) = table(name)?;
    let mut columns = columns(asked)?;
    let key = columns.remove(key_column)?;
    // Reservations are made by others.
    let is_ours = name != "reservas";
    is_ours.then_some(Request::Insert {
        row: row(name, key_column, &key)?,
        columns,
    })
}

/// A row of the history, with every column that it has and no other.
fn keep(asked: &RecordedRequest) -> Option<Request> {
    let mut columns = columns(asked)?;
    let mut take = |name| columns.remove(name);
    let row = ActivityRow {
        request_id: take(HISTORY.1)?,
        source: take("source")?,
        status: take("status")?.parse().ok()?,
        row_key: take("row_key").filter(|key| key != NULL),
    };
    let is_complete = take("outcome").is_some()
        && parse_timestamp(&take("received_at")?).is_some()
        && take("ms")?.parse::<f64>().is_ok();
    (is_complete && columns.is_empty()).then_some(Request::Keep(row))
}

/// A body of texts and nulls.
fn columns(asked: &RecordedRequest) -> Option<Columns> {
    let object: Map<String, Value> = serde_json::from_slice(&asked.body).ok()?;
    let texts = object.into_iter().map(|(name, value)| match value {
        Value::String(text) => Some((name, text)),
        Value::Null => Some((name, NULL.to_owned())),
        _ => None,
    });
    texts.collect()
}

fn row(name: &str, key_column: &str, key: &str) -> Option<String> {
    let is_one = TABLES.contains(&(name, key_column));
    is_one.then(|| format!("{name}/{key}"))
}

/// The table that the row is in.
fn table(row: &str) -> Option<(&'static str, &'static str)> {
    let name = row.split('/').next()?;
    TABLES.into_iter().find(|(known, _)| *known == name)
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}
