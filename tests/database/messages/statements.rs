//! The statements that PostgREST makes of the component's requests.

use postgres::{Client, Error};
use serde_json::{Value, json};

/// A table as PostgREST knows it.
pub struct Table {
    pub name: &'static str,
    pub key: &'static str,
    /// The column that says which of two changes is newer; none where a row is never changed.
    pub moment: Option<&'static str>,
    /// And their types.
    pub columns: &'static [(&'static str, &'static str)],
}

/// `PATCH /table?key=eq.id&or=(moment.is.null,moment.lte."…")&select=key`: the keys of the rows that it
/// has changed. The moment stands in the body too.
pub fn patch(client: &mut Client, table: &Table, id: &str, body: &Value) -> Vec<String> {
    let column = table.moment.expect("a table whose rows are changed");
    let moment = body[column].as_str().expect("a moment");
    let filters = format!(
        r#"{{t}}."{}" = {} and ({{t}}."{column}" is null or {{t}}."{column}" <= {})"#,
        table.key,
        literal(id),
        literal(moment)
    );
    try_patch(client, table, &filters, body).expect("allowed")
}

/// A PATCH with these filters, in which `{t}` stands for the table.
pub fn try_patch(
    client: &mut Client,
    table: &Table,
    filters: &str,
    body: &Value,
) -> Result<Vec<String>, Error> {
    let name = format!(r#""public"."{}""#, table.name);
    let sets: Vec<_> = columns(body)
        .map(|column| format!(r#""{column}" = "pgrst_body"."{column}""#))
        .collect();
    let source = format!(
        r#"update {name} set {} from {} where {} returning {name}."{}""#,
        sets.join(", "),
        record(table, body),
        filters.replace("{t}", &name),
        table.key
    );
    run(client, &source, table.key, body)
}

/// `POST /table?on_conflict=key&select=key` with `resolution=ignore-duplicates`: the key, where the
/// row was not there yet.
pub fn post(client: &mut Client, table: &Table, body: &Value) -> Vec<String> {
    try_post(client, table, body).expect("allowed")
}

/// The same, which may be refused.
pub fn try_post(client: &mut Client, table: &Table, body: &Value) -> Result<Vec<String>, Error> {
    let quoted = |prefix: &str| -> String {
        let names: Vec<_> = columns(body)
            .map(|column| format!(r#"{prefix}"{column}""#))
            .collect();
        names.join(", ")
    };
    let (name, key) = (table.name, table.key);
    let source = format!(
        r#"insert into "public"."{name}"({}) select {} from {}
           on conflict("{key}") do nothing returning "public"."{name}"."{key}""#,
        quoted(""),
        quoted(r#""pgrst_body"."#),
        record(table, body),
    );
    run(client, &source, key, body)
}

/// `GET /table?key=eq.id&select=moment`: the moment of each row, as its JSON has it.
pub fn moments(client: &mut Client, table: &Table, id: &str) -> Vec<Option<String>> {
    let column = table.moment.expect("a table whose rows are changed");
    let (name, key, id) = (table.name, table.key, literal(id));
    let source = format!(
        r#"select "public"."{name}"."{column}" from "public"."{name}"
           where "public"."{name}"."{key}" = {id}"#
    );
    let rows = json_of(client, &source, &json!({})).expect("allowed");
    let rows = rows.as_array().expect("rows").iter();
    rows.map(|row| row[column].as_str().map(str::to_owned))
        .collect()
}

fn run(client: &mut Client, source: &str, key: &str, body: &Value) -> Result<Vec<String>, Error> {
    let rows = json_of(client, source, body)?;
    let keys = rows.as_array().expect("rows").iter().map(|row| {
        assert_eq!(row.as_object().expect("a row").len(), 1, "{row}");
        row[key].as_str().expect("a text").to_owned()
    });
    Ok(keys.collect())
}

fn json_of(client: &mut Client, source: &str, body: &Value) -> Result<Value, Error> {
    let statement = format!(
        r#"with pgrst_payload as (select $1::text::json as json_data), pgrst_source as ({source})
           select coalesce(json_agg(_postgrest_t), '[]')::text from pgrst_source as _postgrest_t"#
    );
    let row = client.query_one(&statement, &[&body.to_string()])?;
    Ok(serde_json::from_str(row.get(0)).expect("JSON"))
}

/// The body as a record with the types of the table's columns.
fn record(table: &Table, body: &Value) -> String {
    let typed: Vec<_> = columns(body)
        .map(|column| {
            let known = table.columns.iter().find(|(name, _)| *name == column);
            let (name, kind) = known.expect("a column of the table");
            format!(r#""{name}" {kind}"#)
        })
        .collect();
    let typed = typed.join(", ");
    format!(
        "pgrst_payload, lateral (select * from json_to_record(json_data) as _({typed})) pgrst_body"
    )
}

fn columns(body: &Value) -> impl Iterator<Item = &str> {
    body.as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
}

/// A parameter whose type PostgreSQL is left to find.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
