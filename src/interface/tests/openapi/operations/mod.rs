//! Each operation, with the requests that get its replies. A file a group of operations.

mod blizwork;
mod cal;
mod callback;
mod docs;
mod health;
mod messages;
mod outbox;
mod overview;
mod trace;

use super::operation::Operation;
use super::schemas::Schemas;
use super::{payloads, service};

pub fn all(schemas: &mut Schemas) -> Vec<Operation> {
    let mut all = vec![callback::notify(schemas), callback::row(schemas)];
    all.extend(messages::all(schemas));
    all.push(cal::event(schemas));
    all.push(blizwork::call(schemas));
    all.extend(health::all(schemas));
    all.extend(docs::all(schemas));
    all.extend(outbox::all(schemas));
    all.extend(overview::all(schemas));
    all.extend(trace::all(schemas));
    all
}
