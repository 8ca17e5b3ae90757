//! What the requests of one instance are at, each known by a text: no two of them at the same.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is held at the moment. It is never locked across an await.
#[derive(Default)]
pub struct Holds(Mutex<Vec<String>>);

/// What no other request of this instance is at until this is dropped.
pub struct Hold<'a> {
    holds: &'a Holds,
    text: String,
}

impl Holds {
    /// `None` where another request has it.
    pub fn take(&self, text: &str) -> Option<Hold<'_>> {
        let mut held = self.held();
        if held.iter().any(|taken| taken == text) {
            return None;
        }
        held.push(text.to_owned());
        drop(held);
        Some(Hold {
            holds: self,
            text: text.to_owned(),
        })
    }

    fn held(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold<'_> {
    /// What it is.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.holds.held().retain(|taken| *taken != self.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_held_by_one_until_that_lets_go() {
        let holds = Holds::default();
        let first = holds.take("a").expect("free");
        assert_eq!(first.text(), "a");
        assert!(holds.take("a").is_none());
        let other = holds.take("b").expect("free");
        drop(first);
        assert!(holds.take("a").is_some() && holds.take("b").is_none());
        drop(other);
        assert!(holds.take("b").is_some());
    }
}
