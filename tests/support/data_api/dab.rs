//! A server that speaks Data API builder's HTTP as strictly as the component is to speak it, with
//! SAM's rules behind it. What its source refuses is refused; what is not known here fails the
//! test.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::upstream::{Act, RecordedRequest, Upstream};

/// The role that the entities are open to.
pub const ROLE: &str = "sam_callback";

const FINAL: [&str; 6] = [
    "COMPLETED",
    "RUN_COMPLETED",
    "RUN_FAILED",
    "DEPLOY_FAILED",
    "RUN_ABORTED",
    "COMPLETED_INFERRED",
];

const COLUMNS: [&str; 6] = [
    "DeploymentId",
    "Estado",
    "CallbackInfo",
    "FechaFin",
    "FechaInicioReal",
    "FechaActualizacion",
];

/// A row, by its columns.
type Row = BTreeMap<String, Value>;
type Rows = BTreeMap<String, Row>;

pub struct DabServer {
    pub upstream: Upstream,
    rows: Arc<Mutex<Rows>>,
    history: Arc<Mutex<Rows>>,
    strange: Arc<Mutex<Vec<String>>>,
}

impl DabServer {
    /// Serves whoever shows `bearer`, or everybody where there is none, in the one role there is.
    pub fn start(bearer: Option<&'static str>) -> Self {
        Self::serve(bearer, Some(ROLE))
    }

    /// Serves everybody, without a role.
    pub fn start_open() -> Self {
        Self::serve(None, None)
    }

    fn serve(bearer: Option<&'static str>, role: Option<&'static str>) -> Self {
        let (rows, history) = <(Arc<Mutex<Rows>>, Arc<Mutex<Rows>>)>::default();
        let strange = Arc::<Mutex<Vec<String>>>::default();
        let (own, of_history) = (Arc::clone(&rows), Arc::clone(&history));
        let noted = Arc::clone(&strange);
        let upstream = Upstream::start(move |asked| {
            let mut rows = own.lock().expect("no panic");
            let mut history = of_history.lock().expect("no panic");
            match answer(&mut rows, &mut history, bearer, role, asked) {
                Ok(act) => act,
                Err(what) => {
                    let what = format!("{what}: {asked:?}");
                    noted.lock().expect("no panic").push(what);
                    error(400, "BadRequest")
                }
            }
        });
        Self {
            upstream,
            rows,
            history,
            strange,
        }
    }

    /// Settings that lead here.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let headers = json!({"X-MS-API-ROLE": ROLE}).to_string();
        vec![
            ("data_api", "dab".to_owned()),
            ("data_api_origin", self.upstream.origin()),
            ("data_api_headers", headers),
        ]
    }

    /// What the Lanzador does.
    pub fn insert(&self, deployment_id: &str, state: &str) {
        let row = COLUMNS
            .iter()
            .map(|column| ((*column).to_owned(), Value::Null));
        let mut row: Row = row.collect();
        row.insert("DeploymentId".to_owned(), deployment_id.into());
        row.insert("Estado".to_owned(), state.into());
        self.rows().insert(deployment_id.to_owned(), row);
    }

    /// A row as it is now.
    pub fn row(&self, deployment_id: &str) -> Row {
        self.rows()[deployment_id].clone()
    }

    pub fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().expect("no panic")
    }

    /// The rows of `actividad`, by their request ids.
    pub fn history(&self) -> MutexGuard<'_, Rows> {
        self.history.lock().expect("no panic")
    }
}

impl Drop for DabServer {
    fn drop(&mut self) {
        let strange = self.strange.lock().expect("no panic");
        if !thread::panicking() {
            assert!(strange.is_empty(), "{strange:#?}");
        }
    }
}

fn error(status: u16, code: &str) -> Act {
    let error = json!({"error": {"code": code, "message": "…", "status": status}});
    crate::upstream::json(status, &error)
}

fn value(status: u16, rows: Vec<Value>) -> Act {
    crate::upstream::json(status, &json!({ "value": rows }))
}

fn answer(
    rows: &mut Rows,
    history: &mut Rows,
    bearer: Option<&str>,
    role: Option<&str>,
    asked: &RecordedRequest,
) -> Result<Act, &'static str> {
    check_headers(asked)?;
    if let Some(bearer) = bearer
        && asked.header("authorization") != Some(&format!("Bearer {bearer}"))
    {
        return Ok(Act::ReplyWith(401, "www-authenticate", "Bearer"));
    }
    if (asked.method.as_str(), asked.target.as_str()) == ("GET", "/") {
        let healthy = json!({"status": "Healthy", "version": "2.0.9", "app-name": "dab"});
        return Ok(crate::upstream::json(200, &healthy));
    }
    if asked.header("x-ms-api-role") != role {
        return Ok(error(403, "AuthorizationCheckFailed"));
    }
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    match (asked.method.as_str(), path.strip_prefix("/api/")) {
        ("POST", Some("ActualizarEjecucionDesdeCallback")) if query.is_empty() => {
            execute(rows, asked)
        }
        ("POST", Some("ConsultarEjecucion")) if query.is_empty() => look_up(rows, asked),
        ("POST", Some("EjecucionesSinCallback")) if query.is_empty() => overdue(rows, asked),
        ("POST", Some("actividad")) if query.is_empty() => keep(history, asked),
        ("GET", Some(path)) => read(rows, key(path)?, query),
        ("PATCH", Some(path)) if query.is_empty() => change(rows, key(path)?, asked),
        _ => Err("a method or path"),
    }
}

