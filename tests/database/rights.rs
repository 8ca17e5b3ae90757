//! Who may do what: sam_callback may call one function, and Supabase's own roles not even that.

use postgres::error::SqlState;
use support::postgres::Database;

use crate::rows::{call, column, insert, sql_state, table};

/// "insufficient privilege": PostgREST makes 403 of it.
const DENIED: &str = "42501";

const ON_THE_TABLE: [&str; 8] = [
    r#"select from "Ejecuciones""#,
    r#"select "DeploymentId" from "Ejecuciones""#,
    r#"insert into "Ejecuciones" ("DeploymentId", "Estado", "FechaInicio")
       values ('d-2', 'DEPLOYED', now())"#,
    r#"update "Ejecuciones" set "Estado" = 'RUN_FAILED'"#,
    r#"delete from "Ejecuciones""#,
    r#"truncate "Ejecuciones""#,
    r#"drop table "Ejecuciones""#,
    r#"alter table "Ejecuciones" disable row level security"#,
];

const BESIDES: [&str; 6] = [
    r#"select nextval('"Ejecuciones_EjecucionId_seq"')"#,
    "create table public.mine (a int)",
    "create view public.mine as select 1",
    "create function public.mine() returns int language sql as 'select 1'",
    "create schema mine",
    "create role mine",
];

#[test]
fn the_role_may_call_the_function_and_nothing_else() {
    for database in [Database::plain(), Database::supabase()] {
        let mut owner = database.connect();
        insert(&mut owner, "d-1", "DEPLOYED");
        let before = table(&mut owner);
        let mut role = database.connect_in_role("sam_callback");
        for statement in ON_THE_TABLE.into_iter().chain(BESIDES) {
            assert_eq!(
                sql_state(role.batch_execute(statement)),
                DENIED,
                "{statement}"
            );
        }
        assert_eq!(table(&mut owner), before);
        assert_eq!(call(&mut role, "d-1", "RUN_COMPLETED", "{}"), "UPDATED");
    }
}

#[test]
fn nothing_else_in_the_schema_is_open_to_the_role() {
    for database in [Database::plain(), Database::supabase()] {
        let open: Vec<String> = database
            .connect()
            .query(
                "select proname::text from pg_proc
                 where pronamespace = 'public'::regnamespace
                   and has_function_privilege('sam_callback', oid, 'execute')
                 union all
                 select relname::text from pg_class
                 where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'm', 'p', 'f')
                   and (has_any_column_privilege('sam_callback', oid,
                                                 'select, insert, update, references')
                     or has_table_privilege('sam_callback', oid, 'delete, truncate, trigger'))",
                &[],
            )
            .expect("names")
            .iter()
            .map(|row| row.get(0))
            .collect();
        assert_eq!(open, ["ActualizarEjecucionDesdeCallback"]);
    }
}

#[test]
fn supabases_own_roles_cannot_call_the_function() {
    let database = Database::supabase();
    let mut owner = database.connect();
    insert(&mut owner, "d-1", "DEPLOYED");
    let before = table(&mut owner);
    for role in ["anon", "authenticated", "service_role"] {
        let called = database.connect_in_role(role).batch_execute(
            r#"select * from "ActualizarEjecucionDesdeCallback"('d-1', 'RUN_FAILED', '{}')"#,
        );
        assert_eq!(sql_state(called), DENIED, "{role}");
    }
    assert_eq!(table(&mut owner), before);
}

#[test]
fn supabases_public_roles_have_no_right_on_the_table() {
    let database = Database::supabase();
    insert(&mut database.connect(), "d-1", "DEPLOYED");
    for role in ["anon", "authenticated"] {
        let mut client = database.connect_in_role(role);
        for statement in ON_THE_TABLE {
            let refused = sql_state(client.batch_execute(statement));
            assert_eq!(refused, DENIED, "{role}: {statement}");
        }
    }
}

#[test]
fn the_mimicked_default_privileges_are_in_force() {
    // Without this the two tests above could pass for the wrong reason.
    let database = Database::supabase();
    database
        .connect()
        .batch_execute(
            "create table public.other (a int);
             create function public.other() returns int language sql as 'select 1';
             revoke execute on function public.other() from public",
        )
        .expect("made");
    for role in ["anon", "authenticated", "service_role"] {
        let mut client = database.connect_in_role(role);
        client
            .batch_execute("select * from public.other; select public.other()")
            .expect("Supabase's roles get rights on what is new");
    }
}

#[test]
fn the_role_cannot_log_in() {
    let database = Database::plain();
    let error = database
        .config("sam_callback")
        .connect(postgres::NoTls)
        .err()
        .expect("refused");
    assert_eq!(
        error.code(),
        Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
    );
}

#[test]
fn what_a_caller_puts_in_front_of_the_schema_is_not_used() {
    let database = Database::plain();
    let mut owner = database.connect();
    insert(&mut owner, "d-1", "RUN_COMPLETED");
    insert(&mut owner, "d-2", "DEPLOYED");
    owner
        .batch_execute(
            "create schema others;
             grant usage on schema others to sam_callback;
             create function others.upper(text) returns text language sql as 'select text ''OPEN'''",
        )
        .expect("a schema that the role may use");
    let mut role = database.connect_in_role("sam_callback");
    role.batch_execute(
        r#"create temp table "Ejecuciones" ("DeploymentId" text, "Estado" text);
           insert into pg_temp."Ejecuciones" values ('d-1', 'DEPLOYED');
           set search_path = pg_temp, others, pg_catalog"#,
    )
    .expect("everybody may have temporary tables");
    let outcome = call(&mut role, "d-1", "RUN_FAILED", "{}");
    assert_eq!(outcome, "ALREADY_PROCESSED");
    assert_eq!(call(&mut role, "d-2", "RUN_FAILED", "{}"), "UPDATED");
    let state = column(&mut owner, "d-2", "Estado");
    assert_eq!(state.as_deref(), Some("RUN_FAILED"));
}
