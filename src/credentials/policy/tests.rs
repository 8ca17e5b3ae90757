//! Doors with credentials that say what a test wants them to.

use super::*;
use crate::testing::received;

/// A credential that finds what it is told.
struct Told(Kind, Finding);

impl Credential for Told {
    fn kind(&self) -> Kind {
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

fn admit(rule: Rule, findings: &[(Kind, Finding)]) -> Result<Verified, Refused> {
    let credentials = findings
        .iter()
        .map(|(kind, finding)| Box::new(Told(*kind, *finding)) as _);
    Policy::of(rule, credentials, None).judge(received(&[], b"{}"), None)
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
        let findings = [(Kind::StaticToken, first), (Kind::Jwt, second)];
        let admitted = admit(Rule::Any, &findings);
        assert_eq!(admitted.is_ok(), opens, "{first:?} {second:?}");
    }
}

#[test]
fn all_opens_only_when_each_is_valid() {
    for first in [ABSENT, VALID, WRONG] {
        for second in [ABSENT, VALID, WRONG] {
            let findings = [(Kind::StaticToken, first), (Kind::Jwt, second)];
            let admitted = admit(Rule::All, &findings);
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
    let wrong = admit(Rule::Open, &[(Kind::StaticToken, WRONG)]).expect("opens");
    assert_eq!(wrong.by(), []);
    let valid = admit(Rule::Open, &[(Kind::StaticToken, VALID)]).expect("opens");
    assert_eq!(valid.by(), [Kind::StaticToken]);
    assert_eq!(admit(Rule::Open, &[]).expect("opens").by(), []);
}

#[test]
fn a_door_without_credentials_opens_to_nobody() {
    for rule in [Rule::Any, Rule::All] {
        admit(rule, &[]).expect_err("stays shut");
    }
}

#[test]
fn what_was_wrong_is_told_to_the_log_and_what_would_be_right_to_the_caller() {
    let findings = [(Kind::StaticToken, VALID), (Kind::Jwt, WRONG)];
    let rejected = [Rejected {
        kind: Kind::Jwt,
        why: "wrong",
    }];
    let verified = admit(Rule::Any, &findings).expect("opens");
    assert_eq!(verified.by(), [Kind::StaticToken]);
    assert_eq!(verified.rejected(), rejected);

    let refused = admit(Rule::All, &findings).expect_err("stays shut");
    assert_eq!(refused.by, [Kind::StaticToken]);
    assert_eq!(refused.rejected, rejected);
    assert_eq!(refused.challenge, "static_token, jwt");
}
