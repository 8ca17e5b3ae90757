//! Small histories, and what the judge is to say of them.

use std::sync::Arc;
use std::time::Duration;

use super::judge;
use crate::journal::{Answer, Callback, Event, Order, Resultado};
use crate::notices;
use crate::sam::{Row, Rows};

const DEPLOYMENT: &str = "d";

/// The row as it is to be, which is mostly what was written last.
const LAST_WRITE: Option<&str> = None;

/// A name, the history, the row's state where it is not what was written last, and a part of the
/// verdict; `""`: the promise was kept.
type Case = (&'static str, Vec<Event>, Option<&'static str>, &'static str);

/// Panics where the judge is wrong about one of them.
pub fn check() {
    for (name, events, estado, expected) in kept().into_iter().chain(broken()) {
        let mut row = Row {
            estado: "DEPLOYED".to_owned(),
            callback_info: None,
        };
        for event in &events {
            if let Event::Executed(order, Resultado::Updated) = event {
                row.estado.clone_from(&order.estado);
                row.callback_info = Some(order.callback_info.clone());
            }
        }
        if let Some(estado) = estado {
            estado.clone_into(&mut row.estado);
        }
        let rows = Rows::from([(DEPLOYMENT.to_owned(), row)]);
        let events: Vec<_> = events
            .into_iter()
            .map(|event| (Duration::ZERO, event))
            .collect();
        let found = judge(&events, &rows, &notices::Rows::new());
        let as_expected = match expected {
            "" => found.is_empty(),
            _ => found.iter().any(|breach| breach.what.contains(expected)),
        };
        assert!(as_expected, "the judge is wrong: {name}: {found:?}");
    }
}

fn kept() -> Vec<Case> {
    let [run, end, other] = ["RUNNING", "COMPLETED", "RUN_FAILED"];
    let cases = [
        (
            "written and then told so",
            vec![sent(end), wrote(end), told(0, end, Answer::Done)],
        ),
        (
            "kept, and written later",
            vec![
                sent(end),
                told(0, end, Answer::Queued),
                missed(end),
                wrote(end),
            ],
        ),
        (
            "kept, and the row was final when it came",
            vec![
                sent(run),
                told(0, run, Answer::Queued),
                sent(end),
                wrote(end),
                told(2, end, Answer::Done),
                late(run),
            ],
        ),
        (
            "two final states, and the one whose caller was told nothing has won",
            vec![
                sent(other),
                told(0, other, Answer::Nothing),
                sent(end),
                told(2, end, Answer::Queued),
                wrote(other),
                late(end),
            ],
        ),
        (
            "kept in time, before the store failed",
            vec![
                sent(end),
                Event::StoreFails(""),
                told(0, end, Answer::Queued),
                Event::StoreHeals,
                wrote(end),
            ],
        ),
        (
            "kept where nothing could be kept, as an equal one waited already",
            vec![
                sent(end),
                told(0, end, Answer::Queued),
                Event::StoreFails(""),
                sent(end),
                told(3, end, Answer::Queued),
                Event::StoreHeals,
                wrote(end),
            ],
        ),
    ];
    let kept = cases.map(|(name, events)| (name, events, LAST_WRITE, ""));
    kept.into_iter().collect()
}

fn broken() -> Vec<Case> {
    let [run, end, other] = ["RUNNING", "COMPLETED", "RUN_FAILED"];
    vec![
        (
            "kept, and then lost",
            vec![sent(end), told(0, end, Answer::Queued), missed(end)],
            LAST_WRITE,
            "has not come",
        ),
        (
            "kept, and then lost, with a state that is not final",
            vec![sent(run), told(0, run, Answer::Queued)],
            LAST_WRITE,
            "has not come",
        ),
        (
            "kept, and then lost, of a row that another change made final",
            vec![
                sent(other),
                told(0, other, Answer::Queued),
                sent(end),
                wrote(end),
                told(2, end, Answer::Done),
            ],
            LAST_WRITE,
            "has not come",
        ),
        (
            "told too early that it is done",
            vec![sent(end), told(0, end, Answer::Done), wrote(end)],
            LAST_WRITE,
            "had not come",
        ),
        (
            "a final state was written over",
            vec![
                sent(end),
                sent(other),
                wrote(end),
                wrote(other),
                told(0, end, Answer::Done),
            ],
            LAST_WRITE,
            "wrote over",
        ),
        (
            "written twice",
            vec![
                sent(end),
                wrote(end),
                wrote(end),
                told(0, end, Answer::Done),
            ],
            LAST_WRITE,
            "wrote over",
        ),
        (
            "another status than the payload's",
            vec![sent(end), wrote(other), told(0, end, Answer::Nothing)],
            LAST_WRITE,
            "nobody had sent",
        ),
        (
            "the database has forgotten a write",
            vec![sent(end), wrote(end), told(0, end, Answer::Done)],
            Some(run),
            "does not hold",
        ),
        (
            "kept, where nothing could be kept",
            vec![
                Event::StoreFails(""),
                sent(end),
                told(1, end, Answer::Queued),
                Event::StoreHeals,
                wrote(end),
            ],
            LAST_WRITE,
            "took no write",
        ),
        (
            "kept where nothing could be kept, as another one waited already",
            vec![
                sent(other),
                told(0, other, Answer::Queued),
                Event::StoreFails(""),
                sent(end),
                told(3, end, Answer::Queued),
                Event::StoreHeals,
                wrote(end),
            ],
            LAST_WRITE,
            "took no write",
        ),
        (
            "kept where nothing could be kept, as an equal one that ends nothing waited already",
            vec![
                sent(run),
                told(0, run, Answer::Queued),
                Event::StoreFails(""),
                sent(run),
                told(3, run, Answer::Queued),
                Event::StoreHeals,
                wrote(run),
            ],
            LAST_WRITE,
            "took no write",
        ),
        (
            "refused with a status that says nothing",
            vec![sent(end), told(0, end, Answer::Refused(500))],
            LAST_WRITE,
            "was told 500",
        ),
        (
            "kept, and a dead letter by a proxy's word",
            vec![
                sent(end),
                told(0, end, Answer::Queued),
                Event::Dead("a page".to_owned()),
                wrote(end),
            ],
            LAST_WRITE,
            "needs a hand",
        ),
        (
            "nothing acknowledged at all",
            vec![sent(end), told(0, end, Answer::Refused(503))],
            LAST_WRITE,
            "nothing was tested",
        ),
    ]
}

fn callback(status: &'static str) -> Arc<Callback> {
    Arc::new(Callback {
        deployment: DEPLOYMENT.to_owned(),
        status,
        payload: format!("payload of {status}"),
    })
}

fn sent(status: &'static str) -> Event {
    Event::Sent(callback(status))
}

fn told(sent: usize, status: &'static str, answer: Answer) -> Event {
    Event::Answered(sent, callback(status), answer)
}

fn executed(status: &'static str, resultado: Resultado) -> Event {
    let order = Order {
        deployment: DEPLOYMENT.to_owned(),
        estado: status.to_owned(),
        callback_info: callback(status).payload.clone(),
    };
    Event::Executed(order, resultado)
}

fn wrote(status: &'static str) -> Event {
    executed(status, Resultado::Updated)
}

fn late(status: &'static str) -> Event {
    executed(status, Resultado::AlreadyProcessed)
}

fn missed(status: &'static str) -> Event {
    executed(status, Resultado::NotFound)
}
