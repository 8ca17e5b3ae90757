//! Messages: what has to come to the database, and what must not.

use super::*;

pub fn kept() -> Vec<Case> {
    let cases = [
        (
            "written and told so",
            vec![sent("a1"), wrote("a1"), told(0, "a1", DONE)],
        ),
        (
            "kept, and written when the row was there at last",
            vec![
                sent("a1"),
                missed("a1"),
                told(0, "a1", KEPT),
                made(),
                wrote("a1"),
            ],
        ),
        (
            "the older one came when a newer one was there",
            vec![
                sent("b2"),
                wrote("b2"),
                told(0, "b2", DONE),
                sent("a1"),
                missed("a1"),
                told(3, "a1", DONE),
            ],
        ),
        (
            "two of one moment, in any order and more than once",
            vec![
                sent("a1"),
                sent("b1"),
                wrote("a1"),
                wrote("b1"),
                wrote("a1"),
                told(0, "a1", DONE),
                told(1, "b1", KEPT),
            ],
        ),
        (
            "a newer one that nobody was told of",
            vec![
                sent("b2"),
                told(0, "b2", LOST),
                sent("a1"),
                told(2, "a1", KEPT),
                wrote("b2"),
            ],
        ),
        (
            "without a moment, written with that of its second time",
            vec![
                sent("a"),
                told(0, "a", LATER),
                sent("a"),
                wrote("a"),
                told(2, "a", DONE),
            ],
        ),
        (
            "written over between look and write, where there is no guard",
            vec![
                sent("a1"),
                sent("b2"),
                looked(None),
                looked(None),
                unguarded("b2"),
                unguarded("a1"),
                told(0, "a1", DONE),
                told(1, "b2", DONE),
            ],
        ),
    ];
    good(cases)
}

pub fn broken() -> Vec<Case> {
    let cases = [
        (
            "kept, and then lost",
            vec![sent("a1"), told(0, "a1", KEPT), missed("a1")],
            "has not come",
        ),
        (
            "kept, and then lost, where an older one came",
            vec![
                sent("b2"),
                told(0, "b2", KEPT),
                sent("a1"),
                wrote("a1"),
                told(2, "a1", DONE),
            ],
            "has not come",
        ),
        (
            "kept, and then lost, without a moment of its own",
            vec![sent("a"), told(0, "a", KEPT)],
            "has not come",
        ),
        (
            "told too early that it is done",
            vec![sent("a1"), told(0, "a1", DONE), wrote("a1")],
            "had not come",
        ),
        (
            "told that it is done, with something older in the row",
            vec![
                sent("a1"),
                sent("b2"),
                wrote("a1"),
                told(1, "b2", DONE),
                wrote("b2"),
            ],
            "had not come",
        ),
        (
            "an older one over a newer one, for a moment",
            vec![
                sent("a1"),
                sent("b2"),
                wrote("b2"),
                wrote("a1"),
                wrote("b2"),
                told(1, "b2", DONE),
            ],
            "wrote over what is newer",
        ),
        (
            "an older one over a newer one, and the look had shown that",
            vec![
                sent("a1"),
                sent("b2"),
                looked(None),
                unguarded("b2"),
                looked(Some(2)),
                unguarded("a1"),
                told(1, "b2", DONE),
            ],
            "had been shown it",
        ),
        (
            "one look for two writes",
            vec![
                sent("a1"),
                sent("b2"),
                looked(None),
                unguarded("b2"),
                unguarded("a1"),
                told(1, "b2", DONE),
            ],
            "had been shown it",
        ),
        (
            "a content of another message's",
            vec![sent("a1"), sent("b2"), wrote_as("a2"), told(0, "a1", LOST)],
            "nobody had sent",
        ),
        (
            "a content before it was sent",
            vec![wrote("a1"), sent("a1"), told(1, "a1", DONE)],
            "nobody had sent",
        ),
        (
            "a moment at which it was not sent",
            vec![sent("a"), wrote_as("a9"), told(0, "a", DONE)],
            "nobody had sent",
        ),
        (
            "the database has forgotten a write",
            vec![
                sent("a1"),
                wrote("a1"),
                told(0, "a1", DONE),
                Event::Host("row lost"),
            ],
            "does not hold",
        ),
        (
            "kept, where nothing could be kept",
            vec![
                Event::StoreInDoubt,
                Event::StoreFails(""),
                sent("a1"),
                told(2, "a1", KEPT),
                Event::StoreHeals,
                Event::StoreIsSound,
                wrote("a1"),
            ],
            "took no write",
        ),
        (
            "refused with a status that says nothing",
            vec![sent("a1"), wrote("a1"), told(0, "a1", Answer::Refused(500))],
            "was told 500",
        ),
        (
            "refusals are no acknowledgements",
            vec![
                sent("a1"),
                told(0, "a1", LATER),
                sent("a1"),
                told(2, "a1", LOST),
            ],
            "nothing was tested",
        ),
    ];
    cases.into()
}
