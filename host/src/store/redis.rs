//! The key-value store in Redis, as Spin keeps it: keys and values as they are, in the database
//! that the URL names.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use app_manifest::RedisUrl;
use redis::aio::ConnectionManager;
use redis::{AsyncCommands, Client, RedisResult};
use tokio::sync::{OnceCell, mpsc, oneshot};

use super::listing::{KEYS_AHEAD, Keys};

/// A server that is connected to when a store is first opened, and again whenever the connection is
/// lost. Clones are the same.
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

struct Inner {
    client: Client,
    connection: OnceCell<ConnectionManager>,
}

/// An open store: everything in the server's database.
#[derive(Clone)]
pub struct RedisConnection {
    connection: ConnectionManager,
}

impl RedisStore {
    /// Takes the URL; nothing is connected yet.
    ///
    /// # Errors
    /// Where it is none. The error does not quote it.
    pub fn new(url: &RedisUrl) -> Result<Self> {
        let client = Client::open(url.expose()).map_err(|_| {
            anyhow!("the url is not redis://[user:password@]host[:port][/database]")
        })?;
        Ok(Self(Arc::new(Inner {
            client,
            connection: OnceCell::new(),
        })))
    }

    /// Host and port, without what else the URL holds.
    pub fn address(&self) -> String {
        self.0.client.get_connection_info().addr.to_string()
    }

    /// A store, and a connection where there is none yet. While the server is away this takes its
    /// time, and so does every call on a connection that was lost: the client tries again after a
    /// second, and then each minute, five times.
    ///
    /// # Errors
    /// Where there can be none.
    pub async fn open(&self) -> Result<RedisConnection> {
        let connect = || self.0.client.get_connection_manager();
        let connection = self.0.connection.get_or_try_init(connect).await;
        let mut connection = connection.cloned().with_context(|| self.failed())?;
        // A connection that was lost is made anew from here on, whatever the answer.
        let _: RedisResult<()> = connection.ping().await;
        Ok(RedisConnection { connection })
    }

    fn failed(&self) -> String {
        format!("no connection to Redis at {}", self.address())
    }
}

impl RedisConnection {
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.connection.clone().get(key).await.context(FAILED)
    }

    pub async fn set(&self, key: &str, value: &[u8]) -> Result<()> {
        self.connection
            .clone()
            .set(key, value)
            .await
            .context(FAILED)
    }

    pub async fn delete(&self, key: &str) -> Result<()> {
        self.connection.clone().del(key).await.context(FAILED)
    }

    /// All keys, in no order, by as many `SCAN`s as it takes; one may come twice. As in Spin, a
    /// connection that is lost on the way ends the listing as if there were no more keys.
    pub fn keys(&self) -> Keys {
        let (keys, reader) = mpsc::channel(KEYS_AHEAD);
        let (outcome, outcome_reader) = oneshot::channel();
        let store = self.clone();
        tokio::spawn(async move {
            // Nobody may want to know any more.
            let _ = outcome.send(store.list(&keys).await.context(FAILED));
        });
        Keys {
            keys: reader,
            outcome: outcome_reader,
        }
    }

    async fn list(mut self, keys: &mpsc::Sender<String>) -> RedisResult<()> {
        let mut scan = self.connection.scan::<String>().await?;
        while let Some(key) = scan.next_item().await {
            if keys.send(key).await.is_err() {
                // The reader has seen enough.
                break;
            }
        }
        Ok(())
    }
}

const FAILED: &str = "Redis failed";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use app_manifest::StoreLocation;
    use support::redis::Redis;

    use super::*;

    fn store_in(redis: &Redis) -> RedisStore {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("runtime-config.toml");
        std::fs::write(&path, redis.runtime_config("")).unwrap();
        let config = app_manifest::RuntimeConfig::load(Some(&path)).unwrap();
        let StoreLocation::Redis(url) = config.store(None, Path::new("")).unwrap() else {
            panic!("no Redis");
        };
        RedisStore::new(&url).unwrap()
    }

    #[tokio::test]
    async fn a_store_keeps_what_it_was_given() {
        let redis = Redis::start();
        let store = store_in(&redis);
        let opened = store.open().await.unwrap();
        opened.set("k", b"1").await.unwrap();
        opened.set("k", b"\x00\xff").await.unwrap();
        opened.set("gone", b"").await.unwrap();
        opened.delete("gone").await.unwrap();

        let again = store.open().await.unwrap();
        assert_eq!(again.get("k").await.unwrap(), Some(b"\x00\xff".to_vec()));
        assert_eq!(again.get("gone").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_listing_has_every_key() {
        let redis = Redis::start();
        let opened = store_in(&redis).open().await.unwrap();
        let mut expected = BTreeSet::new();
        for number in 0..1000 {
            let key = format!("k{number}");
            opened.set(&key, b"").await.unwrap();
            expected.insert(key);
        }
        let keys = opened.keys().all().await.unwrap();
        assert_eq!(keys.into_iter().collect::<BTreeSet<_>>(), expected);
    }

    #[tokio::test]
    async fn a_store_works_again_when_its_server_does() {
        let mut redis = Redis::start_durable();
        let store = store_in(&redis);
        let opened = store.open().await.unwrap();
        opened.set("k", b"1").await.unwrap();
        redis.kill_and_restart();
        // Each failure starts a new attempt to connect.
        while opened.get("k").await.is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!(opened.get("k").await.unwrap(), Some(b"1".to_vec()));
    }

    #[test]
    fn where_the_server_is_said_without_its_password() {
        let url = "redis://user:hush@localhost:6380/2";
        let client = Client::open(url).unwrap();
        let server = RedisStore(Arc::new(Inner {
            client,
            connection: OnceCell::new(),
        }));
        assert_eq!(server.failed(), "no connection to Redis at localhost:6380");
    }
}
