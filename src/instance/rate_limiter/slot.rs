//! Where failed attempts are kept: a fixed number of values in the key-value store, each for the
//! clients whose hash falls there. The store forgets nothing by itself, so a value a client would
//! fill it with the addresses of everybody who ever tried.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::client::Client;
use super::window::{Moment, prune};
use crate::ports::{KeyValue, StoreError};

/// How many clients a value holds; those whose last attempt is longest ago give way.
const CLIENTS: usize = 16;

/// The value for a client and those that share it.
pub struct Slot {
    key: String,
    clients: Vec<Kept>,
}

/// The attempts of one client, oldest first.
#[derive(Serialize, Deserialize)]
struct Kept {
    client: String,
    moments: Vec<Moment>,
}

impl Slot {
    /// Reads the value that `client` is in, as far as it still counts at `now`.
    pub async fn read(
        store: &impl KeyValue,
        prefix: &str,
        client: Client,
        now: Moment,
    ) -> Result<Self, StoreError> {
        let hash = Sha256::digest(client.to_string());
        let key = format!("{prefix}/{:02x}", hash[0]);
        let value = store.get(&key).await?.unwrap_or_default();
        // A value that cannot be read counts for nobody, and is written over.
        let mut clients: Vec<Kept> = crate::http::json::parse(&value).unwrap_or_default();
        clients.retain_mut(|kept| {
            prune(&mut kept.moments, now);
            !kept.moments.is_empty()
        });
        Ok(Self { key, clients })
    }

    /// The attempts of `client`.
    pub fn moments(&self, client: Client) -> Vec<Moment> {
        let client = client.to_string();
        let kept = self.clients.iter().find(|kept| kept.client == client);
        kept.map(|kept| kept.moments.clone()).unwrap_or_default()
    }

    /// Writes the value with these attempts of `client`.
    pub async fn write(
        mut self,
        store: &impl KeyValue,
        client: Client,
        moments: Vec<Moment>,
    ) -> Result<(), StoreError> {
        let client = client.to_string();
        self.clients.retain(|kept| kept.client != client);
        self.clients
            .sort_by_key(|kept| kept.moments.last().copied());
        let surplus = (self.clients.len() + 1).saturating_sub(CLIENTS);
        self.clients.drain(..surplus);
        self.clients.push(Kept { client, moments });
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        let value = serde_json::to_vec(&self.clients).expect("plain structures");
        store.set(&self.key, &value).await
    }
}
