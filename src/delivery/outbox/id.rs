//! The name of an entry: when its change came, whether that ends its row, and which row it is.
//! All that is needed to choose what to deliver next stands in it, so that only the keys of a
//! long outbox have to be looked at.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::delivery::Change;

/// No two changes have the same. The order is that in which they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// When the change came, in milliseconds since 1970.
    pub at: u64,
    /// Tells changes of one millisecond apart.
    number: u32,
    /// Whether the row is never changed again once it has this change.
    pub is_last: bool,
    /// The row, as a hash.
    pub row: u128,
}

impl Id {
    /// A name for `change`, which comes now.
    pub fn new(change: &Change, at: u64, random: u128) -> Self {
        let row = format!("{}:{}", change.entity.name, change.key);
        let hash = Sha256::digest(row);
        let half: [u8; 16] = std::array::from_fn(|index| hash[index]);
        Self {
            at,
            number: random as u32,
            is_last: change.is_last(),
            row: u128::from_be_bytes(half),
        }
    }

    /// Another name for the same change.
    pub fn renamed(self, random: u128) -> Self {
        let number = random as u32;
        Self { number, ..self }
    }

    /// Reads what [`Display`](fmt::Display) has written.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, rest) = text.split_once('-')?;
        let (number, rest) = rest.split_once('-')?;
        let (is_last, row) = match rest.split_at_checked(1)? {
            ("f", row) => (true, row),
            ("n", row) => (false, row),
            _ => return None,
        };
        let id = Self {
            at: u64::from_str_radix(at, 16).ok()?,
            number: u32::from_str_radix(number, 16).ok()?,
            is_last,
            row: u128::from_str_radix(row, 16).ok()?,
        };
        // One name for one entry: no other digits, signs or cases.
        (id.to_string() == text).then_some(id)
    }

    /// Of a row's changes this is the order in which they are delivered: the first that ends it,
    /// as in the database, and otherwise one after the other.
    pub fn turn(self) -> (bool, u64, u32) {
        (!self.is_last, self.at, self.number)
    }
}

/// Where an entry that waits is. The order is that in which entries are due, so that a store which
/// shows its keys in order has to show no more than are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When it is to be tried again, in milliseconds since 1970.
    pub due: u64,
    /// Its name.
    pub id: Id,
}

impl Place {
    /// Reads what [`Display`](fmt::Display) has written.
    pub fn parse(text: &str) -> Option<Self> {
        let (due, id) = text.split_once('-')?;
        let place = Self {
            due: u64::from_str_radix(due, 16).ok()?,
            id: Id::parse(id)?,
        };
        (place.to_string() == text).then_some(place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:011x}-{}", self.due, self.id)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at, number, row, ..
        } = self;
        let kind = if self.is_last { 'f' } else { 'n' };
        write!(formatter, "{at:011x}-{number:08x}-{kind}{row:032x}")
    }
}