fn check_headers(asked: &RecordedRequest) -> Result<(), &'static str> {
    for (name, value) in &asked.headers {
        let known = match name.as_str() {
            "accept" | "content-type" => value == "application/json",
            "if-match" => value == "*" && asked.method == "PATCH",
            "authorization" | "content-length" | "host" | "x-ms-api-role" => true,
            _ => false,
        };
        if !known {
            return Err("a header");
        }
    }
    Ok(())
}

/// The server in front of it leaves an encoded slash as it is, and takes `..` for a step.
fn key(path: &str) -> Result<String, &'static str> {
    let pieces: Vec<_> = path.split('/').collect();
    let ["Ejecuciones", "DeploymentId", key] = pieces[..] else {
        return Err("a path");
    };
    if key.to_lowercase().contains("%2f") {
        return Err("a key that is not what it was");
    }
    match percent_decode_str(key).decode_utf8() {
        Ok(key) if !matches!(&*key, "" | "." | "..") => Ok(key.into_owned()),
        _ => Err("a key"),
    }
}

fn texts(asked: &RecordedRequest) -> Result<BTreeMap<String, String>, &'static str> {
    let texts: Result<BTreeMap<String, String>, _> = serde_json::from_slice(&asked.body);
    texts.map_err(|_| "a body that is no object of texts")
}

/// The procedure.
fn execute(rows: &mut Rows, asked: &RecordedRequest) -> Result<Act, &'static str> {
    let arguments = texts(asked)?;
    let names: Vec<_> = arguments.keys().map(String::as_str).collect();
    if names != ["CallbackInfo", "DeploymentId", "Estado"] {
        return Err("an argument too many or too few");
    }
    let word = match rows.get_mut(&arguments["DeploymentId"]) {
        None => "NOT_FOUND",
        Some(row) if is_final(row) => "ALREADY_PROCESSED",
        Some(row) => {
            for (column, text) in arguments {
                row.insert(column, text.into());
            }
            let now = Value::from("2026-01-02T03:04:05");
            for column in ["FechaFin", "FechaActualizacion"] {
                row.insert(column.to_owned(), now.clone());
            }
            let start = row.entry("FechaInicioReal".to_owned()).or_default();
            if start.is_null() {
                *start = now;
            }
            "UPDATED"
        }
    };
    Ok(value(201, vec![json!({ "Resultado": word })]))
}

/// What shows a row to operators.
fn look_up(rows: &Rows, asked: &RecordedRequest) -> Result<Act, &'static str> {
    let arguments = texts(asked)?;
    let names: Vec<_> = arguments.keys().map(String::as_str).collect();
    if names != ["DeploymentId"] {
        return Err("an argument too many or too few");
    }
    let row = rows.get(&arguments["DeploymentId"]).map(|row| {
        let mut row = row.clone();
        let callback = row.remove("CallbackInfo").unwrap_or_default();
        row.insert("ConCallback".to_owned(), (!callback.is_null()).into());
        row.insert("Historico".to_owned(), false.into());
        json!(row)
    });
    Ok(value(201, row.into_iter().collect()))
}

/// What lists rows without a callback; all of them began long ago.
fn overdue(rows: &Rows, asked: &RecordedRequest) -> Result<Act, &'static str> {
    let arguments: Value = serde_json::from_slice(&asked.body).map_err(|_| "no JSON")?;
    let minutes = arguments["Minutos"].as_u64().ok_or("no minutes")?;
    if arguments != json!({ "Minutos": minutes }) {
        return Err("an argument too many");
    }
    let active = rows.values().filter(|row| !is_final(row));
    let active = active.filter(|row| row["CallbackInfo"].is_null());
    let shown = active.map(|row| {
        json!({
            "DeploymentId": row["DeploymentId"], "Estado": row["Estado"],
            "FechaInicio": "2026-01-01T00:00:00",
        })
    });
    Ok(value(201, shown.take(200).collect()))
}

/// A row of the history, whose key keeps a second one out.
fn keep(history: &mut Rows, asked: &RecordedRequest) -> Result<Act, &'static str> {
    let columns = texts(asked)?;
    let id = columns.get("request_id").ok_or("no key")?.clone();
    if history.contains_key(&id) {
        return Ok(error(409, "DatabaseOperationFailed"));
    }
    let columns = columns.into_iter();
    let row = columns.map(|(column, text)| (column, text.into()));
    history.insert(id.clone(), row.collect());
    Ok(value(201, vec![json!({ "request_id": id })]))
}

fn is_final(row: &Row) -> bool {
    FINAL.iter().any(|state| row["Estado"] == *state)
}

fn read(rows: &Rows, key: String, query: &str) -> Result<Act, &'static str> {
    let selected = query.strip_prefix("$select=").ok_or("nothing selected")?;
    let Some(row) = rows.get(&key) else {
        return Ok(value(200, Vec::new()));
    };
    let mut shown = serde_json::Map::new();
    for column in selected.split(',') {
        let held = row.get(column).ok_or("a column")?;
        shown.insert(column.to_owned(), held.clone());
    }
    Ok(value(200, vec![shown.into()]))
}

fn change(rows: &mut Rows, key: String, asked: &RecordedRequest) -> Result<Act, &'static str> {
    asked.header("if-match").ok_or("a row made by accident")?;
    let Some(row) = rows.get_mut(&key).filter(|row| !is_final(row)) else {
        return Ok(error(404, "EntityNotFound"));
    };
    for (column, text) in texts(asked)? {
        *row.get_mut(&column).ok_or("a column")? = text.into();
    }
    Ok(value(200, vec![json!(row)]))
}
