//! What can be wrong, and what a message is of.

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertKind {
    /// The data API does not answer, or refuses every change.
    DataApiAway,
    /// There are changes that nobody delivers by itself any more.
    DeadLetter,
    /// A change waits longer than it should, whatever for.
    WaitingTooLong,
    /// Rows are active too long without a callback.
    Overdue,
}

impl AlertKind {
    /// All of them, in the order in which what begins at once is told.
    pub const ALL: [Self; 4] = [
        Self::DataApiAway,
        Self::DeadLetter,
        Self::WaitingTooLong,
        Self::Overdue,
    ];

    /// `type` of what is sent as it begins.
    pub fn message_type(self) -> &'static str {
        match self {
            Self::DataApiAway => "sam_callback.data_api_away",
            Self::DeadLetter => "sam_callback.dead_letter",
            Self::WaitingTooLong => "sam_callback.waiting_too_long",
            Self::Overdue => "sam_callback.overdue",
        }
    }

    /// Whether it is worth another alert where it becomes markedly more.
    pub fn grows(self) -> bool {
        matches!(self, Self::DeadLetter | Self::Overdue)
    }
}

/// `type` of what is sent when something is over.
pub const RECOVERED: &str = "sam_callback.recovered";
