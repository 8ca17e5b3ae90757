//! The table is SAM's, and the files may be run again.

use postgres::Client;
use support::postgres::{Database, SCHEMA, TABLE_MODE};

use crate::rows::{call, insert, table};

#[test]
fn the_table_has_sams_columns() {
    let database = Database::plain();
    let columns: Vec<(String, String, bool)> = database
        .connect()
        .query(
            r#"select attname::text, format_type(atttypid, atttypmod), attnotnull
               from pg_attribute
               where attrelid = 'public."Ejecuciones"'::regclass and attnum > 0
               order by attnum"#,
            &[],
        )
        .expect("columns")
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    let expected = [
        ("EjecucionId", "integer", true),
        ("DeploymentId", "character varying(50)", true),
        ("RobotId", "integer", false),
        ("EquipoId", "integer", false),
        ("UserId", "integer", false),
        ("Hora", "time(0) without time zone", false),
        ("FechaInicio", "timestamp(0) without time zone", true),
        ("FechaFin", "timestamp(0) without time zone", false),
        ("Estado", "character varying(20)", true),
        (
            "FechaActualizacion",
            "timestamp(0) without time zone",
            false,
        ),
        ("CallbackInfo", "text", false),
        ("IntentosConciliadorFallidos", "integer", true),
        (
            "FechaUltimoUNKNOWN",
            "timestamp(3) without time zone",
            false,
        ),
        ("FechaInicioReal", "timestamp(3) without time zone", false),
    ];
    let expected = expected.map(|(name, kind, needed)| (name.to_owned(), kind.to_owned(), needed));
    assert_eq!(columns, expected);
}

#[test]
fn the_files_run_again_over_rows_change_nothing() {
    for database in [
        Database::plain(),
        Database::supabase(),
        Database::plain().in_table_mode(),
        Database::supabase().in_table_mode(),
    ] {
        let mut owner = database.connect();
        insert(&mut owner, "d-1", "DEPLOYED");
        insert(&mut owner, "d-2", "DEPLOYED");
        call(&mut owner, "d-2", "RUN_COMPLETED", "{}");
        let before = (table(&mut owner), definitions(&mut owner));
        owner.batch_execute(SCHEMA).expect("it runs again");
        assert_eq!((table(&mut owner), definitions(&mut owner)), before);
    }
}

#[test]
fn table_mode_set_up_again_changes_nothing() {
    let database = Database::supabase().in_table_mode();
    let mut owner = database.connect();
    let before = definitions(&mut owner);
    owner.batch_execute(TABLE_MODE).expect("it runs again");
    assert_eq!(definitions(&mut owner), before);
}

#[test]
fn a_table_that_was_there_keeps_its_rows_columns_and_grants() {
    let database = Database::supabase();
    let mut owner = database.connect();
    owner
        .batch_execute(
            r#"alter table "Ejecuciones" add "Nota" text;
               alter table "Ejecuciones" disable row level security;
               grant select on "Ejecuciones" to authenticated"#,
        )
        .expect("somebody else's table");
    insert(&mut owner, "d-1", "DEPLOYED");
    let before = table(&mut owner);
    owner.batch_execute(SCHEMA).expect("it runs");
    assert_eq!(table(&mut owner), before);

    // It may ask, but no policy shows it a row.
    let seen = database
        .connect_in_role("authenticated")
        .query(r#"select "Nota" from "Ejecuciones""#, &[]);
    assert!(seen.expect("granted").is_empty());
    let mut role = database.connect_in_role("sam_callback");
    assert_eq!(call(&mut role, "d-1", "RUN_COMPLETED", "{}"), "UPDATED");
}

/// All that the files define, and to whom it is granted, one line each.
pub fn definitions(client: &mut Client) -> Vec<String> {
    client
        .query(
            r#"select concat_ws(' ', relname, relkind, relrowsecurity,
                                coalesce(relacl, acldefault('r', relowner))) as line
               from pg_class where relnamespace = 'public'::regnamespace
               union all
               select concat_ws(' ', attrelid::regclass, attname,
                                format_type(atttypid, atttypmod), attnotnull, attacl)
               from pg_attribute join pg_class on pg_class.oid = attrelid
               where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0
               union all
               select concat_ws(' ', pg_get_functiondef(oid), proowner::regrole, proacl)
               from pg_proc where pronamespace = 'public'::regnamespace
               union all
               select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
               union all
               select pg_policies::text from pg_policies
               union all
               select pg_get_constraintdef(oid) from pg_constraint
               where connamespace = 'public'::regnamespace
               union all
               select concat_ws(' ', nspname, nspacl) from pg_namespace
               where nspname = 'public'
               order by line"#,
            &[],
        )
        .expect("definitions")
        .iter()
        .map(|row| row.get(0))
        .collect()
}
