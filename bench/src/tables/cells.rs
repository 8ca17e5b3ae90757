//! Figures as the cells of a table.

use crate::figure::{Figures, Spread};
use crate::table::number;

/// Where there is no figure.
pub const NONE: &str = "";

pub fn spread(figures: &Figures, name: &str) -> Option<Spread> {
    Some(figures.get(name)?.spread())
}

/// The median.
pub fn middle(spread: Option<Spread>) -> String {
    spread.map_or(NONE.to_owned(), |spread| number(spread.median))
}

/// Both ends.
pub fn range(spread: Spread) -> String {
    format!("{}–{}", number(spread.least), number(spread.most))
}

/// The median, and both ends in brackets.
pub fn both(spread: Option<Spread>) -> String {
    spread.map_or(NONE.to_owned(), |spread| {
        format!("{} ({})", number(spread.median), range(spread))
    })
}

/// Thousands apart.
pub fn grouped(amount: usize) -> String {
    if amount < 1000 {
        amount.to_string()
    } else {
        format!("{},{:03}", amount / 1000, amount % 1000)
    }
}
