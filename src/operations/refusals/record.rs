//! One record: the equal refusals of one client.

use serde::{Deserialize, Serialize};

use crate::instance::rate_limiter::Client;

/// How many deployments a record names; of more, the last ones.
const MENTIONS: usize = 16;

/// For how long a record is worth more than others.
const RANKED: u64 = 24 * 3600 * 1000;

/// A request that was refused.
#[derive(Debug)]
pub struct RefusedRequest {
    /// Who sent it.
    pub client: Client,
    /// The source whose endpoint was called.
    pub source: Option<&'static str>,
    /// The status of the reply.
    pub status: u16,
    /// Why, as the log names it.
    pub code: &'static str,
    /// The credentials that were wrong, and why.
    pub rejected: Vec<String>,
    /// Whether a valid credential came with it.
    pub is_verified: bool,
    /// The deployment that it was about, where its body was read.
    pub deployment_id: Option<String>,
    /// The beginning of a body that was not.
    pub beginning: Vec<u8>,
}

/// The equal refusals of one client. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalRecord {
    /// Who was refused.
    pub client: String,
    /// The source whose endpoint was called.
    pub source: Option<String>,
    /// The status of the replies.
    pub status: u16,
    /// Why, as the log names it.
    pub code: String,
    /// The credentials that were wrong, and why.
    pub rejected: Option<String>,
    /// Whether a valid credential came with them. Where none did, all that they say is a stranger's word.
    pub verified: bool,
    /// When the last one came.
    pub last: u64,
    /// How many there were, at least.
    pub count: u64,
    /// The deployments that they named, the last ones, oldest first.
    pub mentions: Vec<Mention>,
}

/// A deployment that refused requests named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// Its id.
    pub id: String,
    /// When the last of them came.
    pub last: u64,
    /// How many there were.
    pub count: u64,
}

impl RefusalRecord {
    /// The record of one request, refused at `now`.
    pub fn new(refused: RefusedRequest, deployment_id: Option<String>, now: u64) -> Self {
        let mention = deployment_id.map(|id| Mention {
            id,
            last: now,
            count: 1,
        });
        Self {
            client: refused.client.to_string(),
            source: refused.source.map(str::to_owned),
            status: refused.status,
            code: refused.code.to_owned(),
            rejected: (!refused.rejected.is_empty()).then(|| refused.rejected.join(", ")),
            verified: refused.is_verified,
            last: now,
            count: 1,
            mentions: mention.into_iter().collect(),
        }
    }

    /// Whether somebody is likely to look for it: a valid credential is proof of a caller who matters, the
    /// id of a deployment a sign of one.
    pub fn is_important(&self) -> bool {
        self.rank() >= 2
    }

    fn rank(&self) -> u8 {
        let is_named = !self.mentions.is_empty();
        match self.status {
            _ if self.verified => 3,
            429 => 0,
            _ if is_named => 2,
            404 | 405 => 0,
            401 if self.rejected.is_none() => 0,
            _ => 1,
        }
    }

    /// Those of the lowest worth give way first, and among them the oldest.
    pub fn worth(&self, now: u64) -> (u8, u64) {
        let is_recent = now.saturating_sub(self.last) < RANKED;
        (if is_recent { self.rank() } else { 0 }, self.last)
    }

    /// Whether these are refusals of the same client for the same reason.
    pub fn is_equal(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.status, it.verified);
        key(self) == key(other)
            && self.client == other.client
            && self.code == other.code
            && self.source == other.source
            && self.rejected == other.rejected
    }

    /// Adds equal ones.
    pub fn add(&mut self, other: Self) {
        self.last = self.last.max(other.last);
        self.count = self.count.saturating_add(other.count);
        for mention in other.mentions {
            let known = self.mentions.iter().position(|it| it.id == mention.id);
            let known = known.map(|at| self.mentions.remove(at).count);
            self.mentions.push(Mention {
                count: mention.count.saturating_add(known.unwrap_or_default()),
                ..mention
            });
        }
        let surplus = self.mentions.len().saturating_sub(MENTIONS);
        self.mentions.drain(..surplus);
    }

    /// How many named no deployment that is still listed.
    pub fn unnamed(&self) -> u64 {
        let named = self.mentions.iter().map(|mention| mention.count);
        self.count.saturating_sub(named.sum())
    }
}
