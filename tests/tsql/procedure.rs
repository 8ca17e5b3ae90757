//! procedure.sql and role.sql: the one write a callback makes.

use std::collections::BTreeSet;

use sam_callback::delivery::FINAL_STATES;
use sqlparser::ast::{OutputClause, SetExpr, Statement};
use sqlparser::dialect::MsSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::{PROCEDURE, ROLE, assert_creates_the_role, statements, text};

/// The statements of the procedure, and its parameters as they are declared.
fn procedure() -> (Vec<String>, Vec<Statement>) {
    let mut found = statements("procedure.sql")
        .into_iter()
        .flatten()
        .filter_map(|statement| match statement {
            Statement::CreateProcedure {
                or_alter,
                name,
                params,
                body,
                ..
            } => {
                assert!(or_alter, "a second run has to replace the procedure");
                assert_eq!(name.to_string(), PROCEDURE);
                let params = params.unwrap_or_default();
                let params = params.iter().map(ToString::to_string).collect();
                Some((params, body.statements().clone()))
            }
            _ => None,
        });
    let procedure = found.next().expect("a procedure");
    assert!(found.next().is_none(), "one procedure");
    procedure
}

/// The texts between the brackets of each `IN (…)`, and whether it is `NOT IN`.
pub fn lists(script: &str) -> Vec<(bool, BTreeSet<String>)> {
    let mut tokens = Tokenizer::new(&MsSqlDialect {}, script).tokenize().unwrap();
    tokens.retain(|token| !matches!(token, Token::Whitespace(_)));
    let is = |at: usize, word: &str| tokens[at].to_string().eq_ignore_ascii_case(word);
    (1..tokens.len())
        .filter(|&at| is(at, "IN"))
        .map(|at| {
            let texts = tokens[at + 1..]
                .iter()
                .take_while(|token| **token != Token::RParen)
                .filter_map(|token| match token {
                    Token::NationalStringLiteral(text) => Some(text.clone()),
                    _ => None,
                });
            (is(at - 1, "NOT"), texts.collect())
        })
        .collect()
}

#[test]
fn the_procedure_is_created_with_the_settings_it_needs() {
    let batches = statements("procedure.sql");
    let [settings, procedure] = batches.as_slice() else {
        panic!("{} batches: CREATE has to be alone in one", batches.len());
    };
    let settings: Vec<_> = settings.iter().map(ToString::to_string).collect();
    assert_eq!(
        settings,
        ["SET ANSI_NULLS ON", "SET QUOTED_IDENTIFIER ON"],
        "sqlcmd has the second one off"
    );
    assert_eq!(procedure.len(), 1);
}

#[test]
fn the_parameters_are_wider_than_the_columns() {
    let (parameters, _) = procedure();
    assert_eq!(
        parameters,
        [
            "@DeploymentId NVARCHAR(51)",
            "@Estado NVARCHAR(21)",
            "@CallbackInfo NVARCHAR(MAX)",
        ]
    );
}

#[test]
fn a_value_that_does_not_fit_is_thrown_back_before_anything_is_written() {
    let (_, body) = procedure();
    let update = body
        .iter()
        .position(|statement| matches!(statement, Statement::Update(_)));
    let before: Vec<_> = body[..update.unwrap()]
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(before.contains(&"SET XACT_ABORT ON".to_owned()));
    for (parameter, code, longest) in [
        ("@DeploymentId", 50001, Some(50)),
        ("@Estado", 50002, Some(20)),
        ("@CallbackInfo", 50003, None),
    ] {
        let mut refused = format!("IF {parameter} IS NULL OR ");
        refused += &match longest {
            // LEN is 0 for spaces alone; a character is two bytes.
            Some(longest) => format!(
                "LEN({parameter}) = 0 OR DATALENGTH({parameter}) > {} ",
                longest * 2
            ),
            None => format!("DATALENGTH({parameter}) = 0 "),
        };
        refused += &format!("THROW {code}, ");
        assert!(
            before.iter().any(|line| line.starts_with(&refused)),
            "{refused}\n{before:#?}"
        );
    }
}

