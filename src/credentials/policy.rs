//! Which credentials open a door. Only here is a [`Verified`] made.

use super::body_signature::BodySignature;
use super::jwt::Jwt;
use super::static_token::StaticToken;
use super::{Credential, Finding, Kind};
use crate::config::{Door, Rule};
use crate::http::Received;

/// The policy of one door.
pub struct Policy {
    rule: Rule,
    credentials: Vec<Box<dyn Credential>>,
}

/// A request whose credentials opened its door.
#[derive(Debug)]
pub struct Verified {
    received: Received,
    by: Vec<Kind>,
    rejected: Vec<Rejected>,
}

impl Verified {
    /// The request.
    pub fn received(&self) -> &Received {
        &self.received
    }

    /// The credentials that were right; empty where the door is open to all.
    pub fn by(&self) -> &[Kind] {
        &self.by
    }

    /// The credentials that were wrong, although others opened the door.
    pub fn rejected(&self) -> &[Rejected] {
        &self.rejected
    }
}

/// A credential that was wrong, and why: for the log alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Which kind.
    pub kind: Kind,
    /// Why.
    pub why: &'static str,
}

/// A request that stays outside.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// The credentials that were right, but not enough.
    pub by: Vec<Kind>,
    /// The credentials that were wrong.
    pub rejected: Vec<Rejected>,
    /// `WWW-Authenticate`: what would open the door.
    pub challenge: String,
}

impl Policy {
    /// The policy of `door`. A further credential is one line here.
    pub fn new(door: &Door) -> Self {
        let Door {
            rule,
            static_token,
            jwt,
            body_signature,
        } = door;
        let credentials: [Option<Box<dyn Credential>>; 3] = [
            static_token
                .as_ref()
                .map(|s| Box::new(StaticToken::new(s)) as _),
            jwt.as_ref().map(|s| Box::new(Jwt::new(s)) as _),
            body_signature
                .as_ref()
                .map(|s| Box::new(BodySignature::new(s)) as _),
        ];
        Self {
            rule: *rule,
            credentials: credentials.into_iter().flatten().collect(),
        }
    }

    /// Lets the request in, or says what would have opened the door.
    pub fn admit(&self, received: Received) -> Result<Verified, Refused> {
        let (mut by, mut rejected) = (Vec::new(), Vec::new());
        for credential in &self.credentials {
            let kind = credential.kind();
            match credential.examine(&received) {
                Finding::Absent => {}
                Finding::Valid => by.push(kind),
                Finding::Invalid(why) => rejected.push(Rejected { kind, why }),
            }
        }
        let open = match self.rule {
            Rule::Any => !by.is_empty(),
            Rule::All => !by.is_empty() && by.len() == self.credentials.len(),
            Rule::Open => true,
        };
        if open {
            return Ok(Verified {
                received,
                by,
                rejected,
            });
        }
        Err(Refused {
            by,
            rejected,
            challenge: self.challenge(),
        })
    }

    fn challenge(&self) -> String {
        let challenges: Vec<_> = self
            .credentials
            .iter()
            .map(|credential| credential.challenge())
            .collect();
        challenges.join(", ")
    }
}

#[cfg(test)]
mod tests;
