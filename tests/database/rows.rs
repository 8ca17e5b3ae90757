//! Rows of "Ejecuciones": what the Lanzador inserts, and what stands there afterwards.

use postgres::Client;

/// States that no callback changes.
pub const FINAL: [&str; 6] = [
    "COMPLETED",
    "RUN_COMPLETED",
    "RUN_FAILED",
    "DEPLOY_FAILED",
    "RUN_ABORTED",
    "COMPLETED_INFERRED",
];

/// States that a callback changes; `UNKNOWN` is the Conciliador's.
pub const NOT_FINAL: [&str; 7] = [
    "DEPLOYED",
    "RUNNING",
    "QUEUED",
    "PENDING_EXECUTION",
    "UPDATE",
    "RUN_PAUSED",
    "UNKNOWN",
];

/// Inserts a row as the Lanzador does.
pub fn insert(client: &mut Client, deployment_id: &str, state: &str) {
    client
        .execute(
            r#"insert into "Ejecuciones" ("DeploymentId", "Estado", "FechaInicio")
               values ($1, $2, '2026-01-02 03:04:05')"#,
            &[&deployment_id, &state],
        )
        .expect("inserted");
}

/// Calls the function, and returns the one row it gives.
pub fn call(client: &mut Client, deployment_id: &str, state: &str, info: &str) -> String {
    try_call(client, Some(deployment_id), Some(state), Some(info)).expect("it answers")
}

/// Calls the function as PostgREST does: by the names of its parameters.
pub fn try_call(
    client: &mut Client,
    deployment_id: Option<&str>,
    state: Option<&str>,
    info: Option<&str>,
) -> Result<String, postgres::Error> {
    let rows = client.query(
        r#"select * from public."ActualizarEjecucionDesdeCallback"(
               "DeploymentId" := $1, "Estado" := $2, "CallbackInfo" := $3)"#,
        &[&deployment_id, &state, &info],
    )?;
    let [row] = rows.as_slice() else {
        panic!("not one row: {rows:?}");
    };
    assert_eq!(row.columns().len(), 1);
    assert_eq!(row.columns()[0].name(), "Resultado");
    Ok(row.get(0))
}

/// The whole table as text, in the order of its key: what a test says has not changed.
pub fn table(client: &mut Client) -> Vec<String> {
    client
        .query(
            r#"select e::text from "Ejecuciones" as e order by "EjecucionId""#,
            &[],
        )
        .expect("the owner may read")
        .iter()
        .map(|row| row.get(0))
        .collect()
}

/// One column of one row, as text.
pub fn column(client: &mut Client, deployment_id: &str, name: &str) -> Option<String> {
    client
        .query_one(
            &format!(r#"select "{name}"::text from "Ejecuciones" where "DeploymentId" = $1"#),
            &[&deployment_id],
        )
        .expect("the row")
        .get(0)
}

/// The error's SQLSTATE, which PostgREST makes an HTTP status of.
pub fn sql_state<T>(result: Result<T, postgres::Error>) -> String {
    let error = result.err().expect("refused");
    let code = error.code().unwrap_or_else(|| panic!("{error:?}"));
    code.code().to_owned()
}
