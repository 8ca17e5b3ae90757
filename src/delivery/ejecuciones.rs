//! SAM's table `Ejecuciones`: the types of its columns, and the change that a callback makes.

use std::fmt;

use super::change::{Change, Entity, Guard, IfAbsent, Value};
use crate::audit::Subject;
use crate::config::{CALLBACK_INFO, COLUMNS, ESTADO, FINAL_STATES, LONGEST_STATE, OTHER_STATES};

/// The table.
pub const EJECUCIONES: Entity = Entity::new("Ejecuciones", COLUMNS[0]);

/// `Ejecuciones.DeploymentId`, `nvarchar(50)`: the key a callback has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentId(String);

/// `Ejecuciones.Estado`, `nvarchar(20)`: what a robot is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status(String);

/// Why a text does not fit its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// Nothing in it, or nothing that can be seen: to SQL Server spaces alone are the empty text.
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
        entity: EJECUCIONES,
        key: deployment_id.0,
        values: vec![
            (ESTADO.into(), Value::Text(status.0)),
            (CALLBACK_INFO.into(), Value::Text(callback_info)),
            ("FechaFin".into(), Value::Now),
            ("FechaInicioReal".into(), Value::NowIfNull),
            ("FechaActualizacion".into(), Value::Now),
        ],
        if_absent: IfAbsent::Report,
        guard: Guard::Final {
            column: ESTADO.into(),
            last: FINAL_STATES.into(),
        },
    }
}

/// The change's row, as the log names it.
pub fn subject(change: &Change) -> Subject {
    match change.entity == EJECUCIONES {
        true => Subject::Deployment(change.key.clone()),
        false => Subject::Row(format!("{}/{}", change.entity.name, change.key)),
    }
}

/// Whether the change sets a state of `Ejecuciones` that SAM's lists do not have: neither a final
/// one nor one of [`OTHER_STATES`]. It is stored all the same, and SAM's people have to hear of it.
pub fn sets_unknown_state(change: &Change) -> bool {
    let is_known = |state: &str| {
        let state = state.trim_end_matches(' ');
        let mut others = OTHER_STATES.iter();
        change.is_last() || others.any(|other| other.eq_ignore_ascii_case(state))
    };
    change.entity == EJECUCIONES && change.text(ESTADO).is_some_and(|state| !is_known(state))
}

impl DeploymentId {
    const LONGEST: usize = 50;

    /// Takes a text that fits the column.
    pub fn new(text: impl Into<String>) -> Result<Self, ColumnError> {
        fit_column(text.into(), Self::LONGEST).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Status {
    /// Takes a text that fits the column. States SAM does not know are accepted too: A360 adds some.
    pub fn new(text: impl Into<String>) -> Result<Self, ColumnError> {
        fit_column(text.into(), LONGEST_STATE).map(Self)
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Spaces of any width, and characters without one.
fn is_invisible(character: char) -> bool {
    (character.is_whitespace() && !character.is_control())
        || matches!(character, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// The text, if a column holds it that has room for so many UTF-16 code units.
pub fn fit_column(text: String, longest: usize) -> Result<String, ColumnError> {
    if text.chars().all(is_invisible) {
        Err(ColumnError::Empty)
    } else if text.encode_utf16().count() > longest {
        Err(ColumnError::TooLong(longest))
    } else if text.chars().any(char::is_control) {
        Err(ColumnError::Control)
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
            ("", Err(ColumnError::Empty)),
            ("   ", Err(ColumnError::Empty)),
            ("\u{a0}\u{3000}", Err(ColumnError::Empty)),
            ("\u{200b} \u{feff}", Err(ColumnError::Empty)),
            ("\t", Err(ColumnError::Control)),
            (&"x".repeat(51), Err(ColumnError::TooLong(50))),
            // 26 characters, but 52 of SQL Server's.
            (&emoji.repeat(26), Err(ColumnError::TooLong(50))),
            ("a\0", Err(ColumnError::Control)),
            ("a\nb", Err(ColumnError::Control)),
            ("\u{7f}", Err(ColumnError::Control)),
            ("\u{85}", Err(ColumnError::Control)),
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
        assert_eq!(Status::new("x".repeat(21)), Err(ColumnError::TooLong(20)));
    }

    fn change(status: &str) -> Change {
        let id = DeploymentId::new("d").expect("fits");
        ended(id, Status::new(status).expect("fits"), "{}".to_owned())
    }

    #[test]
    fn a_state_that_sams_lists_do_not_have_is_unknown_and_no_other_is() {
        for state in ["RUN_TIMED_OUT", "FAILED", "PENDING_FAILURE", "STARTED", "x"] {
            assert!(sets_unknown_state(&change(state)), "{state}");
        }
        let known = FINAL_STATES
            .iter()
            .map(|state| &**state)
            .chain(OTHER_STATES);
        for state in known.chain(["run_completed", "Running  "]) {
            assert!(!sets_unknown_state(&change(state)), "{state}");
        }
        let mut other = change("RUN_TIMED_OUT");
        let Guard::Final { last, .. } = &mut other.guard else {
            panic!("{:?}", other.guard)
        };
        last.to_mut().push("RUN_TIMED_OUT".into());
        assert!(!sets_unknown_state(&other), "the setting names it");
        other.entity = Entity::new("otra", "id");
        assert!(!sets_unknown_state(&other));
    }

    #[test]
    fn final_states_are_those_of_sam_as_its_database_compares() {
        let change_to = change;
        let change = change_to("RUNNING");
        for state in FINAL_STATES {
            assert!(change.leaves(Some(state)) && change_to(state).is_last());
        }
        for state in ["run_completed", "Completed", "RUN_FAILED  "] {
            assert!(change.leaves(Some(state)), "{state}");
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
            assert!(!change.leaves(Some(state)), "{state}");
        }
        assert!(!change.leaves(None) && !change.is_last());
    }

    #[test]
    fn a_callback_touches_the_columns_that_settings_can_name() {
        let change = change("s");
        let columns = change.values.iter().map(|(column, _)| column);
        let touched: Vec<_> = [&change.entity.key_column]
            .into_iter()
            .chain(columns)
            .collect();
        assert_eq!(touched, COLUMNS.each_ref());
        assert_eq!(change.guard.column(), Some(COLUMNS[1]));
    }
}
