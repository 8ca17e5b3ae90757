//! messages.sql: the tables of signed messages and of BlizWork's calls.

mod order;
mod requests;
pub mod rights;
mod schema;
pub mod statements;

use postgres::Client;

use statements::Table;

pub const ROLE: &str = "sam_callback";

pub const RESERVAS: Table = Table {
    name: "reservas",
    key: "reservation_id",
    moment: Some("message_timestamp"),
    columns: &[
        ("reservation_id", "text"),
        ("status", "text"),
        ("user_id", "text"),
        ("content", "text"),
        ("metadata", "text"),
        ("message_id", "text"),
        ("message_timestamp", "timestamp with time zone"),
    ],
};

pub const PROMOS: Table = Table {
    name: "promos",
    key: "promo_id",
    moment: Some("message_timestamp"),
    columns: &[
        ("promo_id", "text"),
        ("valid_until", "timestamp with time zone"),
        ("discount", "text"),
        ("user_id", "text"),
        ("content", "text"),
        ("metadata", "text"),
        ("message_id", "text"),
        ("message_timestamp", "timestamp with time zone"),
    ],
};

pub const USUARIOS: Table = Table {
    name: "usuarios",
    key: "user_id",
    moment: Some("message_timestamp"),
    columns: &[
        ("user_id", "text"),
        ("content", "text"),
        ("metadata", "text"),
        ("message_id", "text"),
        ("message_timestamp", "timestamp with time zone"),
    ],
};

pub const EVENTOS: Table = Table {
    name: "eventos_blizwork",
    key: "token_hash",
    moment: None,
    columns: &[
        ("token_hash", "character(64)"),
        ("environment", "text"),
        ("process_id", "text"),
        ("process_version", "text"),
        ("case_number", "text"),
        ("payload", "text"),
        ("received_at", "timestamp with time zone"),
    ],
};

pub const ALL: [&Table; 4] = [&RESERVAS, &PROMOS, &USUARIOS, &EVENTOS];

/// A reservation as the company makes it: no message has come yet.
fn reserve(owner: &mut Client, id: &str) {
    let statement = "insert into reservas (reservation_id, status) values ($1, 'pendiente')";
    owner.execute(statement, &[&id]).expect("inserted");
}

/// The whole table as text, in the order of its key.
pub fn rows(owner: &mut Client, table: &Table) -> Vec<String> {
    let Table { name, key, .. } = table;
    owner
        .query(
            &format!("select t::text from {name} as t order by {key}"),
            &[],
        )
        .expect("the owner may read")
        .iter()
        .map(|row| row.get(0))
        .collect()
}

/// One column of the only row, as text.
pub fn only(owner: &mut Client, table: &Table, column: &str) -> Option<String> {
    owner
        .query_one(&format!("select ({column})::text from {}", table.name), &[])
        .expect("one row")
        .get(0)
}
