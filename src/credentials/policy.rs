//! Which credentials open a door. Only here is a [`Verified`] made.

use super::static_token::StaticToken;
use super::{Credential, Finding, Kind};
use crate::config::{Door, Mode};
use crate::http::Received;

/// The policy of one door.
pub struct Policy {
    mode: Mode,
    credentials: Vec<Box<dyn Credential>>,
}

/// A request whose credentials opened its door.
#[derive(Debug)]
pub struct Verified {
    received: Received,
    by: Vec<Kind>,
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
}

/// A request that stays outside.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// The credentials it showed, all of them wrong or not enough.
    pub shown: Vec<Kind>,
    /// `WWW-Authenticate`: what would open the door.
    pub challenge: String,
}

impl Policy {
    /// The policy of `door`. A further credential is one line here.
    pub fn new(door: &Door) -> Self {
        let credentials: Vec<Box<dyn Credential>> = vec![Box::new(StaticToken::new(
            &door.tokens,
            &door.token_headers,
        ))];
        Self {
            mode: door.mode,
            credentials,
        }
    }

    /// Lets the request in, or says what would have opened the door.
    pub fn admit(&self, received: Received) -> Result<Verified, Refused> {
        let findings: Vec<(Kind, Finding)> = self
            .credentials
            .iter()
            .map(|credential| (credential.kind(), credential.examine(&received)))
            .collect();
        let by = kinds(&findings, |finding| finding == Finding::Valid);
        let open = match self.mode {
            Mode::Optional => !by.is_empty(),
            Mode::Strict => by.contains(&Kind::StaticToken),
            Mode::None => true,
        };
        if open {
            return Ok(Verified { received, by });
        }
        Err(Refused {
            shown: kinds(&findings, |finding| finding != Finding::Absent),
            challenge: self.challenge(),
        })
    }

    fn challenge(&self) -> String {
        let challenges: Vec<_> = self
            .credentials
            .iter()
            .filter(|credential| {
                self.mode != Mode::Strict || credential.kind() == Kind::StaticToken
            })
            .map(|credential| credential.challenge())
            .collect();
        challenges.join(", ")
    }
}

fn kinds(findings: &[(Kind, Finding)], wanted: impl Fn(Finding) -> bool) -> Vec<Kind> {
    findings
        .iter()
        .filter(|(_, finding)| wanted(*finding))
        .map(|(kind, _)| *kind)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;
    use crate::testing::received;

    fn admit(mode: Mode, headers: &[(&'static str, &[u8])]) -> Result<Verified, Refused> {
        Policy::new(&Door {
            mode,
            tokens: vec![Secret::new("token")],
            token_headers: vec![::http::HeaderName::from_static("x-authorization")],
        })
        .admit(received(headers, b"{}"))
    }

    #[test]
    fn optional_and_strict_open_to_the_static_token_alone() {
        for mode in [Mode::Optional, Mode::Strict] {
            let verified = admit(mode, &[("x-authorization", b"token")]).expect("opens");
            assert_eq!(verified.by(), [Kind::StaticToken]);

            let wrong = admit(mode, &[("x-authorization", b"otro")]).expect_err("stays shut");
            assert_eq!(wrong.shown, [Kind::StaticToken]);

            let absent = admit(mode, &[]).expect_err("stays shut");
            assert_eq!(absent.shown, []);
            assert_eq!(absent.challenge, wrong.challenge);
            assert_eq!(
                absent.challenge,
                "StaticToken realm=\"callback\", headers=\"x-authorization\""
            );
        }
    }

    #[test]
    fn none_opens_to_all_and_says_that_nothing_was_verified() {
        assert_eq!(admit(Mode::None, &[]).expect("opens").by(), []);
        let wrong = admit(Mode::None, &[("x-authorization", b"otro")]).expect("opens");
        assert_eq!(wrong.by(), []);
    }
}
