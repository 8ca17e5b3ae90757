//! The way to the chat: what it has not taken yet, and when it is tried again.

use std::time::Duration;

use super::message::Message;
use crate::instance::unix_time::millis_in;
use crate::outbound::OutboundError;

/// How long to wait after the first attempt that failed. It doubles with each.
const FIRST: Duration = Duration::from_secs(30);

/// And after one that the chat has refused in a way that time alone does not mend.
const FIRST_REFUSED: Duration = Duration::from_secs(900);

/// The longest pauses of both.
const LONGEST: Duration = Duration::from_secs(900);
const LONGEST_REFUSED: Duration = Duration::from_secs(3600);

/// What is to be sent, and how that went so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Channel {
    /// At most one of each kind, in the order in which they are sent.
    pub pending: Vec<Message>,
    /// How often in a row the chat did not take one.
    pub failed: u32,
    /// When the next attempt is due.
    pub retry_at: u64,
}

impl Channel {
    /// To be sent after the others. Of one kind only what is so now is sent: a chat that was away for
    /// days gets no more than that.
    pub fn push(&mut self, message: Message) {
        self.pending.retain(|waiting| waiting.kind != message.kind);
        self.pending.push(message);
    }

    /// When the next attempt is due, where there is something to send.
    pub fn due(&self, now: u64) -> Option<u64> {
        let latest = now.saturating_add(millis_in(LONGEST_REFUSED));
        // A time beyond that was written by a clock that was wrong.
        let due = if self.retry_at <= latest {
            self.retry_at
        } else {
            now
        };
        (!self.pending.is_empty()).then_some(due)
    }

    /// Whether something is to be sent now.
    pub fn is_due(&self, now: u64) -> bool {
        self.due(now).is_some_and(|due| due <= now)
    }

    /// The chat has taken these, and then, where there is an error, has not taken another one.
    pub fn settle(&mut self, taken: &[String], error: Option<&OutboundError>, now: u64) {
        self.pending.retain(|message| !taken.contains(&message.id));
        if !taken.is_empty() {
            (self.failed, self.retry_at) = (0, 0);
        }
        if let Some(error) = error {
            self.failed = self.failed.saturating_add(1);
            let pause = pause(self.failed, error);
            self.retry_at = now.saturating_add(millis_in(pause));
        }
    }
}

/// Whether the chat has refused the message in a way that time alone does not mend: a channel that was
/// removed, an address that is wrong.
pub fn is_refusal(error: &OutboundError) -> bool {
    match error {
        OutboundError::Status { status, .. } => {
            let status = status.as_u16();
            (300..500).contains(&status) && !matches!(status, 408 | 425 | 429)
        }
        _ => false,
    }
}

fn pause(failed: u32, error: &OutboundError) -> Duration {
    let (first, longest) = match is_refusal(error) {
        true => (FIRST_REFUSED, LONGEST_REFUSED),
        false => (FIRST, LONGEST),
    };
    let doublings = failed.saturating_sub(1).min(16);
    let pause = first.saturating_mul(1 << doublings).min(longest);
    let wanted = error.retry_after().unwrap_or_default();
    pause.max(wanted.min(LONGEST_REFUSED))
}
