//! The policy: which credentials let a caller in. Only here is a [`Verified`] made.

use std::fmt;

use super::body_signature::{HexHmac, StandardWebhooks};
use super::call_token::{CallToken, CallTokenError, Checked};
use super::jwt::Jwt;
use super::static_token::StaticToken;
use super::{Credential, CredentialKind, Finding};
use crate::config::{AccessSettings, Requirement};
use crate::http::Received;
use crate::ports::{Clock, Outbound, Random};

/// The finding of what would have cost too much to examine.
const UNEXAMINED: Finding = Finding::Invalid("not examined: the client is over its limit");

/// The policy of one endpoint.
pub struct Policy {
    requirement: Requirement,
    credentials: Vec<Box<dyn Credential>>,
    /// The one credential that somebody else judges.
    call_token: Option<CallToken>,
    /// `WWW-Authenticate`: the credentials that would be accepted.
    challenge: String,
}

/// A request that its credentials let in.
#[derive(Debug)]
pub struct Verified {
    received: Received,
    by: Vec<CredentialKind>,
    rejected: Vec<Rejected>,
    call_token: Option<String>,
}

impl Verified {
    /// The request.
    pub fn received(&self) -> &Received {
        &self.received
    }

    /// The credentials that were right; empty where everybody is let in.
    pub fn by(&self) -> &[CredentialKind] {
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

    /// The credentials that were wrong, although others were right.
    pub fn rejected(&self) -> &[Rejected] {
        &self.rejected
    }
}

/// A credential that was wrong, and why: for the log alone, as `<kind>: <why>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Which kind.
    pub kind: CredentialKind,
    /// Why.
    pub why: &'static str,
}

impl fmt::Display for Rejected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.kind.name(), self.why)
    }
}

/// What follows from a request's credentials.
#[derive(Debug)]
pub enum Admission {
    /// It is let in.
    Granted(Verified),
    /// It is not.
    Denied(Denied),
    /// Who had to be asked could not say.
    Undecided(CallTokenError),
}

/// A request that is not let in.
#[derive(Debug, PartialEq, Eq)]
pub struct Denied {
    /// The credentials that were right, but not enough.
    pub by: Vec<CredentialKind>,
    /// The credentials that were wrong.
    pub rejected: Vec<Rejected>,
    /// `WWW-Authenticate`: the credentials that would be accepted.
    pub challenge: String,
}

impl Policy {
    /// The policy for these settings. A further credential is one line here.
    pub fn new(access: &AccessSettings) -> Self {
        let AccessSettings {
            requirement,
            static_token,
            jwt,
            body_signature,
            call_token,
        } = access;
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
        Self::of(*requirement, credentials.into_iter().flatten(), call_token)
    }

    fn of(
        requirement: Requirement,
        credentials: impl IntoIterator<Item = Box<dyn Credential>>,
        call_token: Option<CallToken>,
    ) -> Self {
        let credentials: Vec<_> = credentials.into_iter().collect();
        let challenges: Vec<_> = credentials.iter().map(|it| it.challenge()).collect();
        Self {
            requirement,
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
    ) -> Admission {
        let glances = self.credentials.iter().map(|it| it.glance(&received));
        let glances: Vec<_> = glances.collect();
        let is_known = glances.contains(&Some(Finding::Valid));
        let is_costly = self.call_token.is_some() || glances.contains(&None);
        let may_cost = is_known || !is_costly || may_cost().await;
        let checked = match &self.call_token {
            Some(call_token) if may_cost => match call_token.check(host, &received).await {
                Ok(checked) => Some(checked),
                Err(error) => return Admission::Undecided(error),
            },
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
        match self.decide(received, checked, examined) {
            Ok(verified) => Admission::Granted(verified),
            Err(denied) => Admission::Denied(denied),
        }
    }

    /// Whether only the body can tell that the request is to be let in: what its headers alone leave
    /// wrong is refused before anything of its body is read. `received` has no body yet.
    pub fn needs_body(&self, received: &Received) -> bool {
        self.call_token.is_some() || self.credentials.iter().any(|it| it.needs_body(received))
    }

    /// Lets the request in, or says what would have been accepted. `checked` is what came of its
    /// call token.
    pub fn judge(&self, received: Received, checked: Option<Checked>) -> Result<Verified, Denied> {
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
    ) -> Result<Verified, Denied> {
        let (mut by, mut rejected) = (Vec::new(), Vec::new());
        let (called, hash) = checked.map(|it| (it.finding, it.hash)).unzip();
        let called = called.map(|finding| (CredentialKind::CallToken, finding));
        let kinds = self.credentials.iter().map(|it| it.kind());
        for (kind, finding) in called.into_iter().chain(kinds.zip(examined)) {
            match finding {
                Finding::Absent => {}
                Finding::Valid => by.push(kind),
                Finding::Invalid(why) => rejected.push(Rejected { kind, why }),
            }
        }
        let call_token = hash.filter(|_| by.contains(&CredentialKind::CallToken));
        let is_let_in = match self.requirement {
            Requirement::Any => !by.is_empty(),
            Requirement::All => !by.is_empty() && by.len() == self.kinds().count(),
            Requirement::Open => true,
        };
        if is_let_in {
            return Ok(Verified {
                received,
                by,
                rejected,
                call_token,
            });
        }
        Err(Denied {
            by,
            rejected,
            challenge: self.challenge.clone(),
        })
    }

    /// The kinds of credential that are examined.
    pub fn kinds(&self) -> impl Iterator<Item = CredentialKind> {
        let examined = self.credentials.iter().map(|it| it.kind());
        let called = self.call_token.as_ref().map(|_| CredentialKind::CallToken);
        examined.chain(called)
    }

    /// Whether failed attempts count. Where somebody else judges they do not: who guesses has no more
    /// of it, and that they had been counted would show at other endpoints.
    pub fn counts_attempts(&self) -> bool {
        self.call_token.is_none()
    }
}

#[cfg(test)]
mod tests;
