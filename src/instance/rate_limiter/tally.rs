//! What an instance knows of each client's attempts: what is in the store, and what is not yet.

use std::time::Duration;

use super::client::Client;
use super::sliding_window::{self, Millis};

/// How many clients an instance counts; the one whose last attempt is longest ago gives way.
pub const CLIENTS: usize = 1024;

/// The clients that an instance counts.
#[derive(Default)]
pub struct Tallies(Vec<Tally>);

/// What is known of one client.
pub struct Tally {
    pub client: Client,
    /// When the store was last asked for it, on the monotonic clock; `None`: never.
    pub asked: Option<Duration>,
    /// Its attempts of the last minute that the store knew of when it was last asked, oldest first.
    pub stored: Vec<Millis>,
    /// Those that the store does not know of yet.
    pub unsaved: Vec<Millis>,
}

impl Tallies {
    /// The client's tally, where there is one.
    pub fn known(&self, client: Client) -> Option<&Tally> {
        self.0.iter().find(|tally| tally.client == client)
    }

    /// The client's tally, which begins with this where there is none.
    pub fn of(&mut self, client: Client) -> &mut Tally {
        let known = self.0.iter().position(|tally| tally.client == client);
        let at = known.unwrap_or_else(|| {
            if self.0.len() >= CLIENTS {
                let oldest = (0..self.0.len()).min_by_key(|&at| self.0[at].last());
                self.0.swap_remove(oldest.unwrap_or_default());
            }
            self.0.push(Tally {
                client,
                asked: None,
                stored: Vec::new(),
                unsaved: Vec::new(),
            });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// The client that has most to be stored, where one has anything. Others without an attempt in the
    /// last minute are dropped.
    pub fn most_unsaved(&mut self, now: Millis) -> Option<Client> {
        self.0.retain(|tally| !tally.times(now).is_empty());
        let tally = self.0.iter().max_by_key(|tally| tally.unsaved.len())?;
        (!tally.unsaved.is_empty()).then_some(tally.client)
    }

    /// How many clients are counted.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl Tally {
    /// Adds what the store knows.
    pub fn learn(&mut self, stored: &[Millis]) {
        self.stored = sliding_window::union(&self.stored, stored);
    }

    /// The store does not know of these after all.
    pub fn take_back(&mut self, unsaved: Vec<Millis>) {
        for time in &unsaved {
            if let Ok(at) = self.stored.binary_search(time) {
                self.stored.remove(at);
            }
        }
        self.unsaved.extend(unsaved);
    }

    fn last(&self) -> Option<Millis> {
        self.unsaved.last().max(self.stored.last()).copied()
    }

    /// All that count at `now`, oldest first.
    pub fn times(&self, now: Millis) -> Vec<Millis> {
        let mut times = [self.stored.as_slice(), &self.unsaved].concat();
        sliding_window::prune(&mut times, now);
        times
    }
}
