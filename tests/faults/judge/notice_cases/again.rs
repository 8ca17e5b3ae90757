//! Messages that are sent again; all of them are written at once.

use super::*;
use crate::data_api::REFUSES;

pub fn cases() -> Vec<Case> {
    let first = || vec![sent("a1"), wrote("a1"), answered(0, "a1", "x")];
    let with = |mut events: Vec<Event>, more: Vec<Event>| {
        events.extend(more);
        events
    };
    let second = |body| with(first(), vec![sent("a1"), answered(3, "a1", body)]);
    // Two at once, of which the first is answered before the second.
    let racing = || vec![sent("a1"), sent("a1"), wrote("a1"), answered(0, "a1", "x")];
    let raced = || with(racing(), vec![answered(1, "a1", "y")]);
    let third = |body| with(raced(), vec![sent("a1"), answered(5, "a1", body)]);
    let fourth = |body| with(third("y"), vec![sent("a1"), answered(7, "a1", body)]);
    let killed = with(
        racing(),
        vec![told(1, "a1", LOST), sent("a1"), answered(5, "a1", "z")],
    );
    let doubtful = |from: &mut Vec<Event>, at: usize, until: usize| {
        from.insert(until, Event::StoreIsSound);
        from.insert(at, Event::StoreInDoubt);
    };
    // Those who are told of it say where it was sent: after the first event, all are one further on.
    let mut forgotten = vec![sent("a1"), wrote("a1"), answered(1, "a1", "x")];
    doubtful(&mut forgotten, 0, 3);
    let forgotten = with(forgotten, vec![sent("a1"), answered(5, "a1", "y")]);
    let other = Event::Notified(Arc::new(notice("b2")), NOW);
    let crowded = vec![
        sent("a1"),
        other,
        wrote("a1"),
        answered(0, "a1", "x"),
        told(1, "b2", LATER),
        sent("a1"),
        answered(5, "a1", "y"),
    ];
    let refused = with(first(), vec![sent("a1"), told(3, "a1", LATER)]);
    let row = notice("a1").row;
    let dead = vec![
        sent("a1"),
        Event::Fault(row.clone(), String::new(), REFUSES),
        replied(0, notice("a1"), Answer::Queued, "x"),
        sent("a1"),
        wrote("a1"),
        answered(3, "a1", "y"),
    ];
    let mut dead_later = with(second("x"), vec![sent("a1"), answered(5, "a1", "y")]);
    dead_later.push(Event::Fault(row, String::new(), REFUSES));
    vec![
        ("answered the same again", second("x"), ""),
        ("answered differently", second("y"), "differently"),
        ("refused, and it had been taken", refused, "had been taken"),
        ("what was refused for good is taken anew", dead, ""),
        (
            "refused for good, but only later",
            dead_later,
            "differently",
        ),
        ("of two at once either is remembered", third("x"), ""),
        (
            "of two at once either is remembered, and stays",
            fourth("y"),
            "",
        ),
        (
            "of two at once first one is remembered and then the other",
            fourth("x"),
            "differently",
        ),
        ("neither of two at once", third("z"), "differently"),
        ("one that was not answered may be remembered", killed, ""),
        ("not remembered, while the store was failing", forgotten, ""),
        (
            "forgotten for another at the same time in the same value",
            crowded,
            "",
        ),
    ]
}
