//! SAM's table `Ejecuciones`, as far as settings name parts of it: its columns and its states.

use std::borrow::Cow;

/// A name that the database has: SAM's own, or one that an installation has given.
pub type Name = Cow<'static, str>;

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

/// `Estado` is `nvarchar(20)`.
pub const LONGEST_STATE: usize = 20;

/// States that no callback changes, unless `sam_final_states` names others.
pub const FINAL_STATES: &[Name] = &[
    Cow::Borrowed("COMPLETED"),
    Cow::Borrowed("RUN_COMPLETED"),
    Cow::Borrowed("RUN_FAILED"),
    Cow::Borrowed("DEPLOY_FAILED"),
    Cow::Borrowed("RUN_ABORTED"),
    Cow::Borrowed("COMPLETED_INFERRED"),
];

/// States of a robot that still runs, or that SAM has given up.
pub const OTHER_STATES: [&str; 7] = [
    "DEPLOYED",
    "RUNNING",
    "QUEUED",
    "PENDING_EXECUTION",
    "UPDATE",
    "RUN_PAUSED",
    "UNKNOWN",
];
