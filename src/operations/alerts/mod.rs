//! Word to a chat before anybody asks: what is wrong is told once as it begins and once when it is over.
//!
//! [`evaluate`](AlertState::evaluate) decides from an [`Observation`] and from what was told so far; that
//! and what the chat has not taken yet are one value of the store. [`tend`] is the way round it.
//!
//! The store has no compare-and-set, so two instances may write that value at once. All that is told
//! is a state that is looked at again: what one write undoes is found at the next look. A claim in the value
//! keeps two from sending the same; at worst, where both take it within milliseconds, an alert comes twice.

mod channel;
mod kind;
mod message;
mod observation;
mod send;
mod state;
mod stored;
mod tend;

pub use kind::AlertKind;
pub use observation::{DataApiHealth, DeadLetters, Observation};
pub use tend::tend;

#[cfg(test)]
mod tests;
