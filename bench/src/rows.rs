//! Many embedded rows: what one callback has left in the store, copied for other deployments.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::bench::Bench;
use crate::exchange::exchange;
use crate::request::{Body, Credential, TOKEN, deployment_id, requests, without_body};
use crate::scenario::Served;
use crate::server::Server;
use crate::store::{self, Entry};

/// The series of the callback that is copied. Those of the bench begin with 1.
const SERIES: u32 = 0;

/// What a callback leaves in the store: its row, and what the component keeps beside it.
pub struct StoredRow(Vec<Entry>);

impl StoredRow {
    /// Has the component make a row, and reads what it has stored.
    pub fn by_a_callback(bench: &Bench) -> Result<Self> {
        let server = bench.start(Served::Embedded)?;
        let callbacks = requests(Credential::Token, Body::Small, false, &bench.tokens, SERIES);
        let reply = exchange(server.address, &callbacks[0])?;
        ensure!(
            reply.status == 200,
            "an embedded callback was answered with {}: {}",
            reply.status,
            reply.body
        );
        Self::read(server.state())
    }

    fn read(state: &Path) -> Result<Self> {
        let id = deployment_id(SERIES, 0);
        let left = store::matching(state, &format!("*{id}*"))?;
        ensure!(
            !left.is_empty(),
            "the callback {id} has left nothing in the store"
        );
        Ok(Self(left))
    }

    /// Starts a server that finds as many rows in its store.
    pub fn start(&self, bench: &Bench, served: Served, rows: usize) -> Result<Server> {
        let application = served.application(&bench.data_api.origin(), "");
        let fill = |state: &Path| self.fill(state, rows);
        let server = bench.servers.start_with(&application, None, fill)?;
        if served == Served::Embedded {
            expect_row(&server, rows - 1)?;
        }
        Ok(server)
    }

    fn fill(&self, state: &Path, rows: usize) -> Result<()> {
        let entries = (0..rows).flat_map(|row| self.0.iter().map(move |entry| copy(entry, row)));
        store::fill(state, entries).context("cannot write the rows")
    }
}

/// Whether the component takes what was written for a row of its own.
fn expect_row(server: &Server, row: usize) -> Result<()> {
    let path = format!("/api/callback/{}", name(row));
    let header = format!("x-authorization: {TOKEN}\r\n");
    let reply = exchange(server.address, &without_body("GET", &path, &header))?;
    ensure!(
        reply.status == 200,
        "a row was written into the store, and for {path} the component answers {}: {}",
        reply.status,
        reply.body
    );
    Ok(())
}

fn name(row: usize) -> String {
    format!("guardada-{row:07}")
}

/// The same for another deployment, whose id is in the key and in the row.
fn copy(entry: &Entry, row: usize) -> Result<Entry> {
    let (id, other) = (deployment_id(SERIES, 0), name(row));
    let value = str::from_utf8(&entry.value)
        .with_context(|| format!("what is stored under {} is no text", entry.key))?;
    Ok(Entry {
        key: entry.key.replace(&id, &other),
        value: value.replace(&id, &other).into_bytes(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_copied_with_what_stands_beside_it() {
        let folder = || tempfile::TempDir::new().expect("a folder");
        let entry = |key: &str, value: &str| Entry {
            key: key.to_owned(),
            value: value.as_bytes().to_vec(),
        };
        let stored = [
            entry("E:medida-0-0", r#"{"Id":"medida-0-0","Estado":"x"}"#),
            entry("E:medida-0-0:turn", "7@8"),
            entry("other", "medida-0-0"),
        ];
        let (from, to) = (folder(), folder());
        store::fill(from.path(), stored.into_iter().map(Ok)).expect("written");
        let left = StoredRow::read(from.path()).expect("a row");
        left.fill(to.path(), 2).expect("copied");
        let expected = [
            entry(
                "E:guardada-0000000",
                r#"{"Id":"guardada-0000000","Estado":"x"}"#,
            ),
            entry("E:guardada-0000000:turn", "7@8"),
            entry(
                "E:guardada-0000001",
                r#"{"Id":"guardada-0000001","Estado":"x"}"#,
            ),
            entry("E:guardada-0000001:turn", "7@8"),
        ];
        assert_eq!(store::matching(to.path(), "*").expect("a store"), expected);
    }

    #[test]
    fn a_callback_that_has_left_nothing_is_noticed() {
        let folder = tempfile::TempDir::new().expect("a folder");
        store::fill(folder.path(), std::iter::empty()).expect("written");
        let error = StoredRow::read(folder.path())
            .err()
            .expect("nothing is there");
        assert!(error.to_string().contains("medida-0-0"), "{error}");
    }
}
