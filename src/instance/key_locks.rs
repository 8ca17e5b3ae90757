//! Locks by key, within one instance.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The keys that are locked. The mutex is never held across an await.
#[derive(Default)]
pub struct KeyLocks(Mutex<Vec<String>>);

/// A lock, until this is dropped.
pub struct KeyGuard<'a> {
    locks: &'a KeyLocks,
    key: String,
}

impl KeyLocks {
    /// Locks a key; `None` where another request has it.
    pub fn try_lock(&self, key: &str) -> Option<KeyGuard<'_>> {
        let mut locked = self.locked();
        if locked.iter().any(|other| other == key) {
            return None;
        }
        locked.push(key.to_owned());
        drop(locked);
        Some(KeyGuard {
            locks: self,
            key: key.to_owned(),
        })
    }

    fn locked(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyGuard<'_> {
    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl Drop for KeyGuard<'_> {
    fn drop(&mut self) {
        self.locks.locked().retain(|key| *key != self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_locked_by_one_until_that_lets_go() {
        let locks = KeyLocks::default();
        let first = locks.try_lock("a").expect("free");
        assert_eq!(first.key(), "a");
        assert!(locks.try_lock("a").is_none());
        let other = locks.try_lock("b").expect("free");
        drop(first);
        assert!(locks.try_lock("a").is_some() && locks.try_lock("b").is_none());
        drop(other);
        assert!(locks.try_lock("b").is_some());
    }
}
