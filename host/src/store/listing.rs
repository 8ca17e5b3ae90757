//! A listing of keys that is under way.

use anyhow::Result;
use tokio::sync::{mpsc, oneshot};

/// How many keys a store may be ahead of who reads them; Spin's number.
pub const KEYS_AHEAD: usize = 4;

/// A listing under way. The store stops when `keys` is dropped.
pub struct Keys {
    pub keys: mpsc::Receiver<String>,
    /// Once there are no more keys: whether these were all.
    pub outcome: oneshot::Receiver<Result<()>>,
}

#[cfg(test)]
impl Keys {
    pub async fn all(mut self) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        while let Some(key) = self.keys.recv().await {
            keys.push(key);
        }
        self.outcome.await??;
        Ok(keys)
    }
}
