//! A server that speaks PostgREST's HTTP as strictly as the component is to speak it, and runs the
//! statements that PostgREST would run, on a real PostgreSQL and in the role of the token. A
//! header, path or filter that is not known here fails the test.

use std::sync::{Arc, Mutex};
use std::thread;

use ::postgres::types::ToSql;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::postgres::Database;
use crate::upstream::{Act, RecordedRequest, Upstream};

/// Every project of Supabase has one.
pub const API_KEY: &str = "una-clave-publicable";

/// Stands for a JWT whose role is `sam_callback`.
pub const JWT: &str = "un.jwt.firmado";

/// Where Supabase has it.
pub const PATH: &str = "/rest/v1";

pub struct PostgrestServer {
    pub upstream: Upstream,
    pub database: Arc<Database>,
    strange: Arc<Mutex<Vec<String>>>,
}

/// What the component has sent is not what PostgREST knows, or what this project means to send.
struct Strange(String);

impl PostgrestServer {
    pub fn start(database: Database) -> Self {
        let database = Arc::new(database);
        let strange = Arc::<Mutex<Vec<String>>>::default();
        let (own, noted) = (Arc::clone(&database), Arc::clone(&strange));
        let upstream = Upstream::start(move |asked| match answer(&own, asked) {
            Ok((status, body)) => crate::upstream::json(status, &body),
            Err(Strange(what)) => {
                let what = format!("{what}: {asked:?}");
                noted.lock().expect("no panic").push(what);
                Act::Reply(400, "text/plain", Vec::new())
            }
        });
        Self {
            upstream,
            database,
            strange,
        }
    }

    /// Settings that lead here.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let headers = json!({"apikey": API_KEY, "Authorization": format!("Bearer {JWT}")});
        vec![
            ("data_api", "postgrest".to_owned()),
            ("data_api_origin", self.upstream.origin()),
            ("data_api_path", PATH.to_owned()),
            ("data_api_headers", headers.to_string()),
        ]
    }
}

impl Drop for PostgrestServer {
    fn drop(&mut self) {
        let strange = self.strange.lock().expect("no panic");
        if !thread::panicking() {
            assert!(strange.is_empty(), "{strange:#?}");
        }
    }
}

fn strange<T>(what: impl Into<String>) -> Result<T, Strange> {
    Err(Strange(what.into()))
}

fn answer(database: &Database, asked: &RecordedRequest) -> Result<(u16, Value), Strange> {
    check_headers(asked)?;
    if asked.header("apikey") != Some(API_KEY) {
        return Ok((401, json!({"message": "Invalid API key"})));
    }
    if asked.header("authorization") != Some(&format!("Bearer {JWT}")) {
        return Ok((401, json!({"code": "PGRST301", "message": "…"})));
    }
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    let Some(path) = path.strip_prefix(PATH) else {
        return strange("a path outside");
    };
    match (asked.method.as_str(), path) {
        ("GET", "/") if query.is_empty() => {
            let paths = json!({"/": {}, "/rpc/ActualizarEjecucionDesdeCallback": {}});
            Ok((200, json!({"swagger": "2.0", "paths": paths})))
        }
        ("POST", path) if query.is_empty() => match path.strip_prefix("/rpc/") {
            Some(function) => call(database, &name(function)?, asked),
            None => strange("a path"),
        },
        ("POST", path) => insert(database, &table(path)?, query, asked),
        ("GET", path) => select(database, &table(path)?, query),
        ("PATCH", path) => update(database, &table(path)?, query, asked),
        _ => strange("a method"),
    }
}

fn check_headers(asked: &RecordedRequest) -> Result<(), Strange> {
    for (name, value) in &asked.headers {
        let known = match name.as_str() {
            "accept" | "content-type" => value == "application/json",
            "prefer" => match asked.method.as_str() {
                "PATCH" => value == "return=representation",
                "POST" => value == "resolution=ignore-duplicates,return=representation",
                _ => false,
            },
            "apikey" | "authorization" | "content-length" | "host" => true,
            _ => false,
        };
        if !known {
            return strange(format!("a header, {name}"));
        }
    }
    match (asked.method.as_str(), asked.body.is_empty()) {
        ("GET" | "HEAD", true) | ("POST" | "PATCH", false) => Ok(()),
        _ => strange("a body, or none"),
    }
}

