//! What a reply that says no means for the change that met it: one table for whoever may answer,
//! and one for each data API, whose rows count only for what is worded in its own error format.

use super::fault::{Format, Said};
use crate::http::message::StatusCode;

/// What is to become of a change that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A dead letter: the data API itself refuses this change, and no time can mend that.
    Final,
    /// Tried again at once, and then waits: the next attempt may well fare better.
    Momentary,
    /// Waits. Nothing is said about other changes.
    Waits,
    /// Waits, as every other change has to: the data API refuses all of them, or somebody else
    /// answers in its place.
    RefusesAll,
}

/// A row: the first one that fits counts.
pub struct Rule(&'static [u16], Words, Verdict);

/// What the body has to say.
enum Words {
    /// Anything, or nothing: a proxy's page too.
    Any,
    /// One of these codes.
    Codes(Format, &'static [&'static str]),
    /// A code of PostgreSQL's (SQLSTATE) in one of these classes.
    Classes(&'static [&'static str]),
}

use Format::{Nested, TopLevel};
use Verdict::{Final, Momentary, RefusesAll, Waits};
use Words::{Any, Classes, Codes};

/// Whoever answers. What no row fits is [`Waits`] from 500 on, and otherwise [`RefusesAll`].
const ANYBODY: &[Rule] = &[
    // Too long for the data API or for a proxy before it: it will not become shorter.
    Rule(&[413], Any, Final),
    Rule(&[429, 502, 503, 504], Any, Momentary),
    Rule(&[408, 409, 425], Any, Waits),
];

/// Data API builder: `{"error":{"code":"…"}}`.
pub const DAB: &[Rule] = &[
    Rule(
        &[400, 422],
        Codes(Nested, &["BadRequest", "DatabaseInputError"]),
        Final,
    ),
    // A snapshot conflict (3960), or a key that is there already.
    Rule(
        &[409],
        Codes(Nested, &["DatabaseOperationFailed"]),
        Momentary,
    ),
    // A constraint or a view that does not take the row; or a policy that keeps it.
    Rule(&[400], Codes(Nested, &["DatabaseOperationFailed"]), Waits),
    Rule(&[403], Codes(Nested, &["DatabasePolicyFailure"]), Waits),
];

/// PostgREST: `{"code":"…","message":"…"}`, the code being PostgreSQL's or one that begins with
/// `PGRST`. Of the latter none is about one change.
pub const POSTGREST: &[Rule] = &[
    // Older ones say so where the token's role does not exist.
    Rule(&[400], Codes(TopLevel, &["22023"]), RefusesAll),
    // A value that its column does not take, and a constraint.
    Rule(&[400, 422], Classes(&["22", "23"]), Final),
    // A serialization failure, and a deadlock.
    Rule(&[500], Codes(TopLevel, &["40001", "40P01"]), Momentary),
    // Raised by a trigger or the function itself.
    Rule(&[400], Classes(&["P0"]), Waits),
];

impl Verdict {
    /// The verdict by the data API's own `rules`, and those for whoever answers.
    pub fn of(status: StatusCode, said: &Said, rules: &[Rule]) -> Self {
        let mut all = rules.iter().chain(ANYBODY);
        match all.find(|rule| rule.fits(status, said)) {
            Some(Rule(_, _, verdict)) => *verdict,
            None if status.is_server_error() => Waits,
            None => RefusesAll,
        }
    }
}

impl Rule {
    fn fits(&self, status: StatusCode, said: &Said) -> bool {
        let Self(statuses, words, _) = self;
        statuses.contains(&status.as_u16())
            && match words {
                Any => true,
                Codes(format, codes) => said.code(*format).is_some_and(|it| codes.contains(&it)),
                Classes(classes) => said.is_of_class(classes),
            }
    }
}

#[cfg(test)]
mod tests;
