//! The state as the store keeps it. By hand: what serde derives for it is a twentieth of the component.

use serde_json::{Value as Json, json};

use super::channel::Channel;
use super::kind::AlertKind;
use super::message::Message;
use super::state::{Active, AlertState, Claim};

impl AlertState {
    /// As it is stored.
    pub fn to_json(&self) -> Vec<u8> {
        let active = self.active.iter().map(|active| {
            let kind = active.kind.message_type();
            let (since, clear) = (active.since, active.clear_since);
            json!([kind, since, clear, active.told, active.told_at])
        });
        let pending = self.channel.pending.iter().map(|message| {
            let kind = message.kind.message_type();
            let (id, text) = (&message.id, &message.text);
            json!([id, kind, message.is_over, text, message.data])
        });
        let state = json!({
            "examined": self.examined,
            "failingSince": self.failing_since,
            "active": active.collect::<Json>(),
            "pending": pending.collect::<Json>(),
            "failed": self.channel.failed,
            "retryAt": self.channel.retry_at,
            "claim": self.claim.map(|claim| [claim.holder, claim.until]),
            "next": self.next,
        });
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        serde_json::to_vec(&state).expect("plain JSON")
    }

    /// Reads what was stored; `None` where that is no state.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let stored: Json = crate::http::json::parse(value).ok()?;
        let number = |name: &str| stored[name].as_u64();
        let all = |name: &str| stored[name].as_array();
        let claim = &stored["claim"];
        Some(Self {
            examined: number("examined")?,
            failing_since: number("failingSince"),
            active: all("active")?.iter().map(active).collect::<Option<_>>()?,
            channel: Channel {
                pending: all("pending")?.iter().map(message).collect::<Option<_>>()?,
                failed: number("failed")?.try_into().ok()?,
                retry_at: number("retryAt")?,
            },
            claim: claim[0].as_u64().zip(claim[1].as_u64()).map(claimed),
            next: number("next"),
        })
    }
}

fn claimed((holder, until): (u64, u64)) -> Claim {
    Claim { holder, until }
}

fn kind(stored: &Json) -> Option<AlertKind> {
    let name = stored.as_str()?;
    let is_it = |kind: &AlertKind| kind.message_type() == name;
    AlertKind::ALL.into_iter().find(is_it)
}

fn active(stored: &Json) -> Option<Active> {
    Some(Active {
        kind: kind(&stored[0])?,
        since: stored[1].as_u64()?,
        clear_since: stored[2].as_u64(),
        told: stored[3].as_u64()?.try_into().ok()?,
        told_at: stored[4].as_u64()?,
    })
}

fn message(stored: &Json) -> Option<Message> {
    Some(Message {
        id: stored[0].as_str()?.to_owned(),
        kind: kind(&stored[1])?,
        is_over: stored[2].as_bool()?,
        text: stored[3].as_str()?.to_owned(),
        data: stored[4].clone(),
    })
}
