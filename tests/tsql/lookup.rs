//! lookup.sql: what operators ask, without writing anything.

use std::collections::BTreeSet;

use sam_callback::delivery::FINAL_STATES;
use sqlparser::ast::{Insert, SetExpr, Statement, TableObject};

use crate::procedure::lists;
use crate::{ROLE, assert_creates_the_role, statements, text};

/// Its procedures.
pub const READERS: [&str; 2] = ["dbo.ConsultarEjecucion", "dbo.EjecucionesSinCallback"];

/// The statements of a procedure, and its parameters as they are declared.
fn reader(wanted: &str) -> (Vec<String>, Vec<Statement>) {
    let found = statements("lookup.sql").into_iter().flatten();
    let mut found = found.filter_map(|statement| match statement {
        Statement::CreateProcedure {
            or_alter,
            name,
            params,
            body,
            ..
        } if name.to_string() == wanted => {
            assert!(or_alter, "a second run has to replace the procedure");
            let params = params.unwrap_or_default();
            let params = params.iter().map(ToString::to_string).collect();
            Some((params, body.statements().clone()))
        }
        _ => None,
    });
    found.next().expect("the procedure")
}

/// The names of the columns of the last statement, and that statement.
fn result(body: &[Statement]) -> (Vec<String>, String) {
    let Some(Statement::Query(query)) = body.last() else {
        panic!("the result comes last");
    };
    let SetExpr::Select(select) = query.body.as_ref() else {
        panic!("a SELECT");
    };
    let columns = select.projection.iter().map(ToString::to_string);
    (columns.collect(), query.to_string())
}

#[test]
fn each_procedure_is_alone_in_its_batch_with_the_settings_it_needs() {
    let batches = statements("lookup.sql");
    let [settings, role, lookup, overdue, grants] = batches.as_slice() else {
        panic!("{} batches", batches.len());
    };
    let settings: Vec<_> = settings.iter().map(ToString::to_string).collect();
    assert_eq!(settings, ["SET ANSI_NULLS ON", "SET QUOTED_IDENTIFIER ON"]);
    assert_creates_the_role(&role[0]);
    assert_eq!((lookup.len(), overdue.len()), (1, 1));
    let grants: Vec<_> = grants.iter().map(ToString::to_string).collect();
    let expected = READERS.map(|name| format!("GRANT EXECUTE ON {name} TO {ROLE}"));
    assert_eq!(grants, expected);
}

#[test]
fn nothing_is_written_but_a_variable_of_their_own() {
    for name in READERS {
        let (_, body) = reader(name);
        for statement in &body {
            match statement {
                Statement::Insert(Insert { table, .. }) => {
                    let TableObject::TableName(table) = table else {
                        panic!("{table:?}");
                    };
                    assert_eq!(table.to_string(), "@Fila", "{name}");
                }
                Statement::If(_)
                | Statement::Set(_)
                | Statement::Declare { .. }
                | Statement::Query(_) => {}
                other => panic!("{name}: {other}"),
            }
        }
    }
    let script = text("lookup.sql").to_uppercase();
    for word in [
        "UPDATE ",
        "DELETE ",
        "MERGE ",
        "TRUNCATE ",
        "EXEC(",
        "SP_EXECUTESQL",
    ] {
        assert!(!script.contains(word), "{word}");
    }
    let into: Vec<_> = script.match_indices("INSERT INTO").collect();
    assert_eq!(into.len(), script.matches("INSERT INTO @FILA").count());
}

#[test]
fn a_row_is_shown_without_its_callback_and_looked_for_in_the_history_too() {
    let (parameters, body) = reader(READERS[0]);
    assert_eq!(parameters, ["@DeploymentId NVARCHAR(51)"]);
    let (columns, query) = result(&body);
    assert_eq!(
        columns,
        [
            "DeploymentId",
            "RobotId",
            "Estado",
            "FechaInicio",
            "FechaInicioReal",
            "FechaFin",
            "FechaActualizacion",
            "FechaUltimoUNKNOWN",
            "ConCallback",
            "Historico",
        ]
    );
    assert!(query.ends_with("FROM @Fila"), "{query}");
    let looks = body.iter().map(ToString::to_string);
    let look = looks.filter(|it| it.contains("Ejecuciones_Historico"));
    let [look] = &look.collect::<Vec<_>>()[..] else {
        panic!("one look into the history");
    };
    let condition = "IF NOT EXISTS (SELECT 1 FROM @Fila) \
                     AND OBJECT_ID(N'dbo.Ejecuciones_Historico') IS NOT NULL INSERT INTO @Fila";
    assert!(look.starts_with(condition), "{look}");
}

#[test]
fn at_most_two_hundred_rows_are_overdue_the_oldest_first() {
    let (parameters, body) = reader(READERS[1]);
    assert_eq!(parameters, ["@Minutos INT"]);
    let (columns, query) = result(&body);
    assert_eq!(columns, ["DeploymentId", "Estado", "FechaInicio"]);
    assert!(query.starts_with("SELECT TOP (200) "), "{query}");
    assert!(query.contains("CallbackInfo IS NULL"), "{query}");
    assert!(
        query.ends_with("ORDER BY FechaInicio, DeploymentId"),
        "{query}"
    );
}

#[test]
fn a_final_row_is_never_overdue() {
    let states: BTreeSet<_> = FINAL_STATES.iter().map(ToString::to_string).collect();
    assert_eq!(lists(&text("lookup.sql")), [(true, states)]);
}