fn table(path: &str) -> Result<String, Strange> {
    name(path.strip_prefix('/').unwrap_or_default())
}

/// A name, quoted for SQL.
fn name(encoded: &str) -> Result<String, Strange> {
    let name = decoded(encoded)?;
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
    match !name.is_empty() && name.chars().all(plain) {
        true => Ok(format!("\"{name}\"")),
        false => strange(format!("a name, {name}")),
    }
}

fn decoded(text: &str) -> Result<String, Strange> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => strange("an encoding"),
    }
}

/// A body of texts and nulls, by quoted names.
fn texts(asked: &RecordedRequest) -> Result<Vec<(String, Option<String>)>, Strange> {
    let Ok(Value::Object(object)) = serde_json::from_slice(&asked.body) else {
        return strange("a body that is no object");
    };
    let texts = object.into_iter().map(|(column, value)| match value {
        Value::String(text) => Ok((name(&column)?, Some(text))),
        Value::Null => Ok((name(&column)?, None)),
        _ => strange("a value that is no text"),
    });
    texts.collect()
}

/// `name := number`, where that is the whole body.
fn number(asked: &RecordedRequest) -> Result<Option<String>, Strange> {
    let object: Result<Vec<_>, _> =
        serde_json::from_slice::<serde_json::Map<String, Value>>(&asked.body)
            .map(|object| object.into_iter().collect());
    match object.as_deref() {
        Ok([(column, Value::Number(value))]) => Ok(Some(format!("{} := {value}", name(column)?))),
        _ => Ok(None),
    }
}

fn call(
    database: &Database,
    function: &str,
    asked: &RecordedRequest,
) -> Result<(u16, Value), Strange> {
    if let Some(number) = number(asked)? {
        let from = format!("select * from public.{function}({number})");
        return Ok(run(database, &from, &[]));
    }
    let texts = texts(asked)?;
    let arguments: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(index, (name, _))| format!("{name} := ${}::text", index + 1))
        .collect();
    let values: Vec<_> = texts.into_iter().map(|(_, text)| text).collect();
    let from = format!("select * from public.{function}({})", arguments.join(", "));
    Ok(run(database, &from, &values))
}

/// A query's filters and what it selects.
struct Query {
    conditions: Vec<String>,
    values: Vec<Option<String>>,
    selected: String,
}

/// `first`: the number of the next parameter.
fn parse(query: &str, first: usize) -> Result<Query, Strange> {
    let (mut conditions, mut values, mut selected) =
        (Vec::new(), Vec::<Option<String>>::new(), None);
    for part in query.split('&') {
        let Some((left, right)) = part.split_once('=') else {
            return strange("a filter");
        };
        let right = decoded(right)?;
        if left == "select" {
            let columns: Result<Vec<_>, _> = right.split(',').map(name).collect();
            selected = Some(columns?.join(", "));
            continue;
        }
        if left == "or" {
            let (condition, value) = null_or_until(&right, first + values.len())?;
            conditions.push(condition);
            values.push(Some(value));
            continue;
        }
        let column = name(left)?;
        if let Some(value) = right.strip_prefix("eq.") {
            values.push(Some(value.to_owned()));
            conditions.push(format!("{column} = ${}", first + values.len() - 1));
        } else if let Some(list) = right.strip_prefix("not.in.(") {
            let Some(list) = list.strip_suffix(')') else {
                return strange("a list");
            };
            let list: Result<Vec<_>, _> = list.split(',').map(name).collect();
            let list = list?.join(", ").replace('"', "'");
            conditions.push(format!("{column} not in ({list})"));
        } else if right == "is.null" {
            conditions.push(format!("{column} is null"));
        } else {
            return strange("an operator");
        }
    }
    let Some(selected) = selected else {
        return strange("nothing selected: the callback itself would come back");
    };
    Ok(Query {
        conditions,
        values,
        selected,
    })
}

