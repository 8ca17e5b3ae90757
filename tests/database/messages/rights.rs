//! Who may do what with these tables.

use serde_json::json;
use support::postgres::Database;

use super::statements::{try_patch, try_post};
use super::{ALL, EVENTOS, PROMOS, RESERVAS, ROLE, USUARIOS, reserve, rows};
use crate::rows::sql_state;

/// "insufficient privilege": PostgREST makes 403 of it.
pub const DENIED: &str = "42501";

/// The columns that the role may use in this way.
pub fn open(database: &Database, table: &str, right: &str) -> Vec<String> {
    database
        .connect()
        .query(
            &format!(
                "select attname::text from pg_attribute
                 where attrelid = 'public.{table}'::regclass and attnum > 0
                   and has_column_privilege('{ROLE}', attrelid, attnum, '{right}')
                 order by attnum"
            ),
            &[],
        )
        .expect("columns")
        .iter()
        .map(|row| row.get(0))
        .collect()
}

#[test]
fn the_role_reads_keys_and_moments_and_writes_what_messages_bring() {
    for database in [Database::plain(), Database::supabase()] {
        let database = database.with_messages();
        for table in ALL {
            let all: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
            let but_the_key = &all[1..];
            let read: Vec<_> = [table.key].into_iter().chain(table.moment).collect();
            let (inserted, updated) = match table.name {
                "reservas" => (&[][..], but_the_key),
                "eventos_blizwork" => (&all[..], &[][..]),
                _ => (&all[..], but_the_key),
            };
            let name = table.name;
            assert_eq!(open(&database, name, "select"), read, "{name}");
            assert_eq!(open(&database, name, "insert"), inserted, "{name}");
            assert_eq!(open(&database, name, "update"), updated, "{name}");
            assert!(open(&database, name, "references").is_empty(), "{name}");
        }
    }
}

#[test]
fn everything_else_is_denied() {
    let database = Database::supabase().with_messages();
    let mut owner = database.connect();
    reserve(&mut owner, "R-1");
    let before = rows(&mut owner, &RESERVAS);
    let mut role = database.connect_in_role(ROLE);
    for statement in [
        "select * from reservas",
        "select status from reservas",
        "insert into reservas (reservation_id) values ('R-2')",
        "update reservas set reservation_id = 'R-2'",
        "update reservas set status = '' returning status",
        "update reservas set status = '' where content is null",
        "select metadata from promos",
        "update promos set promo_id = 'P-2'",
        "insert into promos (promo_id, message_timestamp) values ('P', now())
         on conflict (promo_id) do update set promo_id = excluded.promo_id",
        "select content from usuarios",
        "select payload from eventos_blizwork",
        "update eventos_blizwork set payload = ''",
        "insert into eventos_blizwork (token_hash, payload, received_at)
         values (repeat('0', 64), '{}', now()) on conflict (token_hash) do update set payload = ''",
        "create table public.mine (a int)",
    ] {
        assert_eq!(
            sql_state(role.batch_execute(statement)),
            DENIED,
            "{statement}"
        );
    }
    for table in ALL {
        for statement in ["delete from", "truncate", "drop table"] {
            let statement = format!("{statement} {}", table.name);
            let refused = sql_state(role.batch_execute(&statement));
            assert_eq!(refused, DENIED, "{statement}");
        }
    }
    assert_eq!(rows(&mut owner, &RESERVAS), before);
}

#[test]
fn a_row_without_its_moment_is_refused() {
    let database = Database::plain().with_messages();
    let mut owner = database.connect();
    reserve(&mut owner, "R-1");
    let before = rows(&mut owner, &RESERVAS);
    let mut role = database.connect_in_role(ROLE);
    let taken_away = json!({"status": "s", "message_timestamp": null});
    let filters = "{t}.\"reservation_id\" = 'R-1'";
    let refused = try_patch(&mut role, &RESERVAS, filters, &taken_away);
    assert_eq!(sql_state(refused), DENIED);
    assert_eq!(rows(&mut owner, &RESERVAS), before);
    for (table, body) in [
        (&PROMOS, json!({"promo_id": "P-1"})),
        (&USUARIOS, json!({"user_id": "u-1"})),
        (
            &EVENTOS,
            json!({"token_hash": "0".repeat(64), "payload": "{}"}),
        ),
    ] {
        let refused = sql_state(try_post(&mut role, table, &body));
        assert_eq!(refused, DENIED, "{body}");
    }
}

#[test]
fn a_hash_is_sixty_four_digits_in_lower_case() {
    let database = Database::plain().with_messages();
    let mut role = database.connect_in_role(ROLE);
    for (hash, state) in [
        ("A".repeat(64), "23514"),
        ("0".repeat(63), "23514"),
        ("0".repeat(65), "22001"),
        (String::new(), "23514"),
    ] {
        let body =
            json!({"token_hash": hash, "payload": "{}", "received_at": "2026-01-01T00:00:00Z"});
        assert_eq!(
            sql_state(try_post(&mut role, &EVENTOS, &body)),
            state,
            "{hash}"
        );
    }
}

#[test]
fn supabases_public_roles_have_no_right() {
    let database = Database::supabase().with_messages();
    for role in ["anon", "authenticated"] {
        let mut client = database.connect_in_role(role);
        for table in ALL {
            for statement in ["select from", "delete from", "truncate"] {
                let statement = format!("{statement} {}", table.name);
                let refused = sql_state(client.batch_execute(&statement));
                assert_eq!(refused, DENIED, "{role}: {statement}");
            }
        }
    }
    for role in ["anon", "authenticated", "service_role", ROLE] {
        let open: bool = database
            .connect()
            .query_one(
                &format!(
                    "select has_function_privilege('{role}', 'sam_callback_pass_over()', 'execute')"
                ),
                &[],
            )
            .expect("an answer")
            .get(0);
        assert!(!open, "{role}");
    }
}
