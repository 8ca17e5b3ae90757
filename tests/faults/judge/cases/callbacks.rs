//! The table of callbacks to one deployment.

use std::sync::Arc;

use super::{answer, cases, store, timed};
use crate::data_api::REFUSES;
use crate::journal::{Callback, Event, Order, Resultado};
use crate::judge::judge;
use crate::sam::{Row, Rows};
use crate::submissions;

const DEPLOYMENT: &str = "d";

pub fn check() {
    for case in cases(include_str!("callbacks.txt")) {
        let mut row = Row {
            estado: "DEPLOYED".to_owned(),
            callback_info: None,
        };
        let mut events = Vec::new();
        for step in &case.steps {
            // A state that nothing has written, as a database must not have.
            if let Some(estado) = step.strip_prefix("row ") {
                estado.clone_into(&mut row.estado);
                continue;
            }
            let event = event(step, &events);
            let event = event.unwrap_or_else(|| panic!("{}: {step}", case.name));
            if let Event::Executed(order, Resultado::Updated) = &event {
                row.estado.clone_from(&order.estado);
                row.callback_info = Some(order.callback_info.clone());
            }
            events.push(event);
        }
        let rows = Rows::from([(DEPLOYMENT.to_owned(), row)]);
        let found = judge(&timed(events), &rows, &submissions::Rows::new());
        case.assert_is_judged(&found);
    }
}

/// What a step of the table is, after these.
fn event(step: &'static str, before: &[Event]) -> Option<Event> {
    if step == "refused for good" {
        return Some(Event::Fault(DEPLOYMENT.to_owned(), String::new(), REFUSES));
    }
    if step == "dead letter" {
        return Some(Event::DeadLetter("a page".to_owned()));
    }
    if let Some((sent, answer, None)) = answer(step) {
        let Event::Sent(callback) = before.get(sent)? else {
            return None;
        };
        return Some(Event::Answered(sent, Arc::clone(callback), answer));
    }
    if let Some(event) = store(step) {
        return Some(event);
    }
    let (what, status) = step.split_once(' ')?;
    Some(match what {
        "send" => Event::Sent(Arc::new(callback(status))),
        "write" => executed(status, Resultado::Updated),
        "final" => executed(status, Resultado::AlreadyProcessed),
        "missing" => executed(status, Resultado::NotFound),
        _ => return None,
    })
}

fn callback(status: &'static str) -> Callback {
    Callback {
        deployment: DEPLOYMENT.to_owned(),
        status,
        payload: format!("payload of {status}"),
    }
}

fn executed(status: &'static str, resultado: Resultado) -> Event {
    let order = Order {
        deployment: DEPLOYMENT.to_owned(),
        estado: status.to_owned(),
        callback_info: callback(status).payload,
    };
    Event::Executed(order, resultado)
}
