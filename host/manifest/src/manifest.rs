//! spin.toml, manifest version 2: the application and its variables. The trigger is in
//! [`crate::trigger`], the component in [`crate::component`].

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use toml::Value;

use crate::component::Component;
use crate::names;
use crate::section::Section;
use crate::trigger::{Trigger, trigger};

/// An application as its spin.toml describes it.
///
/// Anything Spin would refuse is refused, and so is what only Spin can serve: several triggers or
/// components, other triggers than HTTP, a component from a registry, mounted files.
pub struct Manifest {
    file: String,
    dir: PathBuf,
    name: String,
    route: String,
    component_id: String,
    pub(crate) component: Component,
    pub(crate) variables: BTreeMap<String, Declaration>,
}

/// One entry of `[variables]`. No default means that a provider must have the variable.
pub(crate) struct Declaration {
    pub(crate) default: Option<String>,
    pub(crate) secret: bool,
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

        let name = application(&mut root)?;
        let variables = variables(&mut root)?;
        let trigger = trigger(&mut root)?;
        let component = the_component(&mut root, &trigger)?;
        let file = root.file().to_owned();
        root.finish()?;
        let Trigger {
            route,
            component: component_id,
            ..
        } = trigger;
        Ok(Self {
            file,
            dir,
            name,
            route,
            component_id,
            component,
            variables,
        })
    }

    /// `application.name`.
    pub fn application_name(&self) -> &str {
        &self.name
    }

    /// The HTTP trigger's route as written, `/...` for instance.
    pub fn route(&self) -> &str {
        &self.route
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

    /// Whether the application variable is declared `secret = true`.
    pub fn secret(&self, name: &str) -> bool {
        self.variables
            .get(name)
            .is_some_and(|declared| declared.secret)
    }

    /// The names of the application variables, in alphabetical order.
    pub fn variable_names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// The key-value labels the component may open.
    pub fn key_value_stores(&self) -> &[String] {
        &self.component.key_value_stores
    }

    /// `spin.toml: component.<id>.<key>`, the start of an error about the component.
    pub fn at_component(&self, key: &str) -> String {
        format!("{}: component.{}.{key}", self.file, self.component_id)
    }

    /// `spin.toml: variables.<name>`.
    pub(crate) fn at_variable(&self, name: &str) -> String {
        format!("{}: variables.{name}", self.file)
    }
}

/// Names and places only: variables' defaults stay out of logs.
impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifest")
            .field("file", &self.file)
            .field("application", &self.name)
            .field("route", &self.route)
            .field("component", &self.component_id)
            .finish_non_exhaustive()
    }
}

fn application(root: &mut Section) -> Result<String> {
    let at = root.at("application");
    let mut application = root
        .section("application")?
        .with_context(|| format!("{at}: is missing"))?;
    let name = application.string("name")?;
    let name = name.with_context(|| format!("{}: is missing", application.at("name")))?;
    application.string("version")?;
    application.string("description")?;
    application.strings("authors")?;
    check_targets(&mut application)?;
    tables(application.section("tool")?)?;
    if let Some(mut triggers) = application.section("trigger")? {
        if let Some(mut http) = triggers.section("http")? {
            let base = http.string("base")?;
            ensure!(
                base.as_deref().is_none_or(|base| base == "/"),
                "{}: is no longer supported; write it in front of the route instead",
                http.at("base")
            );
            http.finish()?;
        }
        tables(Some(triggers))?;
    }
    application.finish()?;
    Ok(name)
}

/// `targets`: names, or tables with `url` or `path`. Only Spin's build looks at them.
pub(crate) fn check_targets(section: &mut Section) -> Result<()> {
    let at = section.at("targets");
    let single =
        |table: &toml::Table, key| table.len() == 1 && table.get(key).is_some_and(Value::is_str);
    match section.value("targets") {
        None => Ok(()),
        Some(Value::Array(items)) => {
            items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| match item {
                    Value::String(_) => Ok(()),
                    Value::Table(table) if single(table, "url") || single(table, "path") => Ok(()),
                    _ => Err(anyhow!(
                        "{at}[{index}]: must be a name, {{ url = … }} or {{ path = … }}"
                    )),
                })
        }
        Some(_) => bail!("{at}: must be a list"),
    }
}

/// Sections that are nobody's business here, as long as each entry is a table.
pub(crate) fn tables(section: Option<Section>) -> Result<()> {
    section.map_or(Ok(()), |section| section.into_sections().map(drop))
}

fn variables(root: &mut Section) -> Result<BTreeMap<String, Declaration>> {
    let Some(section) = root.section("variables")? else {
        return Ok(BTreeMap::new());
    };
    let parent = section.at("");
    let declare = |(name, mut section): (String, Section)| {
        names::declared_variable(&name)
            .map_err(|reason| anyhow!("{parent}.{name}: the name {reason}"))?;
        let default = section.string("default")?;
        let required = section.boolean("required")?.unwrap_or(false);
        let secret = section.boolean("secret")?.unwrap_or(false);
        section.string("description")?;
        ensure!(
            required ^ default.is_some(),
            "{}: must have either required = true or a default",
            section.at("")
        );
        section.finish()?;
        Ok((name, Declaration { default, secret }))
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
