//! messages.sql: the tables of signed messages and of BlizWork's calls.

use sqlparser::ast::{
    AlterTableOperation, ConditionalStatements, CreateTrigger, Statement, TriggerEvent,
    TriggerPeriod,
};

use crate::{ROLE, assert_creates_the_role, statements};

pub struct Table {
    pub name: &'static str,
    pub key: &'static str,
    pub key_type: &'static str,
    /// The column that says which of two changes is newer; none where a row is never changed.
    pub moment: Option<&'static str>,
    /// And their types; the order is the file's.
    pub columns: &'static [(&'static str, &'static str)],
}

pub const SHORT: &str = "NVARCHAR(200)";
pub const LONG: &str = "NVARCHAR(MAX)";
/// As it is written: the parser does not know it.
pub const MOMENT: &str = "datetimeoffset(6)";

pub const TABLES: [Table; 4] = [
    Table {
        name: "reservas",
        key: "reservation_id",
        key_type: SHORT,
        moment: Some("message_timestamp"),
        columns: &[
            ("status", SHORT),
            ("user_id", SHORT),
            ("content", LONG),
            ("metadata", LONG),
            ("message_id", SHORT),
            ("message_timestamp", MOMENT),
        ],
    },
    Table {
        name: "promos",
        key: "promo_id",
        key_type: SHORT,
        moment: Some("message_timestamp"),
        columns: &[
            ("valid_until", MOMENT),
            ("discount", SHORT),
            ("user_id", SHORT),
            ("content", LONG),
            ("metadata", LONG),
            ("message_id", SHORT),
            ("message_timestamp", MOMENT),
        ],
    },
    Table {
        name: "usuarios",
        key: "user_id",
        key_type: SHORT,
        moment: Some("message_timestamp"),
        columns: &[
            ("content", LONG),
            ("metadata", LONG),
            ("message_id", SHORT),
            ("message_timestamp", MOMENT),
        ],
    },
    Table {
        name: "eventos_blizwork",
        key: "token_hash",
        key_type: "CHAR(64)",
        moment: None,
        columns: &[
            ("environment", SHORT),
            ("process_id", SHORT),
            ("process_version", SHORT),
            ("case_number", SHORT),
            ("payload", LONG),
            ("received_at", MOMENT),
        ],
    },
];

fn all() -> Vec<Vec<Statement>> {
    statements("messages.sql")
}

#[test]
fn the_triggers_are_created_with_the_settings_they_need() {
    let first: Vec<_> = all()[0].iter().map(ToString::to_string).collect();
    assert_eq!(first, ["SET ANSI_NULLS ON", "SET QUOTED_IDENTIFIER ON"]);
    assert_creates_the_role(&all()[1][0]);
}

#[test]
fn each_table_is_made_with_its_key_and_gets_the_columns_that_it_lacks() {
    for (table, batch) in TABLES.iter().zip(&all()[2..]) {
        assert_makes(table, batch);
    }
}

/// Checks that the table is made where there is none, and gets each column that it lacks.
pub fn assert_makes(table: &Table, batch: &[Statement]) {
    let name = format!("dbo.{}", table.name);
    let [made, added @ ..] = batch else {
        panic!("{name}: nothing");
    };
    let Table { key, key_type, .. } = table;
    let expected = format!(
        "IF OBJECT_ID(N'{name}') IS NULL CREATE TABLE {name} \
         ({key} {key_type} NOT NULL CONSTRAINT PK_{} PRIMARY KEY)",
        table.name
    );
    assert_eq!(made.to_string().trim_end_matches(';'), expected);
    let added: Vec<_> = added.iter().map(|added| column(&name, added)).collect();
    let expected: Vec<_> = table
        .columns
        .iter()
        .map(|(column, kind)| format!("{column} {kind} NULL"))
        .collect();
    assert_eq!(added, expected, "{name}");
}

