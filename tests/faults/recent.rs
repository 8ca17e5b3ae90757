//! What was sent lately, so that it can be sent again.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use fastrand::Rng;

/// The last few of what all callers have sent.
pub struct Recent<T> {
    /// The oldest first.
    sent: Mutex<VecDeque<T>>,
    most: usize,
}

impl<T: Clone + PartialEq> Recent<T> {
    pub fn new(most: usize) -> Self {
        Self {
            sent: Mutex::default(),
            most,
        }
    }

    /// Any of them.
    pub fn any(&self, random: &mut Rng) -> Option<T> {
        random.choice(self.lock().iter()).cloned()
    }

    /// The last ones, the last one first.
    pub fn last(&self, number: usize) -> Vec<T> {
        self.lock().iter().rev().take(number).cloned().collect()
    }

    pub fn contains(&self, sent: &T) -> bool {
        self.lock().contains(sent)
    }

    pub fn keep(&self, sent: T) {
        let mut kept = self.lock();
        kept.push_back(sent);
        let surplus = kept.len().saturating_sub(self.most);
        kept.drain(..surplus);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.sent.lock().expect("no panic")
    }
}
