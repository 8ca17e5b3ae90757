//! The requests that were refused, for operators: who was, why, and for which deployment. They are kept in
//! a fixed number of values of the store, written after the reply and within a budget that no flood exceeds.
//!
//! A client's refusals are all in one value, so a stranger fills none but his own, and reading them takes so
//! many `get`s and no listing. Equal refusals of one client are one record with their number.

mod log;
mod record;
mod replies;
mod request;
mod slot;

pub use log::RefusalLog;
pub use record::{Mention, RefusalRecord, RefusedRequest};
#[cfg(test)]
pub use replies::Refusals;
pub use replies::{RefusalView, refusals, views};
pub use request::request;
pub use slot::read_all;

#[cfg(test)]
mod tests;
