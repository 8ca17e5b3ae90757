//! `[key_value_store.<label>]` of runtime-config.toml.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use url::Url;

use crate::section::Section;

/// Where a key-value store keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreLocation {
    /// Gone when the process ends: `type = "spin"` without a path.
    Memory,
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

/// `[key_value_store.<label>]`, by label.
pub(crate) fn read_all(root: &mut Section, dir: &Path) -> Result<BTreeMap<String, StoreLocation>> {
    let Some(section) = root.section("key_value_store")? else {
        return Ok(BTreeMap::new());
    };
    let store = |(label, section)| Ok((label, store(section, dir)?));
    section.into_sections()?.into_iter().map(store).collect()
}

/// Spin accepts further keys in a store.
fn store(mut section: Section, dir: &Path) -> Result<StoreLocation> {
    let at = section.at("type");
    match section.string("type")?.as_deref() {
        Some("spin") => Ok(match section.string("path")? {
            Some(path) => StoreLocation::File(dir.join(path)),
            None => StoreLocation::Memory,
        }),
        Some("redis") => redis(&mut section).map(StoreLocation::Redis),
        Some("azure_cosmos" | "aws_dynamo") => {
            bail!("{at}: the stand-in has stores of type \"spin\" and \"redis\" only; use Spin")
        }
        _ => bail!("{at}: must be \"spin\" or \"redis\""),
    }
}

fn redis(section: &mut Section) -> Result<RedisUrl> {
    let at = section.at("url");
    let form = "redis://host:port";
    let Some(url) = section.string("url")? else {
        bail!("{at}: is missing; write {form}");
    };
    let parsed = Url::parse(&url).ok();
    match parsed.as_ref().map(Url::scheme) {
        Some("redis") if parsed.as_ref().is_some_and(Url::has_host) => Ok(RedisUrl(url)),
        Some("rediss") => bail!("{at}: the stand-in speaks to Redis without TLS; use Spin"),
        Some("unix" | "redis+unix" | "valkey" | "valkeys" | "valkey+unix") => {
            bail!("{at}: the stand-in takes {form} only; use Spin")
        }
        _ => bail!("{at}: must be {form}"),
    }
}
