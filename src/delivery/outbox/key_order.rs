//! Whether a store lists its keys in order, as most do: a listing of the outbox then ends behind it,
//! whatever else is stored.

use std::ops::ControlFlow;

use super::location::EntryState;

/// So many keys one after the other are not in order by chance.
const SURELY_IN_ORDER: usize = 16;

/// The order of the keys of a listing so far.
pub struct KeyOrder {
    last: String,
    seen: usize,
    in_order: bool,
}

impl Default for KeyOrder {
    fn default() -> Self {
        Self {
            last: String::new(),
            seen: 0,
            in_order: true,
        }
    }
}

impl KeyOrder {
    /// Notes the next key.
    pub fn note(&mut self, key: &str) {
        self.seen += 1;
        self.in_order &= *self.last <= *key;
        self.last.clear();
        self.last.push_str(key);
    }

    /// How many keys there were.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Whether all of them came in order.
    pub fn is_in_order(&self) -> bool {
        self.in_order
    }

    /// Whether there is no doubt that those to come do too.
    pub fn is_sure(&self) -> bool {
        self.in_order && self.seen >= SURELY_IN_ORDER
    }

    /// Notes the next key, and ends the listing where it is surely behind the outbox.
    pub fn is_end_of_outbox(&mut self, key: &str) -> ControlFlow<()> {
        self.note(key);
        let last = EntryState::Dead.prefix();
        match self.is_sure() && key > last && !key.starts_with(last) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}
