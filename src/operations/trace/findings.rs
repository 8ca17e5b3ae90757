//! What is known of a deployment, by whoever was asked.

use crate::delivery::FoundRow;
use crate::delivery::outbox::FoundEntry;
use crate::operations::refusals::RefusalRecord;

/// SAM's row, as far as it is known.
#[derive(Debug)]
pub enum RowState {
    /// It is there.
    Found {
        /// The row.
        row: FoundRow,
        /// Whether its state is final.
        is_final: bool,
    },
    /// It is not.
    Absent,
    /// It could not be read.
    Unreadable,
    /// The database has no procedure that shows it.
    NotOffered,
}

/// All that is known of a deployment.
pub struct Findings {
    /// SAM's row.
    pub row: RowState,
    /// Rows are in the embedded store, so that SAM gets nothing.
    pub is_embedded: bool,
    /// What the outbox has for the row, in the order of delivery.
    pub entries: Vec<FoundEntry>,
    /// All refusals there are, also of others.
    pub refusals: Vec<RefusalRecord>,
}
