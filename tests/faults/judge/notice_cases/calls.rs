//! BlizWork's calls: acknowledged, kept and good once.

use super::*;

pub fn kept() -> Vec<Case> {
    let cases = [
        (
            "kept, and its row made",
            vec![call("a"), valid(), heard(0, "a", KEPT), row("a")],
        ),
        (
            "not valid, and refused",
            vec![
                call("a"),
                valid(),
                heard(0, "a", KEPT),
                row("a"),
                call("b"),
                invalid(),
                heard(4, "b", Answer::Refused(404)),
            ],
        ),
        (
            "the token used again, and refused",
            vec![
                call("a"),
                valid(),
                heard(0, "a", KEPT),
                call("b"),
                valid(),
                heard(3, "b", Answer::Refused(404)),
                row("a"),
                missed("a"),
            ],
        ),
        (
            "of two at once one is taken",
            vec![
                call("a"),
                call("b"),
                valid(),
                valid(),
                heard(0, "a", Answer::Refused(404)),
                heard(1, "b", KEPT),
                row("b"),
            ],
        ),
        (
            "of two at once both are taken, and one has the row",
            vec![
                call("a"),
                call("b"),
                valid(),
                valid(),
                heard(0, "a", KEPT),
                heard(1, "b", KEPT),
                row("b"),
            ],
        ),
        (
            "of two at once one is taken, and the other could not be withdrawn",
            vec![
                call("a"),
                call("b"),
                valid(),
                valid(),
                heard(0, "a", Answer::Refused(404)),
                heard(1, "b", KEPT),
                row("a"),
                missed("b"),
            ],
        ),
    ];
    good(cases)
}

pub fn broken() -> Vec<Case> {
    let cases = [
        (
            "kept, and then lost",
            vec![call("a"), valid(), heard(0, "a", KEPT)],
            "has not come",
        ),
        (
            "acknowledged without being valid",
            vec![call("a"), invalid(), heard(0, "a", KEPT), row("a")],
            "was acknowledged, and nobody",
        ),
        (
            "acknowledged by what was said of another call",
            vec![
                call("b"),
                valid(),
                heard(0, "b", LATER),
                call("a"),
                failed(),
                heard(3, "a", KEPT),
                row("a"),
            ],
            "was acknowledged, and nobody",
        ),
        (
            "a row without being valid",
            vec![call("a"), failed(), heard(0, "a", LATER), row("a")],
            "wrote, and nobody",
        ),
        (
            "two rows",
            vec![call("a"), valid(), heard(0, "a", KEPT), row("a"), row("a")],
            "two rows",
        ),
        (
            "written over",
            vec![
                call("a"),
                valid(),
                heard(0, "a", KEPT),
                row("a"),
                changed("a"),
            ],
            "written over",
        ),
        (
            "the row of a later call with the same token",
            vec![
                call("a"),
                valid(),
                heard(0, "a", KEPT),
                call("b"),
                valid(),
                heard(3, "b", Answer::Refused(404)),
                row("b"),
            ],
            "another call",
        ),
        (
            "the row of an earlier call with the same token",
            vec![
                call("b"),
                valid(),
                heard(0, "b", LATER),
                call("a"),
                valid(),
                heard(3, "a", KEPT),
                row("b"),
            ],
            "another call",
        ),
        (
            "JSON that nobody had sent",
            vec![call("a"), valid(), heard(0, "a", KEPT), row("c")],
            "nobody had sent",
        ),
        (
            "the token used again, and taken",
            vec![
                call("a"),
                valid(),
                heard(0, "a", KEPT),
                call("a"),
                valid(),
                heard(3, "a", KEPT),
                row("a"),
            ],
            "had been used",
        ),
        (
            "a good call refused",
            vec![call("a"), valid(), heard(0, "a", Answer::Refused(404))],
            "its token was valid",
        ),
        (
            "answered as if it were delivered",
            vec![call("a"), valid(), row("a"), heard(0, "a", DONE)],
            "as no call is",
        ),
        (
            "kept, where nothing could be kept",
            vec![
                Event::StoreInDoubt,
                Event::StoreFails(""),
                call("a"),
                valid(),
                heard(2, "a", KEPT),
                Event::StoreHeals,
                Event::StoreIsSound,
                row("a"),
            ],
            "took no write",
        ),
    ];
    cases.into()
}
