//! spin.toml, manifest version 2: the application and its variables. The trigger is in
//! [`crate::trigger`], the component in [`crate::component`].

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use toml::Value;

use crate::component::Component;
use crate::names;
use crate::section::Section;
use crate::trigger::{self, Trigger};

/// An application as its spin.toml describes it.
///
/// Anything Spin would refuse is refused, and so is what this application does not use of Spin:
/// several triggers, routes or components, required variables, mounted files.
pub struct Manifest {
    file: String,
    dir: PathBuf,
    component_id: String,
    pub(crate) component: Component,
    /// The defaults of `[variables]`.
    pub(crate) variables: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads the spin.toml at `path`.
    ///
    /// # Errors
    /// Each names the file and the key, says what would be right, and quotes no value.
    pub fn load(path: &Path) -> Result<Self> {
        let dir = match path.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Self::from_section(Section::read(path)?, dir)
    }

    /// Reads a manifest from text, as if it stood in `dir` under the name `file`.
    pub(crate) fn from_section(mut root: Section, dir: PathBuf) -> Result<Self> {
        let version = root.value("spin_manifest_version");
        let wanted = || format!("{}: must be 2", root.at("spin_manifest_version"));
        ensure!(
            version.as_ref().and_then(Value::as_integer) == Some(2),
            wanted()
        );

        application(&mut root)?;
        let variables = variables(&mut root)?;
        let trigger = trigger::read(&mut root)?;
        let component = the_component(&mut root, &trigger)?;
        let file = root.file().to_owned();
        root.finish()?;
        Ok(Self {
            file,
            dir,
            component_id: trigger.component,
            component,
            variables,
        })
    }

    /// The component the trigger calls.
    pub fn component_id(&self) -> &str {
        &self.component_id
    }

    /// The component's Wasm file, resolved against the manifest's folder.
    pub fn source(&self) -> PathBuf {
        self.dir.join(&self.component.source)
    }

    /// The folder spin.toml stands in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether the component may open the key-value store `default`.
    pub fn uses_store(&self) -> bool {
        self.component.uses_store
    }

    /// `spin.toml: component.<id>.<key>`, the start of an error about the component.
    pub fn at_component(&self, key: &str) -> String {
        format!("{}: component.{}.{key}", self.file, self.component_id)
    }
}

/// Names and places only: variables' defaults stay out of logs.
impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifest")
            .field("file", &self.file)
            .field("component", &self.component_id)
            .finish_non_exhaustive()
    }
}

fn application(root: &mut Section) -> Result<()> {
    let at = root.at("application");
    let mut application = root
        .section("application")?
        .with_context(|| format!("{at}: is missing"))?;
    let name = application.string("name")?;
    ensure!(name.is_some(), "{}: is missing", application.at("name"));
    application.string("version")?;
    application.string("description")?;
    application.finish()
}

fn variables(root: &mut Section) -> Result<BTreeMap<String, String>> {
    let Some(section) = root.section("variables")? else {
        return Ok(BTreeMap::new());
    };
    let parent = section.at("");
    let declare = |(name, mut section): (String, Section)| {
        names::declared_variable(&name)
            .map_err(|reason| anyhow!("{parent}.{name}: the name {reason}"))?;
        ensure!(
            !section.has("required"),
            "{}: the stand-in takes variables with a default only; use Spin for required ones",
            section.at("required")
        );
        let at = section.at("default");
        let default = section.string("default")?;
        let default = default.with_context(|| format!("{at}: is missing"))?;
        section.boolean("secret")?;
        section.string("description")?;
        section.finish()?;
        Ok((name, default))
    };
    section.into_sections()?.into_iter().map(declare).collect()
}

fn the_component(root: &mut Section, trigger: &Trigger) -> Result<Component> {
    let at = root.at("component");
    let components = root
        .section("component")?
        .with_context(|| format!("{at}: is missing"))?;
    let components = components.into_sections()?;
    let found = components.len();
    let [(id, section)] = <[(String, Section); 1]>::try_from(components).map_err(|_| {
        anyhow!(
            "{at}: the stand-in serves exactly one component, here are {found}; use Spin for more"
        )
    })?;
    names::component(&id).map_err(|reason| anyhow!("{at}.{id}: the id {reason}"))?;
    ensure!(
        id == trigger.component,
        "{}: there is no such component; there is {id:?}",
        trigger.at
    );
    Component::read(section)
}
