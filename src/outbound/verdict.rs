//! What a refusal means for whoever sent the request. One table is for whoever may answer; a data API
//! adds its own, whose rules count only for errors in its own format.

use super::body::{ErrorDetail, ErrorFormat};
use crate::http::message::StatusCode;

/// What is to become of a request that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A dead letter: the service itself refuses this request, and no time can mend that.
    Final,
    /// Tried again at once, and then waits: the next attempt may well fare better.
    Transient,
    /// Waits. Nothing is said about other requests.
    Waits,
    /// Waits, as every other request has to: the service refuses all of them, or somebody else
    /// answers in its place.
    RefusesAll,
}

/// Statuses, what the body has to say, and what that means. The first rule that fits counts.
pub struct Rule(pub &'static [u16], pub ErrorPattern, pub Verdict);

/// What the body has to say.
pub enum ErrorPattern {
    /// Anything, or nothing: a proxy's page too.
    Any,
    /// One of these codes.
    Codes(ErrorFormat, &'static [&'static str]),
    /// A code of PostgreSQL's (SQLSTATE) in one of these classes.
    Classes(&'static [&'static str]),
}

use ErrorPattern::{Any, Classes, Codes};
use Verdict::{Final, RefusesAll, Transient, Waits};

/// Whoever answers. What no row fits is [`Waits`] from 500 on, and otherwise [`RefusesAll`].
const ANYBODY: &[Rule] = &[
    // Too long for the data API or for a proxy before it: it will not become shorter.
    Rule(&[413], Any, Final),
    Rule(&[429, 502, 503, 504], Any, Transient),
    Rule(&[408, 409, 425], Any, Waits),
];

impl Verdict {
    /// The verdict by the data API's own `rules`, and those for whoever answers.
    pub fn of(status: StatusCode, detail: &ErrorDetail, rules: &[Rule]) -> Self {
        let mut all = rules.iter().chain(ANYBODY);
        match all.find(|rule| rule.fits(status, detail)) {
            Some(Rule(_, _, verdict)) => *verdict,
            None if status.is_server_error() => Waits,
            None => RefusesAll,
        }
    }
}

impl Rule {
    fn fits(&self, status: StatusCode, detail: &ErrorDetail) -> bool {
        let Self(statuses, pattern, _) = self;
        statuses.contains(&status.as_u16())
            && match pattern {
                Any => true,
                Codes(format, codes) => detail.code(*format).is_some_and(|it| codes.contains(&it)),
                Classes(classes) => detail.is_of_class(classes),
            }
    }
}
