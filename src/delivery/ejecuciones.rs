//! SAM's table `Ejecuciones`: the types of its columns, and the change that a callback makes.

use std::fmt;

use super::change::{Change, Entity, Guard, IfAbsent, Value};

/// `Estado`, what a robot is doing.
pub const ESTADO: &str = "Estado";

/// `CallbackInfo`, the callback's JSON as it came.
pub const CALLBACK_INFO: &str = "CallbackInfo";

/// Every column that a callback touches, its key first and then its state.
pub const COLUMNS: [&str; 6] = [
    "DeploymentId",
    ESTADO,
    CALLBACK_INFO,
    "FechaFin",
    "FechaInicioReal",
    "FechaActualizacion",
];

/// States that no callback changes.
const FINAL: Guard = Guard {
    column: ESTADO,
    last: &[
        "COMPLETED",
        "RUN_COMPLETED",
        "RUN_FAILED",
        "DEPLOY_FAILED",
        "RUN_ABORTED",
        "COMPLETED_INFERRED",
    ],
};

/// `Ejecuciones.DeploymentId`, `nvarchar(50)`: the key a callback has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentId(String);

/// `Ejecuciones.Estado`, `nvarchar(20)`: what a robot is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status(String);

/// Why a text does not fit its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Nothing in it.
    #[error("is empty")]
    Empty,
    /// Longer than the column, which counts UTF-16 code units.
    #[error("has more than {0} characters")]
    TooLong(usize),
    /// It has a control character.
    #[error("has a control character")]
    Control,
}

/// The change that a callback makes: set the state and keep the callback, unless the row is in a
/// final state already. A row that is not there is the Lanzador's to make.
pub fn ended(deployment_id: DeploymentId, status: Status, callback_info: String) -> Change {
    Change {
        entity: Entity::Ejecuciones,
        key: deployment_id.0,
        values: vec![
            (ESTADO, Value::Text(status.0)),
            (CALLBACK_INFO, Value::Text(callback_info)),
            ("FechaFin", Value::Now),
            ("FechaInicioReal", Value::NowIfNull),
            ("FechaActualizacion", Value::Now),
        ],
        if_absent: IfAbsent::Report,
        guard: FINAL,
    }
}

impl DeploymentId {
    const LONGEST: usize = 50;

    /// Takes a text that fits the column.
    pub fn new(text: impl Into<String>) -> Result<Self, Misfit> {
        fitting(text.into(), Self::LONGEST).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Status {
    const LONGEST: usize = 20;

    /// Takes a text that fits the column. States SAM does not know are taken too: A360 adds some.
    pub fn new(text: impl Into<String>) -> Result<Self, Misfit> {
        fitting(text.into(), Self::LONGEST).map(Self)
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn fitting(text: String, longest: usize) -> Result<String, Misfit> {
    if text.is_empty() {
        Err(Misfit::Empty)
    } else if text.encode_utf16().count() > longest {
        Err(Misfit::TooLong(longest))
    } else if text.chars().any(char::is_control) {
        Err(Misfit::Control)
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_id_fits_its_column_or_is_refused() {
        let fifty = "x".repeat(50);
        let emoji = "\u{1f916}";
        for (text, expected) in [
            ("a", Ok(())),
            (&fifty, Ok(())),
            ("ñandú / ../..; drop table--", Ok(())),
            (&emoji.repeat(25), Ok(())),
            ("", Err(Misfit::Empty)),
            (&"x".repeat(51), Err(Misfit::TooLong(50))),
            // 26 characters, but 52 of SQL Server's.
            (&emoji.repeat(26), Err(Misfit::TooLong(50))),
            ("a\0", Err(Misfit::Control)),
            ("a\nb", Err(Misfit::Control)),
            ("\u{7f}", Err(Misfit::Control)),
            ("\u{85}", Err(Misfit::Control)),
            (" a ", Ok(())),
        ] {
            let id = DeploymentId::new(text);
            assert_eq!(
                id.as_ref().map(|_| ()),
                expected.as_ref().map(|_| ()),
                "{text:?}"
            );
            assert!(id.is_ok_and(|id| id.as_str() == text) == expected.is_ok());
        }
    }

    #[test]
    fn a_status_has_twenty_characters_at_most() {
        assert!(Status::new("COMPLETED_INFERRED").is_ok());
        assert!(Status::new("x".repeat(20)).is_ok());
        assert_eq!(Status::new("x".repeat(21)), Err(Misfit::TooLong(20)));
    }

    #[test]
    fn final_states_are_those_of_sam_as_its_database_compares() {
        for state in FINAL.last {
            assert!(FINAL.is_last(state) && Status::new(*state).is_ok());
        }
        for state in ["run_completed", "Completed", "RUN_FAILED  "] {
            assert!(FINAL.is_last(state), "{state}");
        }
        for state in [
            "DEPLOYED",
            "RUNNING",
            "QUEUED",
            "PENDING_EXECUTION",
            "UPDATE",
            "RUN_PAUSED",
            "UNKNOWN",
            "",
            " COMPLETED",
            "COMPLETED_",
        ] {
            assert!(!FINAL.is_last(state), "{state}");
        }
    }

    #[test]
    fn a_callback_touches_the_columns_that_settings_can_name() {
        let id = DeploymentId::new("d").expect("fits");
        let change = ended(id, Status::new("s").expect("fits"), "{}".to_owned());
        let touched: Vec<_> = [change.entity.key_column()]
            .into_iter()
            .chain(change.values.iter().map(|(column, _)| *column))
            .collect();
        assert_eq!(touched, COLUMNS);
        assert_eq!(change.guard.column, COLUMNS[1]);
    }
}
