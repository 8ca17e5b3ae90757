//! Getting a change into SAM's database, whatever data API stands in front of it.

mod change;
mod dab;
mod data_api;
mod ejecuciones;
mod embedded;
mod local_time;
mod lookup;
pub mod outbox;
mod outcome;
mod postgrest;
mod remote;
mod timestamp;

pub use crate::config::{FINAL_STATES, Name};
pub use change::{Change, Entity, Guard, IfAbsent, Value, is_one_of};
pub use data_api::DataApi;
pub use ejecuciones::{
    ColumnError, DeploymentId, EJECUCIONES, Status, ended, fit_column, sets_unknown_state, subject,
};
pub use lookup::{FoundRow, OverdueRow, ReadError, Row};
pub use outcome::{Applied, DeliveryError, Effort, Outcome, Ports};
pub use timestamp::{ParseTimestampError, Timestamp};

#[cfg(test)]
pub mod tests;