#[test]
fn one_update_changes_what_a_callback_changes() {
    let (_, body) = procedure();
    let mut updates = body.iter().filter_map(|statement| match statement {
        Statement::Update(update) => Some(update),
        _ => None,
    });
    let update = updates.next().expect("an UPDATE");
    assert!(updates.next().is_none(), "one UPDATE, or it is not atomic");
    assert_eq!(update.table.to_string(), "dbo.Ejecuciones");
    let assignments: Vec<_> = update.assignments.iter().map(ToString::to_string).collect();
    assert_eq!(
        assignments,
        [
            "Estado = @Estado",
            "FechaFin = @Ahora",
            "FechaInicioReal = ISNULL(FechaInicioReal, @Ahora)",
            "FechaActualizacion = @Ahora",
            "CallbackInfo = @CallbackInfo",
        ]
    );
    let Some(OutputClause::Output {
        into_table: Some(into),
        ..
    }) = &update.output
    else {
        panic!("OUTPUT without INTO fails on a table with triggers");
    };
    assert!(into.to_string().contains("@Cambiadas"), "{into}");
    let rows = update.selection.as_ref().expect("a WHERE").to_string();
    assert!(
        rows.starts_with("DeploymentId = @DeploymentId AND Estado NOT IN ("),
        "{rows}"
    );
}

#[test]
fn the_final_states_are_those_of_the_component() {
    let states: BTreeSet<_> = FINAL_STATES.iter().map(ToString::to_string).collect();
    assert_eq!(states.len(), 6);
    assert_eq!(
        lists(&text("procedure.sql")),
        [(true, states.clone()), (false, states)],
        "what is not updated, and what is reported as processed"
    );
}

#[test]
fn the_procedure_answers_with_one_word_in_one_column() {
    let (_, body) = procedure();
    let queries = body
        .iter()
        .filter(|statement| matches!(statement, Statement::Query(_)));
    assert_eq!(queries.count(), 1, "one result set");
    let Some(Statement::Query(query)) = body.last() else {
        panic!("the result comes last");
    };
    let SetExpr::Select(select) = query.body.as_ref() else {
        panic!("a SELECT");
    };
    let [column] = select.projection.as_slice() else {
        panic!("one column");
    };
    let column = column.to_string();
    assert!(
        column.ends_with(" AS NVARCHAR(20)) AS Resultado"),
        "{column}"
    );
    assert!(select.from.is_empty(), "one row, whatever there is");
    for word in [
        "THEN N'UPDATED'",
        "THEN N'ALREADY_PROCESSED'",
        "WHEN @EnHistorico = 1 THEN N'ALREADY_PROCESSED'",
        "ELSE N'NOT_FOUND'",
    ] {
        assert!(column.contains(word), "{word}: {column}");
    }
}

/// The one `IF` that asks for the history, and where it stands.
fn look_into_the_history(body: &[Statement]) -> (usize, String) {
    let mut found = body.iter().enumerate().filter_map(|(place, statement)| {
        let text = statement.to_string();
        let asks = text.contains("Ejecuciones_Historico");
        asks.then_some((place, text))
    });
    let look = found.next().expect("a look into the history");
    assert!(found.next().is_none(), "one look");
    look
}

#[test]
fn a_row_that_is_gone_is_looked_for_in_the_history_where_there_is_one() {
    let (_, body) = procedure();
    let (place, look) = look_into_the_history(&body);
    let update = body
        .iter()
        .position(|it| matches!(it, Statement::Update(_)));
    assert!(update.expect("an UPDATE") < place && place < body.len() - 1);
    // The parser takes an assignment for a name.
    assert!(text("procedure.sql").contains("SELECT @EnHistorico = 1\n"));
    let expected = "IF NOT EXISTS (SELECT 1 FROM dbo.Ejecuciones WHERE DeploymentId = @DeploymentId) \
                    AND OBJECT_ID(N'dbo.Ejecuciones_Historico') IS NOT NULL \
                    SELECT 1 AS @EnHistorico FROM dbo.Ejecuciones_Historico \
                    WHERE DeploymentId = @DeploymentId";
    assert!(look.starts_with(expected), "{look}");
    let script = text("procedure.sql").to_uppercase();
    for dynamic in ["SP_EXECUTESQL", "EXEC(", "EXEC (", "EXECUTE "] {
        assert!(!script.contains(dynamic), "{dynamic} has no right on it");
    }
}

#[test]
fn the_role_may_execute_the_procedure_and_see_the_keys_of_the_history() {
    let statements: Vec<_> = statements("role.sql").into_iter().flatten().collect();
    let [created, Statement::Grant(grant), seen] = statements.as_slice() else {
        panic!("{statements:#?}");
    };
    let seen = seen.to_string();
    let expected = format!(
        "IF OBJECT_ID(N'dbo.Ejecuciones_Historico') IS NOT NULL \
         GRANT SELECT (DeploymentId) ON dbo.Ejecuciones_Historico TO {ROLE}"
    );
    assert_eq!(seen.trim_end_matches(';'), expected);
    assert_creates_the_role(created);
    assert_eq!(
        grant.to_string(),
        format!("GRANT EXECUTE ON {PROCEDURE} TO {ROLE}")
    );
}
