//! Small histories, and what the judge is to find in them: the tables in `cases/`. Each is of one
//! deployment, of one row, or of the history of activity.

mod activity;
mod callbacks;
mod submissions;

use std::time::Duration;

use super::Breach;
use crate::journal::{Answer, Event};

/// A line of a table.
struct Case {
    name: &'static str,
    steps: Vec<&'static str>,
    /// A part of the breach; `""`: the promise was kept.
    breach: &'static str,
}

/// Panics where the judge is wrong about one of them.
pub fn check() {
    activity::check();
    callbacks::check();
    submissions::check();
}

fn cases(table: &'static str) -> impl Iterator<Item = Case> {
    let lines = table.lines();
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let [name, steps, breach] = cells[..] else {
                panic!("not three cells: {line}");
            };
            let steps = steps.split(", ").collect();
            Case {
                name,
                steps,
                breach,
            }
        })
}

impl Case {
    fn assert_is_judged(&self, found: &[Breach]) {
        let is_right = match self.breach {
            "" => found.is_empty(),
            expected => found.iter().any(|breach| breach.what.contains(expected)),
        };
        assert!(is_right, "the judge is wrong: {}: {found:?}", self.name);
    }
}

/// The step `#0 queued`: where in the history it was sent, the answer, and what else there is.
fn answer(step: &str) -> Option<(usize, Answer, Option<&str>)> {
    let mut words = step.strip_prefix('#')?.split(' ');
    let sent = words.next()?.parse().ok()?;
    let answer = match words.next()? {
        "done" => Answer::Done,
        "queued" => Answer::Queued,
        "nothing" => Answer::Nothing,
        "refused" => Answer::Refused(words.next()?.parse().ok()?),
        _ => return None,
    };
    Some((sent, answer, words.next()))
}

/// What happens to the store, of which both tables have the same.
fn store(step: &str) -> Option<Event> {
    Some(match step {
        "store unreliable" => Event::StoreUnreliable,
        "store fails" => Event::StoreFails(""),
        "store heals" => Event::StoreHeals,
        "store reliable" => Event::StoreReliable,
        _ => return None,
    })
}

/// The journal has times, which do not matter here.
fn timed(events: Vec<Event>) -> Vec<(Duration, Event)> {
    let events = events.into_iter();
    events.map(|event| (Duration::ZERO, event)).collect()
}