/// `(column.is.null,column.lte."moment")`
fn null_or_until(text: &str, number: usize) -> Result<(String, String), Strange> {
    let inner = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'));
    let parts = inner.and_then(|inner| inner.split_once(".is.null,"));
    let until = parts.and_then(|(column, rest)| {
        let rest = rest.strip_prefix(column)?.strip_prefix(".lte.\"")?;
        Some((column, rest.strip_suffix('"')?))
    });
    let Some((column, moment)) = until.filter(|(_, moment)| !moment.contains(['"', '\\'])) else {
        return strange("an alternative");
    };
    let column = name(column)?;
    let condition = format!("({column} is null or {column} <= ${number}::text::timestamptz)");
    Ok((condition, moment.to_owned()))
}

fn select(database: &Database, table: &str, query: &str) -> Result<(u16, Value), Strange> {
    let query = parse(query, 1)?;
    let conditions = query.conditions.join(" and ");
    let selected = query.selected;
    let statement = format!("select {selected} from public.{table} where {conditions}");
    Ok(run(database, &statement, &query.values))
}

fn update(
    database: &Database,
    table: &str,
    query: &str,
    asked: &RecordedRequest,
) -> Result<(u16, Value), Strange> {
    let texts = texts(asked)?;
    let query = parse(query, texts.len() + 1)?;
    if query.conditions.len() < 2 {
        return strange("no guard");
    }
    let sets = texts.iter().zip(typed(&texts));
    let sets: Vec<_> = sets
        .map(|((name, _), value)| format!("{name} = {value}"))
        .collect();
    let values: Vec<_> = texts.into_iter().map(|(_, text)| text).collect();
    let statement = format!(
        "update public.{table} set {} where {} returning {}",
        sets.join(", "),
        query.conditions.join(" and "),
        query.selected
    );
    Ok(run(database, &statement, &[values, query.values].concat()))
}

/// `on_conflict` and `select` are the key, and rows that are there stay.
fn insert(
    database: &Database,
    table: &str,
    query: &str,
    asked: &RecordedRequest,
) -> Result<(u16, Value), Strange> {
    let texts = texts(asked)?;
    let key = query.strip_prefix("on_conflict=");
    let key = key.and_then(|rest| rest.split_once("&select="));
    let Some((key, _)) = key.filter(|(key, selected)| key == selected) else {
        return strange("no key");
    };
    let key = name(key)?;
    let names: Vec<_> = texts.iter().map(|(name, _)| name.as_str()).collect();
    let statement = format!(
        "insert into public.{table}({}) values ({}) on conflict ({key}) do nothing returning {key}",
        names.join(", "),
        typed(&texts).join(", ")
    );
    let values: Vec<_> = texts.into_iter().map(|(_, text)| text).collect();
    Ok(run(database, &statement, &values))
}

/// The values as parameters. As PostgREST does it: what JSON has as text becomes what the column
/// has.
fn typed(texts: &[(String, Option<String>)]) -> Vec<String> {
    let is_history = texts.iter().any(|(name, _)| name == "\"request_id\"");
    let kinds = texts.iter().map(|(name, _)| match name.trim_matches('"') {
        name if name.starts_with("Fecha") => "timestamp",
        "message_timestamp" | "valid_until" | "received_at" | "event_timestamp" | "start_time"
        | "end_time" => "timestamptz",
        // Of the history of activity: in other tables it is a text.
        "status" if is_history => "int",
        "ms" => "float8",
        _ => "text",
    });
    let typed = kinds.enumerate();
    typed
        .map(|(index, kind)| format!("${}::text::{kind}", index + 1))
        .collect()
}

/// Runs a statement in the token's role and gives its rows, or the error, as PostgREST does.
fn run(database: &Database, statement: &str, values: &[Option<String>]) -> (u16, Value) {
    let statement = format!(
        "with source as ({statement}) select coalesce(json_agg(source), '[]')::text from source"
    );
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|text| text as _).collect();
    let mut client = database.connect_in_role("sam_callback");
    match client.query_one(&statement, &values) {
        Ok(row) => {
            let rows: String = row.get(0);
            (200, serde_json::from_str(&rows).expect("JSON"))
        }
        Err(error) => {
            let code = error.code().map_or("XX000", |code| code.code());
            let status = match code {
                "42501" => 403,
                "42883" | "42P01" => 404,
                _ => 400,
            };
            (status, json!({"code": code, "message": error.to_string()}))
        }
    }
}
