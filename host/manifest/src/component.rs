//! `[component.<id>]` of spin.toml.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, anyhow, bail, ensure};
use toml::Value;

use crate::names;
use crate::section::Section;
use crate::template::Template;

/// The key-value store's name, in spin.toml and in the component. There is no other.
pub const STORE: &str = "default";

/// What the component is made of and what it may reach.
pub(crate) struct Component {
    /// As written, relative to the manifest's folder.
    pub(crate) source: PathBuf,
    /// As written, templates unresolved.
    pub(crate) allowed_outbound_hosts: Vec<String>,
    /// Whether it may open the key-value store.
    pub(crate) uses_store: bool,
    pub(crate) variables: BTreeMap<String, Template>,
}

impl Component {
    pub(crate) fn read(mut section: Section) -> Result<Self> {
        let component = Self {
            source: source(&mut section)?,
            allowed_outbound_hosts: section.strings("allowed_outbound_hosts")?,
            uses_store: uses_store(&mut section)?,
            variables: variables(&mut section)?,
        };
        section.string("description")?;
        build(&mut section)?;
        section.finish()?;
        Ok(component)
    }
}

fn source(section: &mut Section) -> Result<PathBuf> {
    let at = section.at("source");
    match section.value("source") {
        Some(Value::String(path)) => Ok(path.into()),
        Some(_) => bail!("{at}: the stand-in takes a local file only; write its path, or use Spin"),
        None => bail!("{at}: is missing; write the path of the Wasm file"),
    }
}

fn uses_store(section: &mut Section) -> Result<bool> {
    let at = section.at("key_value_stores");
    let labels = section.strings("key_value_stores")?;
    if let Some(index) = labels.iter().position(|label| label != STORE) {
        bail!("{at}[{index}]: the stand-in has the store {STORE:?} only; use Spin for others");
    }
    Ok(!labels.is_empty())
}

fn variables(section: &mut Section) -> Result<BTreeMap<String, Template>> {
    let Some(section) = section.section("variables")? else {
        return Ok(BTreeMap::new());
    };
    let at = section.at("");
    let variable = |(name, text): (String, String)| {
        names::declared_variable(&name)
            .map_err(|reason| anyhow!("{at}.{name}: the name {reason}"))?;
        let template = Template::parse(&text)
            .map_err(|reason| anyhow!("{at}.{name}: the template {reason}"))?;
        Ok((name, template))
    };
    section.into_strings()?.into_iter().map(variable).collect()
}

/// `build` is `spin build`'s business; its shape is checked because Spin checks it.
fn build(section: &mut Section) -> Result<()> {
    let Some(mut build) = section.section("build")? else {
        return Ok(());
    };
    let command = build.string("command")?;
    ensure!(command.is_some(), "{}: is missing", build.at("command"));
    build.strings("watch")?;
    build.finish()
}
