//! What the function refuses: loudly, and without having changed anything.

use support::postgres::Database;

use crate::rows::{insert, sql_state, table, try_call};

#[test]
fn what_is_empty_or_too_long_is_refused_and_never_cut() {
    let database = Database::plain();
    let mut owner = database.connect();
    let id = "i".repeat(50);
    let state = "S".repeat(20);
    insert(&mut owner, &id, "DEPLOYED");
    let before = table(&mut owner);
    let mut role = database.connect_in_role("sam_callback");
    for (deployment_id, state, expected) in [
        (None, Some("RUN_FAILED"), "22004"),
        (Some(""), Some("RUN_FAILED"), "22004"),
        (Some("  "), Some("RUN_FAILED"), "22004"),
        (Some(id.as_str()), None, "22004"),
        (Some(&id), Some(""), "22004"),
        (Some(&id), Some(" "), "22004"),
        (Some(&id), Some(&" ".repeat(20)), "22004"),
        (Some(&id), Some(&" ".repeat(21)), "22004"),
        (Some(&format!("{id}i")), Some("RUN_FAILED"), "22001"),
        (Some(&format!("{id} ")), Some("RUN_FAILED"), "22001"),
        (Some(&id), Some(&format!("{state}S")), "22001"),
        // The column alone would take this one, and cut it.
        (Some(&id), Some(&format!("{state} ")), "22001"),
    ] {
        let refused = try_call(&mut role, deployment_id, state, Some("{}"));
        assert_eq!(sql_state(refused), expected, "{deployment_id:?} {state:?}");
    }
    assert_eq!(table(&mut owner), before);
}

#[test]
fn the_longest_that_fits_is_taken() {
    let database = Database::plain();
    let id = "i".repeat(50);
    insert(&mut database.connect(), &id, "DEPLOYED");
    let mut role = database.connect_in_role("sam_callback");
    let outcome = try_call(&mut role, Some(&id), Some(&"S".repeat(20)), Some("{}"));
    assert_eq!(outcome.expect("it answers"), "UPDATED");
}

#[test]
fn a_key_that_is_there_already_is_refused() {
    let database = Database::plain();
    let mut owner = database.connect();
    insert(&mut owner, "d-1", "DEPLOYED");
    let error = owner
        .batch_execute(
            r#"insert into "Ejecuciones" ("DeploymentId", "Estado", "FechaInicio")
               values ('d-1', 'DEPLOYED', now())"#,
        )
        .expect_err("unique");
    let broken = error.as_db_error().and_then(|error| error.constraint());
    assert_eq!(broken, Some("UQ_Ejecuciones_DeploymentId"));
}
