//! runtime-config.toml: where variables and key-value data come from on this machine.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

use crate::environment::PREFIX;
use crate::section::Section;
use crate::store::{self, StoreLocation};

/// The file Spin keeps the store `default` in, inside the state directory.
const DEFAULT_STORE_FILE: &str = "sqlite_key_value.db";

/// How the application runs on this machine. Without a file: Spin's defaults.
#[derive(Default)]
pub struct RuntimeConfig {
    pub(crate) providers: Vec<Provider>,
    store: Option<StoreLocation>,
    max_instance_memory: Option<usize>,
    outbound_http: OutboundHttp,
}

/// One `[[variables_provider]]`.
pub(crate) enum Provider {
    Static(BTreeMap<String, String>),
    Env { dotenv_path: Option<PathBuf> },
}

/// `[outbound_http]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboundHttp {
    /// Whether a connection may serve a second request.
    pub pooling: bool,
}

/// Without the table. With the table and without the key, Spin does not pool.
impl Default for OutboundHttp {
    fn default() -> Self {
        Self { pooling: true }
    }
}

impl RuntimeConfig {
    /// Reads the file at `path`, or gives the defaults where there is none.
    ///
    /// # Errors
    /// Each names the file and the key, and quotes no value. What this application does not use of
    /// Spin (vaults, other stores, blocked networks, limits) is refused, never ignored.
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
            store: store::read(&mut root, dir)?,
            max_instance_memory,
            outbound_http: outbound_http(&mut root)?,
        };
        root.finish()?;
        Ok(config)
    }

    /// Where the key-value store is: as configured, else in a file of `state_dir`, which is `.spin`
    /// in `app_dir`, spin.toml's folder, where no flag says otherwise.
    ///
    /// # Errors
    /// Where the current directory is not to be had, or the flag is empty: Spin keeps the store in
    /// memory then.
    pub fn store(&self, state_dir: Option<&Path>, app_dir: &Path) -> Result<StoreLocation> {
        if let Some(location) = &self.store {
            return Ok(location.clone());
        }
        let folder = state_dir.map_or_else(|| app_dir.join(".spin"), Path::to_owned);
        ensure!(
            !folder.as_os_str().is_empty(),
            "--state-dir must not be empty; use Spin for a store in memory"
        );
        let folder = std::path::absolute(folder)?;
        Ok(StoreLocation::File(folder.join(DEFAULT_STORE_FILE)))
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
            .field("store", &self.store)
            .field("max_instance_memory", &self.max_instance_memory)
            .field("outbound_http", &self.outbound_http)
            .finish_non_exhaustive()
    }
}

fn providers(root: &mut Section) -> Result<Vec<Provider>> {
    let providers = root.list("variables_provider")?.unwrap_or_default();
    providers.into_iter().map(provider).collect()
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
            ensure!(
                prefix.is_none_or(|prefix| prefix == PREFIX),
                "{}: must be {PREFIX:?}; use Spin for another",
                section.at("prefix")
            );
            let dotenv_path = section.string("dotenv_path")?.map(PathBuf::from);
            section.finish()?;
            Ok(Provider::Env { dotenv_path })
        }
        Some("vault" | "azure_key_vault") => {
            bail!("{at}: the stand-in has no vault provider; use Spin")
        }
        _ => bail!("{at}: must be static or env"),
    }
}

fn outbound_http(root: &mut Section) -> Result<OutboundHttp> {
    let Some(mut section) = root.section("outbound_http")? else {
        return Ok(OutboundHttp::default());
    };
    let pooling = section.boolean("connection_pooling")?;
    section.finish()?;
    Ok(OutboundHttp {
        pooling: pooling.unwrap_or(false),
    })
}
