//! Where failed attempts are kept: a fixed number of values in the key-value store, each for the
//! clients whose hash falls there. The store forgets nothing by itself, so a value a client would
//! fill it with the addresses of everybody who ever tried.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::client::Client;
use super::window::{Moment, prune};
use crate::ports::{KeyValue, StoreError};

/// How many clients a value holds; those whose last attempt is longest ago give way.
const CLIENTS: usize = 16;

/// The value for a client and those that share it.
pub struct Slot {
    key: String,
    clients: BTreeMap<String, Vec<Moment>>,
}

impl Slot {
    /// Reads the value that `client` is in, as far as it still counts at `now`.
    pub async fn read(
        store: &impl KeyValue,
        client: Client,
        now: Moment,
    ) -> Result<Self, StoreError> {
        let hash = Sha256::digest(client.to_string());
        let key = format!("attempts/{:02x}", hash[0]);
        let value = store.get(&key).await?.unwrap_or_default();
        // A value that cannot be read counts for nobody, and is written over.
        let mut clients: BTreeMap<String, Vec<Moment>> =
            serde_json::from_slice(&value).unwrap_or_default();
        clients.retain(|_, moments| {
            prune(moments, now);
            !moments.is_empty()
        });
        Ok(Self { key, clients })
    }

    /// The attempts of `client`.
    pub fn moments(&self, client: Client) -> Vec<Moment> {
        let moments = self.clients.get(&client.to_string());
        moments.cloned().unwrap_or_default()
    }

    /// Writes the value with these attempts of `client`.
    pub async fn write(
        mut self,
        store: &impl KeyValue,
        client: Client,
        moments: Vec<Moment>,
    ) -> Result<(), StoreError> {
        self.clients.insert(client.to_string(), moments);
        while self.clients.len() > CLIENTS {
            let last = |(_, moments): &(&String, &Vec<Moment>)| moments.last().copied();
            let oldest = self.clients.iter().min_by_key(last);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else {
                break;
            };
            self.clients.remove(&oldest);
        }
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        let value = serde_json::to_vec(&self.clients).expect("a map of numbers");
        store.set(&self.key, &value).await
    }
}
