//! The key-value store of an instance.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use spin_sdk::key_value;
use spin_sdk::wit_bindgen::StreamResult;

use super::{Spin, scheduler};
use crate::ports::{Clock as _, KeyValue, StoreError};

/// Set while this instance lists the keys of its store. Spin's SQLite store keeps a lock until
/// the last key is read, and whatever else the instance asks of the store meanwhile waits for that
/// lock on the very thread that would read the keys. So the instance's other requests wait here.
static LISTING_KEYS: AtomicBool = AtomicBool::new(false);

/// How long a request waits before it looks again whether the listing is over.
const POLL: Duration = Duration::from_millis(1);

/// How many keys are taken from the host at a time.
const KEYS_AT_A_TIME: usize = 1024;

struct ListingKeys;

impl ListingKeys {
    fn begin() -> Self {
        LISTING_KEYS.store(true, Ordering::Relaxed);
        Self
    }
}

impl Drop for ListingKeys {
    fn drop(&mut self) {
        LISTING_KEYS.store(false, Ordering::Relaxed);
    }
}

async fn store_is_free() {
    while LISTING_KEYS.load(Ordering::Relaxed) {
        Spin.sleep(POLL).await;
    }
}

/// The store of this instance: opening it costs a call of the host, and with Redis a round trip.
static STORE: Mutex<Option<Arc<key_value::Store>>> = Mutex::new(None);

/// The store, while no listing is under way.
async fn open() -> Result<Arc<key_value::Store>, StoreError> {
    store_is_free().await;
    let opened = STORE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(store) = opened {
        return Ok(store);
    }
    let store = store_result(key_value::Store::open_default().await)?;
    let store = Arc::new(store);
    *STORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&store));
    store_is_free().await;
    Ok(store)
}

/// The result of a store call. One that failed may have lost its connection: the next opens anew.
fn store_result<T>(result: Result<T, key_value::Error>) -> Result<T, StoreError> {
    scheduler::left();
    result.map_err(|error| {
        *STORE.lock().unwrap_or_else(PoisonError::into_inner) = None;
        StoreError(error.to_string())
    })
}

impl KeyValue for Spin {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        store_result(open().await?.get(key).await)
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        store_result(open().await?.set(key, value).await)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        store_result(open().await?.delete(key).await)
    }

    async fn keys(&self, mut each: impl FnMut(&str) -> ControlFlow<()>) -> Result<(), StoreError> {
        let store = open().await?;
        let _listing = ListingKeys::begin();
        let (mut keys, result) = store.get_keys().await.into_inner();
        let mut buffer = Vec::with_capacity(KEYS_AT_A_TIME);
        loop {
            let (status, mut batch) = keys.read(buffer).await;
            for key in batch.drain(..) {
                if each(&key).is_break() {
                    return Ok(());
                }
            }
            if status == StreamResult::Dropped {
                break;
            }
            buffer = batch;
        }
        store_result(result.await)
    }
}
