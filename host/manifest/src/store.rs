//! `[key_value_store.default]` of runtime-config.toml.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use url::Url;

use crate::component::STORE;
use crate::section::Section;

/// Where the key-value store keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreLocation {
    /// A SQLite file; relative paths of the runtime config are resolved against its folder.
    File(PathBuf),
    /// A Redis server: `type = "redis"`.
    Redis(RedisUrl),
}

/// `redis://[user:password@]host[:port][/database]`, as written. It prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

impl RedisUrl {
    /// The whole of it, password and all.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// `[key_value_store.default]`, if it is there.
pub(crate) fn read(root: &mut Section, dir: &Path) -> Result<Option<StoreLocation>> {
    let Some(mut stores) = root.section("key_value_store")? else {
        return Ok(None);
    };
    let store = stores.section(STORE)?;
    stores.finish()?;
    store.map(|section| location(section, dir)).transpose()
}

fn location(mut section: Section, dir: &Path) -> Result<StoreLocation> {
    let at = section.at("type");
    let location = match section.string("type")?.as_deref() {
        Some("spin") => {
            let at = section.at("path");
            let path = section.string("path")?;
            let path =
                path.with_context(|| format!("{at}: is missing; use Spin for a store in memory"))?;
            StoreLocation::File(dir.join(path))
        }
        Some("redis") => StoreLocation::Redis(redis(&mut section)?),
        _ => bail!("{at}: must be \"spin\" or \"redis\"; use Spin for other stores"),
    };
    section.finish()?;
    Ok(location)
}

fn redis(section: &mut Section) -> Result<RedisUrl> {
    let at = section.at("url");
    let url = section.string("url")?;
    let url = url.with_context(|| format!("{at}: is missing; write redis://host:port"))?;
    let is_redis = Url::parse(&url).is_ok_and(|url| url.scheme() == "redis" && url.has_host());
    ensure!(
        is_redis,
        "{at}: must be redis://host:port; use Spin for TLS and for sockets"
    );
    Ok(RedisUrl(url))
}
