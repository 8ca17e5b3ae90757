//! The log: one JSON object a line. Every request leaves one, the audit line; so do settings that are
//! wrong, attempts at the outbox, and what fails where no request waits.

mod events;
mod line;
mod lines;
mod mask;
mod record;

pub use events::{
    ACTIVITY_NOT_WRITTEN, AttemptEvent, activity_line, log_attempt, log_embedded, log_failure,
    log_problems, log_warnings,
};
pub use lines::{LineGroup, Lines};
pub use mask::Masking;
pub use record::{Line, Record, Subject};
