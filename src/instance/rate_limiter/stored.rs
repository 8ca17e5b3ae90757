//! Counts as they are stored: a fixed number of values, each for the clients whose hash falls there. The
//! store forgets nothing by itself, so one value a client would fill it.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::client::Client;
use super::sliding_window::{Millis, prune};
use crate::ports::{KeyValue, StoreError};

/// How many clients a value holds; those whose last attempt is longest ago give way.
const CLIENTS: usize = 16;

/// The value for a client and those that share it.
pub struct StoredClients {
    key: String,
    clients: Vec<ClientTimes>,
}

/// The attempts of one client, oldest first.
#[derive(Serialize, Deserialize)]
struct ClientTimes {
    client: String,
    /// Called in the store as it ever was.
    #[serde(rename = "moments")]
    times: Vec<Millis>,
}

impl StoredClients {
    /// Reads the value that `client` is in, as far as it still counts at `now`.
    pub async fn read(
        store: &impl KeyValue,
        prefix: &str,
        client: Client,
        now: Millis,
    ) -> Result<Self, StoreError> {
        let hash = Sha256::digest(client.to_string());
        let key = format!("{prefix}/{:02x}", hash[0]);
        let value = store.get(&key).await?.unwrap_or_default();
        // A value that cannot be read counts for nobody, and is written over.
        let mut clients: Vec<ClientTimes> = crate::http::json::parse(&value).unwrap_or_default();
        clients.retain_mut(|known| {
            prune(&mut known.times, now);
            !known.times.is_empty()
        });
        Ok(Self { key, clients })
    }

    /// The attempts of `client`.
    pub fn times(&self, client: Client) -> Vec<Millis> {
        let client = client.to_string();
        let known = self.clients.iter().find(|known| known.client == client);
        known.map(|known| known.times.clone()).unwrap_or_default()
    }

    /// Writes the value with these attempts of `client`.
    pub async fn write(
        mut self,
        store: &impl KeyValue,
        client: Client,
        times: Vec<Millis>,
    ) -> Result<(), StoreError> {
        let client = client.to_string();
        self.clients.retain(|known| known.client != client);
        while self.clients.len() >= CLIENTS
            && let Some(oldest) = self.oldest()
        {
            self.clients.remove(oldest);
        }
        self.clients.push(ClientTimes { client, times });
        // Only maps with keys that are no strings and failing `Serialize`s fail; none is used.
        let value = serde_json::to_vec(&self.clients).expect("plain structures");
        store.set(&self.key, &value).await
    }

    /// Where the client is that has not been here for longest.
    fn oldest(&self) -> Option<usize> {
        let clients = self.clients.iter().enumerate();
        let oldest = clients.min_by_key(|(_, known)| known.times.last());
        oldest.map(|(index, _)| index)
    }
}
