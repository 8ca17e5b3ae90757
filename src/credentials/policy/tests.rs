//! Doors with credentials that say what a test wants them to.

use super::*;
use crate::testing::received;

/// A credential that finds what it is told.
struct Told(CredentialKind, Finding);

impl Credential for Told {
    fn kind(&self) -> CredentialKind {
        self.0
    }

    fn challenge(&self) -> String {
        self.0.name().to_owned()
    }

    fn examine(&self, _: &Received) -> Finding {
        self.1
    }
}

const ABSENT: Finding = Finding::Absent;
const VALID: Finding = Finding::Valid;
const WRONG: Finding = Finding::Invalid("wrong");

fn admit(
    requirement: Requirement,
    findings: &[(CredentialKind, Finding)],
) -> Result<Verified, Denied> {
    let credentials = findings
        .iter()
        .map(|(kind, finding)| Arc::new(Told(*kind, *finding)) as _);
    Policy::of(requirement, credentials, None).judge(received(&[], b"{}"), None)
}

#[test]
fn any_opens_to_one_that_is_valid_whatever_the_others() {
    for (first, second, opens) in [
        (VALID, VALID, true),
        (VALID, ABSENT, true),
        (VALID, WRONG, true),
        (ABSENT, VALID, true),
        (WRONG, VALID, true),
        (ABSENT, ABSENT, false),
        (ABSENT, WRONG, false),
        (WRONG, ABSENT, false),
        (WRONG, WRONG, false),
    ] {
        let findings = [
            (CredentialKind::StaticToken, first),
            (CredentialKind::Jwt, second),
        ];
        let admitted = admit(Requirement::Any, &findings);
        assert_eq!(admitted.is_ok(), opens, "{first:?} {second:?}");
    }
}

#[test]
fn all_opens_only_when_each_is_valid() {
    for first in [ABSENT, VALID, WRONG] {
        for second in [ABSENT, VALID, WRONG] {
            let findings = [
                (CredentialKind::StaticToken, first),
                (CredentialKind::Jwt, second),
            ];
            let admitted = admit(Requirement::All, &findings);
            let both = first == VALID && second == VALID;
            assert_eq!(admitted.is_ok(), both, "{first:?} {second:?}");
            if let Err(refused) = admitted {
                let valid = [first, second].iter().filter(|f| **f == VALID).count();
                assert_eq!(refused.by.len(), valid, "{first:?} {second:?}");
            }
        }
    }
}

#[test]
fn open_opens_to_all_and_says_what_was_verified() {
    let wrong = admit(Requirement::Open, &[(CredentialKind::StaticToken, WRONG)]).expect("opens");
    assert_eq!(wrong.by(), []);
    let valid = admit(Requirement::Open, &[(CredentialKind::StaticToken, VALID)]).expect("opens");
    assert_eq!(valid.by(), [CredentialKind::StaticToken]);
    assert_eq!(admit(Requirement::Open, &[]).expect("opens").by(), []);
}

#[test]
fn a_door_without_credentials_opens_to_nobody() {
    for requirement in [Requirement::Any, Requirement::All] {
        admit(requirement, &[]).expect_err("stays shut");
    }
}

#[test]
fn what_was_wrong_is_told_to_the_log_and_what_would_be_right_to_the_caller() {
    let findings = [
        (CredentialKind::StaticToken, VALID),
        (CredentialKind::Jwt, WRONG),
    ];
    let rejected = [Rejected {
        kind: CredentialKind::Jwt,
        why: "wrong",
    }];
    let verified = admit(Requirement::Any, &findings).expect("opens");
    assert_eq!(verified.by(), [CredentialKind::StaticToken]);
    assert_eq!(verified.rejected(), rejected);

    let refused = admit(Requirement::All, &findings).expect_err("stays shut");
    assert_eq!(refused.by, [CredentialKind::StaticToken]);
    assert_eq!(refused.rejected, rejected);
    assert_eq!(refused.challenge, "static_token, jwt");
}
