//! Which credentials open a door. Only here is a [`Verified`] made.

use super::body_signature::{HexHmac, StandardWebhooks};
use super::call_token::{CallToken, Checked, Unchecked};
use super::jwt::Jwt;
use super::static_token::StaticToken;
use super::{Credential, Finding, Kind};
use crate::config::{Door, Rule};
use crate::http::Received;
use crate::ports::{Clock, Outbound, Random};

/// What would have cost too much to look at.
const UNEXAMINED: Finding = Finding::Invalid("not examined: the client is over its limit");

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

    /// The same request with its body, where its headers alone were judged.
    pub fn with_body(mut self, body: Vec<u8>) -> Self {
        self.received.body = body;
        self
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

    /// Judges the request. What takes public-key operations, or a question to another service, comes
    /// last, and is left undone where `may_cost` says so; that is not asked where another credential
    /// is valid already, since no stranger has one.
    pub async fn admit(
        &self,
        host: &(impl Clock + Outbound + Random),
        received: Received,
        may_cost: impl AsyncFnOnce() -> bool,
    ) -> Result<Result<Verified, Refused>, Unchecked> {
        let glances = self.credentials.iter().map(|it| it.glance(&received));
        let glances: Vec<_> = glances.collect();
        let is_known = glances.contains(&Some(Finding::Valid));
        let is_costly = self.call_token.is_some() || glances.contains(&None);
        let may_cost = is_known || !is_costly || may_cost().await;
        let checked = match &self.call_token {
            Some(call_token) if may_cost => Some(call_token.check(host, &received).await?),
            Some(_) => Some(Checked {
                finding: UNEXAMINED,
                hash: String::new(),
            }),
            None => None,
        };
        let credentials = self.credentials.iter().zip(glances);
        let examined = credentials.map(|(credential, glance)| match glance {
            Some(finding) => finding,
            None if may_cost => credential.verify(&received),
            None => UNEXAMINED,
        });
        let examined = examined.collect();
        Ok(self.decide(received, checked, examined))
    }

    /// Whether only the body can tell that the request is to be let in: what its headers alone leave
    /// wrong is refused before anything of its body is kept. `received` has no body yet.
    pub fn needs_body(&self, received: &Received) -> bool {
        self.call_token.is_some() || self.credentials.iter().any(|it| it.needs_body(received))
    }

    /// Lets the request in, or says what would have opened the door. `checked` is what came of its
    /// call token.
    pub fn judge(&self, received: Received, checked: Option<Checked>) -> Result<Verified, Refused> {
        let examined = self.credentials.iter().map(|it| it.examine(&received));
        let examined = examined.collect();
        self.decide(received, checked, examined)
    }

    /// What follows from the findings, one for each credential.
    fn decide(
        &self,
        received: Received,
        checked: Option<Checked>,
        examined: Vec<Finding>,
    ) -> Result<Verified, Refused> {
        let (mut by, mut rejected) = (Vec::new(), Vec::new());
        let (called, hash) = checked.map(|it| (it.finding, it.hash)).unzip();
        let called = called.map(|finding| (Kind::CallToken, finding));
        let kinds = self.credentials.iter().map(|it| it.kind());
        for (kind, finding) in called.into_iter().chain(kinds.zip(examined)) {
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