/// The column that is added where there is none of its name.
fn column(table: &str, statement: &Statement) -> String {
    let Statement::If(asked) = statement else {
        panic!("{statement}");
    };
    let ConditionalStatements::Sequence { statements } = &asked.if_block.conditional_statements
    else {
        panic!("{statement}");
    };
    let [Statement::AlterTable(altered)] = statements.as_slice() else {
        panic!("{statement}");
    };
    let [AlterTableOperation::AddColumn { column_def, .. }] = altered.operations.as_slice() else {
        panic!("{statement}");
    };
    assert_eq!(altered.name.to_string(), table);
    let asked = asked.if_block.condition.as_ref().map(ToString::to_string);
    let expected = format!("COL_LENGTH(N'{table}', N'{}') IS NULL", column_def.name);
    assert_eq!(asked, Some(expected));
    column_def.to_string()
}

#[test]
fn what_an_older_message_has_overwritten_comes_back_whole() {
    let all = all();
    let triggers: Vec<_> = all
        .iter()
        .filter(|batch| matches!(batch[0], Statement::CreateTrigger(_)))
        .collect();
    assert_eq!(triggers.len(), 3, "not for rows that are never changed");
    for (table, batch) in TABLES.iter().zip(triggers) {
        assert_keeps_the_newer(table, batch);
    }
}

/// Checks the trigger that gives a row back what a newer change has left.
pub fn assert_keeps_the_newer(table: &Table, batch: &[Statement]) {
    let moment = table.moment.expect("a table whose rows are changed");
    let [Statement::CreateTrigger(trigger)] = batch else {
        panic!("CREATE has to be alone in its batch");
    };
    let name = format!("dbo.{}", table.name);
    let CreateTrigger {
        or_alter,
        name: own,
        period,
        events,
        table_name,
        statements,
        ..
    } = trigger;
    assert!(or_alter, "a second run has to replace the trigger");
    assert_eq!(own.to_string(), format!("{name}_sam_callback"));
    assert_eq!(table_name.to_string(), name);
    assert_eq!(*period, Some(TriggerPeriod::After));
    assert_eq!(*events, [TriggerEvent::Update(vec![])]);
    let statements = statements.as_ref().expect("a body").statements();
    let [silent, ends, Statement::Update(update)] = statements.as_slice() else {
        panic!("{name}: one UPDATE, behind two lines: {statements:?}");
    };
    assert_eq!(silent.to_string(), "SET NOCOUNT ON");
    let ends = ends.to_string();
    let expected = format!(
        "IF UPDATE({}) OR NOT EXISTS (SELECT 1 FROM deleted) RETURN;",
        table.key
    );
    assert_eq!(ends, expected, "a moved key names another row");
    let sets: Vec<_> = update.assignments.iter().map(ToString::to_string).collect();
    let expected: Vec<_> = table
        .columns
        .iter()
        .map(|(column, _)| format!("{column} = was.{column}"))
        .collect();
    assert_eq!(sets, expected, "{name}");
    let text = update.to_string();
    for part in [
        format!(
            "FROM {name} AS now_there INNER JOIN deleted AS was ON was.{key} = now_there.{key}",
            key = table.key
        ),
        format!("WHERE now_there.{moment} < was.{moment}"),
    ] {
        assert!(text.contains(&part), "{part}\n{text}");
    }
}

#[test]
fn the_role_may_write_what_messages_bring_and_delete_nothing() {
    let all = all();
    let granted: Vec<_> = all
        .last()
        .expect("grants")
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected = TABLES.map(|table| match table.name {
        // A reservation is the company's to make.
        "reservas" => grant(&table).replace("SELECT, INSERT, ", "SELECT, "),
        _ => grant(&table),
    });
    assert_eq!(granted, expected);
}

/// What the role is granted on a table of which it makes the rows.
pub fn grant(table: &Table) -> String {
    let columns: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
    let update = match table.moment {
        Some(_) => format!(", UPDATE ({})", columns.join(", ")),
        None => String::new(),
    };
    format!(
        "GRANT SELECT, INSERT{update} ON dbo.{} TO {ROLE}",
        table.name
    )
}
