//! The pages with examples, run as they are written against the built component over real HTTP:
//! docs/mensajes.md, the guide of those who send signed messages, and the curl lines for operators.
//!
//! The server is the one that `SAM_CALLBACK_SERVER` names, as for the tests over HTTP. The examples
//! need python3, node, bash, openssl and curl; `cargo xtask test` sees to it that they are there.

mod curls;
mod examples;
mod messages;

use rusqlite::Connection;
use support::pages::blocks_of;
use support::server::Server;

/// Where messages go.
const PATH: &str = "/webhook/receive";

/// One secret of each kind that the guide has.
const PLAIN: &str = "un-secreto-de-prueba";
const STANDARD: &str = "whsec_ZG9jZSBwdWVydGFzIHkgdW5hIHNvbGEgbGxhdmU=";

/// A server that takes messages signed with either.
fn serve() -> Server {
    Server::start_bare(&[("webhook_secret", &format!("{PLAIN} {STANDARD}"))])
}

/// What stands between the fences of each block of this language in the guide.
fn blocks(language: &str) -> Vec<String> {
    blocks_of("docs/mensajes.md", language)
}

/// The guide's only block of this language.
fn block(language: &str) -> String {
    let mut found = blocks(language);
    assert_eq!(found.len(), 1, "{language}");
    found.remove(0)
}

/// The rows that messages have made, as they are kept; not the marks beside them, which say whose
/// turn it was.
fn rows(server: &Server) -> Vec<(String, Vec<u8>)> {
    let file = server.state.path().join("sqlite_key_value.db");
    let store = Connection::open(file).expect("the store");
    let mut rows = store
        .prepare(
            "SELECT key, value FROM spin_key_value
             WHERE (key GLOB 'reservas:*' OR key GLOB 'promos:*' OR key GLOB 'usuarios:*')
               AND key NOT GLOB '*:turn'
             ORDER BY key",
        )
        .expect("its table");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.expect("rows").collect::<Result<_, _>>().expect("rows")
}
