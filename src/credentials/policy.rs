//! Which credentials open a door. Only here is a [`Verified`] made.

use super::body_signature::{HexHmac, StandardWebhooks};
use super::call_token::{CallToken, Checked, Unchecked};
use super::jwt::Jwt;
use super::static_token::StaticToken;
use super::{Credential, Finding, Kind};
use crate::config::{Door, Rule};
use crate::http::Received;
use crate::ports::{Clock, Outbound, Random};

/// The policy of one door.
pub struct Policy {
    rule: Rule,
    credentials: Vec<Box<dyn Credential>>,
    /// The one credential that somebody else judges.
    call_token: Option<CallToken>,
    /// `WWW-Authenticate`: what would open the door.
    challenge: String,
}

/// A request whose credentials opened its door.
#[derive(Debug)]
pub struct Verified {
    received: Received,
    by: Vec<Kind>,
    rejected: Vec<Rejected>,
    call_token: Option<String>,
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

    /// SHA-256 of the call token, in hex, where that was right.
    pub fn call_token(&self) -> Option<&str> {
        self.call_token.as_deref()
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
            call_token,
        } = door;
        let body_signature = body_signature.as_ref();
        let credentials: [Option<Box<dyn Credential>>; 4] = [
            static_token
                .as_ref()
                .map(|s| Box::new(StaticToken::new(s)) as _),
            jwt.as_ref().map(|s| Box::new(Jwt::new(s)) as _),
            body_signature
                .and_then(HexHmac::new)
                .map(|it| Box::new(it) as _),
            body_signature
                .and_then(StandardWebhooks::new)
                .map(|it| Box::new(it) as _),
        ];
        let call_token = call_token.as_ref().map(CallToken::new);
        Self::of(*rule, credentials.into_iter().flatten(), call_token)
    }

    fn of(
        rule: Rule,
        credentials: impl IntoIterator<Item = Box<dyn Credential>>,
        call_token: Option<CallToken>,
    ) -> Self {
        let credentials: Vec<_> = credentials.into_iter().collect();
        let challenges: Vec<_> = credentials.iter().map(|it| it.challenge()).collect();
        Self {
            rule,
            challenge: challenges.join(", "),
            credentials,
            call_token,
        }
    }

    /// Has the call token checked, where the door asks for one, and judges the request.
    pub async fn admit(
        &self,
        host: &(impl Clock + Outbound + Random),
        received: Received,
    ) -> Result<Result<Verified, Refused>, Unchecked> {
        let checked = match &self.call_token {
            Some(call_token) => Some(call_token.check(host, &received).await?),
            None => None,
        };
        Ok(self.judge(received, checked))
    }

    /// Lets the request in, or says what would have opened the door. `checked` is what came of its
    /// call token.
    pub fn judge(&self, received: Received, checked: Option<Checked>) -> Result<Verified, Refused> {
        let (mut by, mut rejected) = (Vec::new(), Vec::new());
        let (called, hash) = checked.map(|it| (it.finding, it.hash)).unzip();
        let called = called.map(|finding| (Kind::CallToken, finding));
        let examined = self.credentials.iter();
        let examined = examined.map(|it| (it.kind(), it.examine(&received)));
        for (kind, finding) in called.into_iter().chain(examined) {
            match finding {
                Finding::Absent => {}
                Finding::Valid => by.push(kind),
                Finding::Invalid(why) => rejected.push(Rejected { kind, why }),
            }
        }
        let call_token = hash.filter(|_| by.contains(&Kind::CallToken));
        let open = match self.rule {
            Rule::Any => !by.is_empty(),
            Rule::All => !by.is_empty() && by.len() == self.kinds().count(),
            Rule::Open => true,
        };
        if open {
            return Ok(Verified {
                received,
                by,
                rejected,
                call_token,
            });
        }
        Err(Refused {
            by,
            rejected,
            challenge: self.challenge.clone(),
        })
    }

    /// The kinds of credential that the door looks at.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        let examined = self.credentials.iter().map(|it| it.kind());
        let called = self.call_token.as_ref().map(|_| Kind::CallToken);
        examined.chain(called)
    }

    /// Whether failed attempts count. Where somebody else judges they do not: who guesses has no more
    /// of it, and that they had counted would show at other doors.
    pub fn counts_attempts(&self) -> bool {
        self.call_token.is_none()
    }
}

#[cfg(test)]
mod tests;
