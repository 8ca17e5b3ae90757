//! deploy/azure-sql: the T-SQL parses and says what the component counts on, and so do the
//! configurations beside it. Nothing here talks to a database.

mod bookings;
mod data_api_builder;
mod lookup;
mod messages;
mod procedure;

use sqlparser::ast::Statement;
use sqlparser::dialect::MsSqlDialect;
use sqlparser::parser::Parser;
use support::project;

const PROCEDURE: &str = "dbo.ActualizarEjecucionDesdeCallback";

/// Who Data API builder is in the database.
const ROLE: &str = "sam_callback_executor";

fn text(file: &str) -> String {
    project::text(&format!("deploy/azure-sql/{file}"))
}

/// `GO` is not T-SQL: the tools that send a script cut it there.
fn batches(script: &str) -> Vec<String> {
    let mut batches = vec![String::new()];
    for line in script.lines() {
        if line.trim().eq_ignore_ascii_case("GO") {
            batches.push(String::new());
        } else {
            batches.last_mut().unwrap().extend([line, "\n"]);
        }
    }
    batches.retain(|batch| !batch.trim().is_empty());
    batches
}

fn statements(file: &str) -> Vec<Vec<Statement>> {
    let parse = |batch: String| {
        Parser::parse_sql(&MsSqlDialect {}, &batch)
            .unwrap_or_else(|error| panic!("{file}: {error}\n{batch}"))
    };
    batches(&text(file)).into_iter().map(parse).collect()
}

/// Checks that the role is created where it is not there yet.
fn assert_creates_the_role(created: &Statement) {
    let created = created.to_string();
    let expected = format!("IF DATABASE_PRINCIPAL_ID(N'{ROLE}') IS NULL CREATE ROLE {ROLE}");
    assert!(created.starts_with(&expected), "{created}");
}
