//! `[component.<id>]` of spin.toml.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, anyhow, bail, ensure};
use toml::Value;

use crate::manifest::{check_targets, tables};
use crate::names;
use crate::section::Section;
use crate::template::Template;

/// What the component is made of and what it may reach.
pub(crate) struct Component {
    /// As written, relative to the manifest's folder.
    pub(crate) source: PathBuf,
    /// As written, templates unresolved.
    pub(crate) allowed_outbound_hosts: Vec<String>,
    pub(crate) key_value_stores: Vec<String>,
    pub(crate) variables: BTreeMap<String, Template>,
}

impl Component {
    pub(crate) fn read(mut section: Section) -> Result<Self> {
        let source = source(&mut section)?;
        let variables = variables(&mut section)?;
        let allowed_outbound_hosts = section.strings("allowed_outbound_hosts")?;
        let key_value_stores = section.strings("key_value_stores")?;
        for (index, label) in key_value_stores.iter().enumerate() {
            let at = section.at("key_value_stores");
            names::label(label).map_err(|_| {
                anyhow!("{at}[{index}]: must be kebab-case or snake_case, such as \"default\"")
            })?;
        }
        section.string("description")?;
        check_targets(&mut section)?;
        section.boolean("dependencies_inherit_configuration")?;
        tables(section.section("tool")?)?;
        build(&mut section)?;
        profiles(&mut section)?;
        only_in_spin(&mut section)?;
        section.finish()?;
        Ok(Self {
            source,
            allowed_outbound_hosts,
            key_value_stores,
            variables,
        })
    }
}

fn source(section: &mut Section) -> Result<PathBuf> {
    let at = section.at("source");
    match section.value("source") {
        Some(Value::String(path)) => Ok(path.into()),
        Some(Value::Table(_)) => {
            bail!("{at}: the stand-in takes a local file only; write its path, or use Spin")
        }
        Some(_) => bail!("{at}: must be the path of the Wasm file"),
        None => bail!("{at}: is missing; write the path of the Wasm file"),
    }
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
    ensure!(build.has("command"), "{}: is missing", build.at("command"));
    commands(&mut build)?;
    build.string("workdir")?;
    build.strings("watch")?;
    build.finish()
}

fn commands(build: &mut Section) -> Result<()> {
    let at = build.at("command");
    match build.value("command") {
        Some(Value::String(_)) => Ok(()),
        Some(Value::Array(items)) if items.iter().all(Value::is_str) => Ok(()),
        _ => bail!("{at}: must be a command, or a list of commands"),
    }
}

/// Profiles count only where `--profile` names one, which the stand-in does not have.
fn profiles(section: &mut Section) -> Result<()> {
    let Some(profiles) = section.section("profile")? else {
        return Ok(());
    };
    for (_, mut profile) in profiles.into_sections()? {
        profile.value("source");
        profile.section("environment")?;
        profile.section("dependencies")?;
        if let Some(mut build) = profile.section("build")? {
            commands(&mut build)?;
            build.finish()?;
        }
        profile.finish()?;
    }
    Ok(())
}

/// Keys that Spin accepts and that would change what the component can do. Empty is as good as
/// absent; anything else must not be ignored in silence.
fn only_in_spin(section: &mut Section) -> Result<()> {
    for (key, why) in [
        ("files", "the stand-in mounts no files; use Spin"),
        ("exclude_files", "the stand-in mounts no files; use Spin"),
        (
            "sqlite_databases",
            "the stand-in has no SQLite databases; use Spin",
        ),
        ("ai_models", "the stand-in has no models; use Spin"),
        (
            "allowed_http_hosts",
            "is deprecated; use allowed_outbound_hosts",
        ),
    ] {
        let empty = match section.value(key) {
            None => true,
            Some(Value::Array(items)) => items.is_empty(),
            Some(_) => bail!("{}: must be a list", section.at(key)),
        };
        ensure!(empty, "{}: {why}", section.at(key));
    }
    for (key, why) in [
        (
            "environment",
            "the stand-in gives the component no environment; use variables",
        ),
        (
            "dependencies",
            "the stand-in composes no components; use Spin",
        ),
    ] {
        let empty = section.section(key)?.is_none_or(|table| table.is_empty());
        ensure!(empty, "{}: {why}", section.at(key));
    }
    Ok(())
}
