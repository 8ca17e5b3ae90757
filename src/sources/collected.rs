//! The changes that an instance makes which it has collected from a mailbox: those that a source asks for,
//! and no other. The mailbox stands in the internet; whoever has taken it over must not come further than
//! a sender of notifications would.

use std::borrow::Cow;

use super::shape::ShapeError;
use super::{a360, blizwork, cal, messages};
use crate::delivery::{Change, Name};

/// The change that a source of this name has asked for, as it is made here: its row's final states are
/// `final_states`. The source's name comes with it.
///
/// # Errors
/// No source asks for such a change.
pub fn admit(
    source: &str,
    change: Change,
    final_states: Cow<'static, [Name]>,
) -> Result<(&'static str, Change), ShapeError> {
    let (name, shapes) = match source {
        a360::NAME => {
            let change = a360::again(&change).ok_or(ShapeError::Change)?;
            let change = change.with_final_states(final_states);
            return Ok((a360::NAME, change));
        }
        messages::NAME => (messages::NAME, messages::SHAPES),
        cal::NAME => (cal::NAME, cal::SHAPES),
        blizwork::NAME => (blizwork::NAME, blizwork::SHAPES),
        _ => return Err(ShapeError::Source),
    };
    let shape = shapes.iter().find(|shape| shape.entity == change.entity);
    shape.ok_or(ShapeError::Change)?.check(&change)?;
    Ok((name, change))
}

#[cfg(test)]
mod tests;
