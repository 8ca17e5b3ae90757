//! Tokens that were verified before. SAM sends the same one for half its life, and a public-key
//! operation costs more than all the rest of a callback.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

use super::claims::Times;

/// How many are remembered. SAM has one at a time, and while it is replaced two.
const MOST: usize = 64;

type Hash = [u8; 32];

/// What is remembered of verified tokens: their hash, and when they hold. Only a token whose
/// signature, issuer and audience were right gets here, so nobody outside can fill this.
#[derive(Default)]
pub struct Remembered(Mutex<VecDeque<(Hash, Times)>>);

/// A token's place among the remembered ones.
#[derive(Clone, Copy)]
pub struct Place(Hash);

impl Remembered {
    /// Where `token` is, or would be.
    pub fn place(token: &str) -> Place {
        Place(Sha256::digest(token).into())
    }

    /// When the token holds, if it was verified before.
    pub fn times(&self, Place(hash): Place) -> Option<Times> {
        let tokens = self.tokens();
        let found = tokens.iter().find(|(known, _)| *known == hash);
        found.map(|(_, times)| *times)
    }

    /// Remembers a verified token; the oldest one goes where there are too many.
    pub fn add(&self, Place(hash): Place, times: Times) {
        let mut tokens = self.tokens();
        if tokens.len() == MOST {
            tokens.pop_front();
        }
        tokens.push_back((hash, times));
    }

    /// How many are remembered.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.tokens().len()
    }

    fn tokens(&self) -> MutexGuard<'_, VecDeque<(Hash, Times)>> {
        // Each change is one operation, so what a panic leaves is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
