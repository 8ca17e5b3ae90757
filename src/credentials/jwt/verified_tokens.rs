//! Tokens that were verified before. SAM sends the same one for half its life, and a public-key
//! operation costs more than all the rest of a callback.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

use super::claims::ValidityPeriod;
use super::published_keys::Generation;

/// How many are kept. SAM has one at a time, and while it is replaced two.
const MAX_TOKENS: usize = 64;

/// The hashes of verified tokens, and when these hold. Only a token whose signature, issuer and
/// audience were right gets here, so nobody outside can fill this.
#[derive(Default)]
pub struct VerifiedTokenCache(Mutex<State>);

#[derive(Default)]
struct State {
    tokens: VecDeque<(TokenHash, ValidityPeriod)>,
    /// The keys that have verified them.
    keys: Generation,
}

/// What a token is found by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// SHA-256 over the whole token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

impl VerifiedTokenCache {
    /// When the token holds, if it was verified before with the keys of this generation. What others have
    /// verified is forgotten: their keys may be withdrawn.
    pub fn get(&self, hash: TokenHash, keys: Generation) -> Option<ValidityPeriod> {
        let mut state = self.state();
        if state.keys != keys {
            state.keys = keys;
            state.tokens.clear();
        }
        let found = state.tokens.iter().find(|(known, _)| *known == hash);
        found.map(|(_, validity)| *validity)
    }

    /// Keeps a verified token; the oldest one goes where there are too many.
    pub fn add(&self, hash: TokenHash, validity: ValidityPeriod) {
        let tokens = &mut self.state().tokens;
        if tokens.len() == MAX_TOKENS {
            tokens.pop_front();
        }
        tokens.push_back((hash, validity));
    }

    /// How many are kept.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.state().tokens.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one operation, so what a panic leaves is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
