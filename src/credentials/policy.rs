//! The policy: which credentials let a caller in. Only here is a [`Verified`] made.

use std::sync::Arc;

use super::admission::{Denied, Rejected, Undecided, UndecidedError};
use super::body_signature::{HexHmac, StandardWebhooks};
use super::call_token::{CallToken, Checked};
use super::jwt::{Jwt, KeyPorts, KeysUnavailableError, PublishedKeys};
use super::static_token::StaticToken;
use super::{Credential, CredentialKind, Finding};
use crate::config::{AccessSettings, Requirement};
use crate::http::Received;

/// The finding of what would have cost too much to examine.
const UNEXAMINED: Finding = Finding::Invalid("not examined: the client is over its limit");

/// The policy of one endpoint.
pub struct Policy {
    requirement: Requirement,
    credentials: Vec<Arc<dyn Credential>>,
    /// The JWT, which is among them: its keys may have to be fetched.
    jwt: Option<Arc<Jwt>>,
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

/// What follows from a request's credentials.
#[derive(Debug)]
pub enum Admission {
    /// It is let in.
    Granted(Verified),
    /// It is not.
    Denied(Denied),
    /// Who had to be asked could not say.
    Undecided(Undecided),
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
        let jwt = jwt.as_ref().map(|settings| Arc::new(Jwt::new(settings)));
        let credentials: [Option<Arc<dyn Credential>>; 4] = [
            static_token
                .as_ref()
                .map(|s| Arc::new(StaticToken::new(s)) as _),
            jwt.clone().map(|jwt| jwt as _),
            body_signature
                .and_then(HexHmac::new)
                .map(|it| Arc::new(it) as _),
            body_signature
                .and_then(StandardWebhooks::new)
                .map(|it| Arc::new(it) as _),
        ];
        let call_token = call_token.as_ref().map(CallToken::new);
        Self {
            jwt: jwt.filter(|jwt| jwt.published().is_some()),
            ..Self::of(*requirement, credentials.into_iter().flatten(), call_token)
        }
    }

    fn of(
        requirement: Requirement,
        credentials: impl IntoIterator<Item = Arc<dyn Credential>>,
        call_token: Option<CallToken>,
    ) -> Self {
        let credentials: Vec<_> = credentials.into_iter().collect();
        let challenges: Vec<_> = credentials.iter().map(|it| it.challenge()).collect();
        Self {
            requirement,
            challenge: challenges.join(", "),
            credentials,
            jwt: None,
            call_token,
        }
    }

    /// Judges the request. What takes public-key operations, or a question to another service, comes
    /// last, and is left undone where `may_cost` says so; that is not asked where another credential
    /// is valid already, since no stranger has one.
    pub async fn admit(
        &self,
        host: &impl KeyPorts,
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
                Err(error) => return undecided(UndecidedError::CallToken(error), Vec::new()),
            },
            Some(_) => Some(Checked {
                finding: UNEXAMINED,
                hash: String::new(),
            }),
            None => None,
        };
        let jwt = match may_cost && self.depends_on_jwt(&glances) {
            true => self.check_jwt(host, &received).await,
            false => Ok(None),
        };
        let examined = self.credentials.iter().zip(glances);
        let examined = examined.map(|(credential, glance)| match (glance, credential.kind()) {
            (Some(finding), _) => finding,
            (None, _) if !may_cost => UNEXAMINED,
            (None, CredentialKind::Jwt) if self.jwt.is_some() => match &jwt {
                Ok(Some(finding)) => *finding,
                Ok(None) => self.examine_jwt(&received),
                Err(_) => Finding::Absent,
            },
            (None, _) => credential.verify(&received),
        });
        let examined: Vec<_> = examined.collect();
        if let Err(error) = jwt {
            return undecided(UndecidedError::Keys(error), self.rejected(&examined));
        }
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

    /// Whether it depends on a JWT, of which a glance told nothing, that the request is let in.
    fn depends_on_jwt(&self, glances: &[Option<Finding>]) -> bool {
        let kinds = self.credentials.iter().map(|it| it.kind());
        let mut open = kinds.zip(glances).filter(|(_, glance)| glance.is_none());
        let is_open = open.any(|(kind, _)| kind == CredentialKind::Jwt);
        is_open
            && match self.requirement {
                Requirement::Any => !glances.contains(&Some(Finding::Valid)),
                Requirement::All => true,
                Requirement::Open => false,
            }
    }

    /// What the JWT finds, once its key is there; `None` where no keys are fetched.
    async fn check_jwt(
        &self,
        host: &impl KeyPorts,
        received: &Received,
    ) -> Result<Option<Finding>, KeysUnavailableError> {
        match &self.jwt {
            Some(jwt) => jwt.check(host, received).await.map(Some),
            None => Ok(None),
        }
    }

    /// What the JWT finds where nothing depends on it: nobody waits for its key.
    fn examine_jwt(&self, received: &Received) -> Finding {
        let jwt = self.jwt.as_ref().filter(|jwt| jwt.has_key(received));
        jwt.map_or(Finding::Absent, |jwt| jwt.examine(received))
    }

    /// Those of `examined`, one for each credential, that were wrong.
    fn rejected(&self, examined: &[Finding]) -> Vec<Rejected> {
        let kinds = self.credentials.iter().map(|it| it.kind());
        let rejected = kinds
            .zip(examined)
            .filter_map(|(kind, finding)| match finding {
                Finding::Invalid(why) => Some(Rejected { kind, why }),
                Finding::Absent | Finding::Valid => None,
            });
        rejected.collect()
    }

    /// The keys that the JWT's signer publishes, where it is accepted and does.
    pub fn published_keys(&self) -> Option<&PublishedKeys> {
        self.jwt.as_ref()?.published()
    }

    /// Whether nobody is let in without a valid JWT.
    pub fn requires_jwt(&self) -> bool {
        let is_jwt = |kind| kind == CredentialKind::Jwt;
        match self.requirement {
            Requirement::Any => self.kinds().all(is_jwt),
            Requirement::All => self.kinds().any(is_jwt),
            Requirement::Open => false,
        }
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

fn undecided(error: UndecidedError, rejected: Vec<Rejected>) -> Admission {
    Admission::Undecided(Undecided { error, rejected })
}

#[cfg(test)]
mod tests;
