//! runtime-config.toml: where variables and key-value data come from on this machine.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

use crate::section::Section;
use crate::store::{self, StoreLocation};

/// The file Spin keeps the store `default` in, inside the state directory.
const DEFAULT_STORE_FILE: &str = "sqlite_key_value.db";

/// The store every application has without configuring it.
const DEFAULT_STORE: &str = "default";

/// How the application runs on this machine. Without a file: Spin's defaults.
#[derive(Default)]
pub struct RuntimeConfig {
    pub(crate) providers: Vec<Provider>,
    stores: BTreeMap<String, StoreLocation>,
    state_dir: Option<String>,
    log_dir: Option<String>,
    max_instance_memory: Option<usize>,
    outbound_http: OutboundHttp,
}

/// One `[[variables_provider]]`.
pub(crate) enum Provider {
    Static(BTreeMap<String, String>),
    Env {
        prefix: Option<String>,
        dotenv_path: Option<PathBuf>,
    },
}

/// `[outbound_http]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboundHttp {
    /// Whether a connection may serve a second request.
    pub pooling: bool,
    /// Connections at a time; `None` is no limit, with 0 every request waits until its time is over.
    pub max_connections: Option<usize>,
}

/// Without the table. With the table and without the key, Spin does not pool.
impl Default for OutboundHttp {
    fn default() -> Self {
        Self {
            pooling: true,
            max_connections: None,
        }
    }
}

impl RuntimeConfig {
    /// Reads the file at `path`, or gives the defaults where there is none.
    ///
    /// # Errors
    /// Each names the file and the key, and quotes no value. What only Spin has (vaults, stores
    /// other than SQLite and Redis, blocked networks, client certificates) is refused, never ignored.
    pub fn load(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let dir = path.parent().unwrap_or(Path::new(""));
        Self::from_section(Section::read(path)?, dir)
    }

    pub(crate) fn from_section(mut root: Section, dir: &Path) -> Result<Self> {
        let max_instance_memory = root.size("max_instance_memory")?;
        ensure!(
            max_instance_memory != Some(0),
            "{}: must be more than 0",
            root.at("max_instance_memory")
        );
        let config = Self {
            providers: providers(&mut root)?,
            stores: store::read_all(&mut root, dir)?,
            state_dir: root.string("state_dir")?,
            log_dir: root.string("log_dir")?,
            max_instance_memory,
            outbound_http: outbound_http(&mut root)?,
        };
        other_keys(&mut root)?;
        Ok(config)
    }

    /// The directory for the store `default`. `None`: there is none, that store is in memory.
    ///
    /// First `--state-dir`, then `state_dir`, then `.spin` in `app_dir`, spin.toml's folder.
    /// Empty means none, as in Spin.
    ///
    /// # Errors
    /// Where the current directory is not to be had.
    pub fn state_dir(&self, flag: Option<&str>, app_dir: &Path) -> Result<Option<PathBuf>> {
        Ok(match flag.or(self.state_dir.as_deref()) {
            Some("") => None,
            Some(dir) => Some(std::path::absolute(dir)?),
            None => Some(std::path::absolute(app_dir.join(".spin"))?),
        })
    }

    /// Where the store `label` is, if it is configured at all.
    pub fn store(&self, label: &str, state_dir: Option<&Path>) -> Option<StoreLocation> {
        let default = || match state_dir {
            Some(dir) => StoreLocation::File(dir.join(DEFAULT_STORE_FILE)),
            None => StoreLocation::Memory,
        };
        let configured = self.stores.get(label).cloned();
        configured.or_else(|| (label == DEFAULT_STORE).then(default))
    }

    /// `log_dir` as written. The stand-in writes no log files.
    pub fn log_dir(&self) -> Option<&str> {
        self.log_dir.as_deref()
    }

    /// Bytes one instance may allocate; `None` is no limit.
    pub fn max_instance_memory(&self) -> Option<usize> {
        self.max_instance_memory
    }

    /// How the component's own requests are sent.
    pub fn outbound_http(&self) -> OutboundHttp {
        self.outbound_http
    }
}

/// Places only: providers hold values.
impl fmt::Debug for RuntimeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeConfig")
            .field("providers", &self.providers.len())
            .field("stores", &self.stores)
            .field("state_dir", &self.state_dir)
            .field("max_instance_memory", &self.max_instance_memory)
            .field("outbound_http", &self.outbound_http)
            .finish_non_exhaustive()
    }
}

fn providers(root: &mut Section) -> Result<Vec<Provider>> {
    // Spin looks at the old name only where the new one is absent; then the old one is unknown.
    let key = if root.has("variables_provider") {
        "variables_provider"
    } else {
        "config_provider"
    };
    root.list(key)?
        .unwrap_or_default()
        .into_iter()
        .map(provider)
        .collect()
}

fn provider(mut section: Section) -> Result<Provider> {
    let at = section.at("type");
    match section.string("type")?.as_deref() {
        // Spin accepts further keys in a static provider.
        Some("static") => match section.section("values")? {
            Some(values) => Ok(Provider::Static(
                values.into_strings()?.into_iter().collect(),
            )),
            None => bail!(
                "{}: is missing; write values = {{ name = \"…\" }}",
                section.at("values")
            ),
        },
        Some("env") => {
            let prefix = section.string("prefix")?;
            let dotenv_path = section.string("dotenv_path")?.map(PathBuf::from);
            section.finish()?;
            Ok(Provider::Env {
                prefix,
                dotenv_path,
            })
        }
        Some("vault" | "azure_key_vault") => {
            bail!("{at}: the stand-in has no vault provider; use Spin")
        }
        Some(_) => bail!("{at}: must be static, env, vault or azure_key_vault"),
        None => bail!("{at}: is missing; write static or env"),
    }
}

fn outbound_http(root: &mut Section) -> Result<OutboundHttp> {
    let Some(mut section) = root.section("outbound_http")? else {
        return Ok(OutboundHttp::default());
    };
    let pooling = section.boolean("connection_pooling")?;
    let connections = section.size("max_connections")?;
    let requests = section.size("max_concurrent_requests")?;
    ensure!(
        connections.is_none() || requests.is_none(),
        "{}: is the old name of max_connections; set only max_connections",
        section.at("max_concurrent_requests")
    );
    section.finish()?;
    Ok(OutboundHttp {
        pooling: pooling.unwrap_or(false),
        // The old name counted one more, and Spin still does.
        max_connections: connections.or(requests.map(|limit| limit.saturating_add(1))),
    })
}

fn other_keys(root: &mut Section) -> Result<()> {
    // These restrict or redirect what the component may reach, so they are never passed over.
    for key in ["outbound_networking", "client_tls"] {
        ensure!(
            !root.has(key),
            "{}: the stand-in does not have this; use Spin",
            root.at(key)
        );
    }
    // These are about interfaces the stand-in does not offer at all.
    for key in [
        "sqlite_database",
        "llm_compute",
        "outbound_pg",
        "outbound_mysql",
        "outbound_redis",
        "outbound_mqtt",
    ] {
        root.value(key);
    }
    let unused = root.unknown().join(", ");
    ensure!(
        unused.is_empty(),
        "{}: unused runtime config key(s): {unused}; is the name right?",
        root.file()
    );
    Ok(())
}
