//! The tables are the company's, and the file may be run again.

use serde_json::json;
use support::postgres::{Database, MESSAGES, SCHEMA};

use super::statements::{patch, post};
use super::{ALL, RESERVAS, ROLE, USUARIOS, reserve, rows};
use crate::rows::sql_state;
use crate::schema::definitions;

/// A table that a company may have, with rows.
const COMPANYS: &str = "
    create table reservas (
      id int generated always as identity primary key,
      reservation_id varchar(40) not null,
      status varchar(20) not null default 'pendiente',
      huesped text
    );
    insert into reservas (reservation_id, huesped) values ('R-1', 'Ana'), ('R-2', 'Luis');
";

#[test]
fn the_tables_have_the_columns_that_are_written() {
    let database = Database::plain().with_messages();
    for table in ALL {
        let columns: Vec<(String, String, bool)> = database
            .connect()
            .query(
                &format!(
                    "select attname::text, format_type(atttypid, atttypmod), attnotnull
                     from pg_attribute
                     where attrelid = 'public.{}'::regclass and attnum > 0 order by attnum",
                    table.name
                ),
                &[],
            )
            .expect("columns")
            .iter()
            .map(|row| (row.get(0), row.get(1), row.get(2)))
            .collect();
        let expected: Vec<_> = table
            .columns
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned(), *name == table.key))
            .collect();
        assert_eq!(columns, expected, "{}", table.name);
    }
}

#[test]
fn the_file_run_again_over_rows_changes_nothing() {
    for database in [Database::plain(), Database::supabase()] {
        let database = database.with_messages();
        let mut owner = database.connect();
        reserve(&mut owner, "R-1");
        let before = (rows(&mut owner, &RESERVAS), definitions(&mut owner));
        owner.batch_execute(MESSAGES).expect("it runs again");
        assert_eq!(
            (rows(&mut owner, &RESERVAS), definitions(&mut owner)),
            before
        );
    }
}

#[test]
fn it_does_not_matter_which_file_comes_first() {
    let first = Database::bare().with_messages();
    reserve(&mut first.connect(), "R-1");
    first.connect().batch_execute(SCHEMA).expect("it runs");
    let second = Database::plain().with_messages();
    let (first, second) = (&mut first.connect(), &mut second.connect());
    assert_eq!(definitions(first), definitions(second));
    assert_eq!(rows(first, &RESERVAS).len(), 1);
}

#[test]
fn a_table_that_was_there_keeps_what_it_has_and_gets_what_it_lacks() {
    let database = Database::supabase();
    let mut owner = database.connect();
    owner.batch_execute(COMPANYS).expect("a table");
    owner
        .batch_execute("grant select on reservas to authenticated")
        .expect("granted");
    let kept = "select string_agg(concat_ws(' ', id, reservation_id, status, huesped), ', ')
                from reservas";
    let before: String = owner.query_one(kept, &[]).expect("rows").get(0);
    for _ in 0..2 {
        owner.batch_execute(MESSAGES).expect("it runs");
    }
    let after: String = owner.query_one(kept, &[]).expect("rows").get(0);
    assert_eq!(after, before);

    // It may ask, but no policy shows it a row.
    let seen = database
        .connect_in_role("authenticated")
        .query("select huesped from reservas", &[]);
    assert!(seen.expect("granted").is_empty());

    let mut role = database.connect_in_role(ROLE);
    let body = json!({"status": "confirmada", "message_timestamp": "2026-01-01T00:00:00Z"});
    assert_eq!(patch(&mut role, &RESERVAS, "R-1", &body), ["R-1"]);
    assert_eq!(
        sql_state(role.query("select huesped from reservas", &[])),
        "42501"
    );
    let twice = owner.batch_execute("insert into reservas (reservation_id) values ('R-1')");
    assert_eq!(sql_state(twice), "23505");
}

#[test]
fn an_index_that_keeps_the_key_unique_is_enough() {
    let database = Database::plain();
    let mut owner = database.connect();
    owner
        .batch_execute(
            "create table usuarios (id int generated always as identity primary key, user_id text);
             create unique index companys on usuarios (user_id)",
        )
        .expect("a table");
    owner.batch_execute(MESSAGES).expect("it runs");
    let indexes = "select indexrelid::regclass::text from pg_index
                   where indrelid = 'usuarios'::regclass order by 1";
    let indexes = owner.query(indexes, &[]).expect("names");
    let indexes: Vec<String> = indexes.iter().map(|row| row.get(0)).collect();
    assert_eq!(indexes, ["companys", "usuarios_pkey"]);
    let mut role = database.connect_in_role(ROLE);
    let body = json!({"user_id": "u-1", "message_timestamp": "2026-01-01T00:00:00Z"});
    assert_eq!(post(&mut role, &USUARIOS, &body), ["u-1"]);
}

#[test]
fn a_table_without_its_key_or_with_one_twice_leaves_all_as_it_was() {
    for (companys, state) in [
        ("create table reservas (id int primary key)", "42703"),
        (
            "create table reservas (reservation_id text);
             insert into reservas values ('R-1'), ('R-1')",
            "23505",
        ),
        (
            "create table promos (promo_id text);
             create index on promos (promo_id);
             create unique index on promos (promo_id) where promo_id <> '';
             insert into promos values (''), ('')",
            "23505",
        ),
    ] {
        let database = Database::plain();
        let mut owner = database.connect();
        owner.batch_execute(companys).expect("a table");
        let before = definitions(&mut owner);
        assert_eq!(
            sql_state(owner.batch_execute(MESSAGES)),
            state,
            "{companys}"
        );
        owner.batch_execute("rollback").expect("rolled back");
        assert_eq!(definitions(&mut owner), before, "{companys}");
    }
}
